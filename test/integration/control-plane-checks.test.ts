import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ClusterSimulator } from '../../simulator/cluster.js';
import { DatadogSimulator } from '../../simulator/datadog.js';
import { type ChecksChoices, lastOf, type RunningChecks, startChecks } from '../control-plane-checks.js';
import { until } from './kube-loopback.js';

const checkRun = '/api/v1/check_run';
const account = 'system:serviceaccount:datadog:datadog-cluster-agent';

describe('the checks of the control plane, between the stand-ins', () => {
  let cluster: ClusterSimulator;
  let datadog: DatadogSimulator;
  let folder: string;
  let datadogUrl: string;
  let checks: RunningChecks | undefined;

  beforeEach(async () => {
    cluster = new ClusterSimulator();
    datadog = new DatadogSimulator();
    await cluster.start();
    datadogUrl = (await datadog.start()).url;
    folder = mkdtempSync(join(tmpdir(), 'control-plane-checks-'));
  });

  afterEach(async () => {
    await checks?.stop();
    checks = undefined;
    await cluster.stop();
    await datadog.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const start = (choices: Partial<ChecksChoices> = {}): RunningChecks => {
    const kubeconfigPath = join(folder, 'kubeconfig');
    const token = cluster.issueToken({ name: account });
    writeFileSync(kubeconfigPath, cluster.kubeconfigFor(token), { mode: 0o600 });
    checks = startChecks({ kubeconfigPath, datadogUrl, times: { periodMs: 25 }, ...choices });
    return checks;
  };
  const last = (component: string): string | undefined => lastOf(datadog.intake.checkRuns, component);
  const sees = (component: string, wanted: RegExp): Promise<void> =>
    until(() => wanted.test(last(component) ?? ''));

  it('bring each component’s state to Datadog, with host, tags and time', async () => {
    start({ settings: { DD_HOSTNAME: 'agent-1', DD_TAGS: 'env:prod', DD_CLUSTER_NAME: 'blue' } });
    await until(() => datadog.intake.checkRuns.length >= 4);
    const runs = datadog.intake.checkRuns.slice(0, 4);
    expect(runs.map(({ timestamp: _, ...run }) => run)).to.deep.equal(
      ['apiserver', 'scheduler', 'controller-manager', 'etcd-0'].map((component) => ({
        check: 'kube_apiserver_controlplane.up',
        host_name: 'agent-1',
        status: 0,
        message: component === 'apiserver' ? 'answers' : 'ok',
        tags: [`component:${component}`, 'env:prod', 'kube_cluster_name:blue'],
      })),
    );
    expect(Number(runs[0]?.['timestamp'])).to.be.closeTo(Date.now() / 1000, 5);
    expect(datadog.calls[0]).to.deep.include({ method: 'POST', path: checkRun, status: 202 });
    expect([datadog.violations, cluster.requests().length > 0]).to.deep.equal([[], true]);
    expect(new Set(cluster.requests().map(({ url }) => url))).to.deep.equal(
      new Set(['/api/v1/componentstatuses']),
    );
  });

  it('follow a component that breaks, is mended and goes', async () => {
    start();
    await sees('scheduler', /^0: ok$/);
    const message = 'Get "https://127.0.0.1:10259/healthz": dial tcp 127.0.0.1:10259: connect: refused';
    cluster.controlPlane.setComponents([{ name: 'scheduler', status: 'False', message }]);
    await sees('scheduler', /^2: Get "https:\/\/127\.0\.0\.1:10259\/healthz": dial tcp .* refused$/);
    await sees('etcd-0', /^3: since 20\S+Z no longer listed$/);
    cluster.controlPlane.setComponents([{ name: 'scheduler', status: 'Unknown', error: 'no probe' }]);
    await sees('scheduler', /^3: no probe$/);
    cluster.controlPlane.setComponents([{ name: 'scheduler' }, { name: 'etcd-0' }]);
    await sees('scheduler', /^0: ok$/);
    await sees('etcd-0', /^0: ok$/);
  });

  it('call an API server critical that is gone, and take it and the rest for well when it is back', async () => {
    start();
    await sees('scheduler', /^0: ok$/);
    await cluster.outage();
    await sees('apiserver', /^2: does not answer: GET \/readyz: .*ECONNREFUSED/);
    await sees('scheduler', /^3: since 20\S+Z not known: GET \/readyz: /);
    await cluster.recover();
    await sees('apiserver', /^0: answers$/);
    await sees('scheduler', /^0: ok$/);
  });

  it('read /readyz where the cluster has no list', async () => {
    cluster.controlPlane.setComponents(undefined);
    const { health } = start();
    await sees('etcd', /^0: /);
    expect(last('apiserver')).to.equal('0: ready');
    expect(health()).to.deep.equal({ state: 'ready' });
    cluster.controlPlane.failReadiness('etcd', 'etcd-readiness');
    await sees('etcd', /^2: not reached by the API server; failed: etcd, etcd-readiness$/);
    expect(last('apiserver')).to.equal('2: not ready; failed: etcd, etcd-readiness');
    cluster.controlPlane.failReadiness();
    await sees('etcd', /^0: /);
  });

  it('read /readyz alone where that is set', async () => {
    start({ settings: { DD_KUBE_APISERVER_USE_COMPONENT_STATUS: 'false' } });
    await sees('etcd', /^0: /);
    expect(new Set(cluster.requests().map(({ url }) => url))).to.deep.equal(
      new Set(['/readyz?verbose=true']),
    );
  });

  it('name the right that is missing, and need nothing else', async () => {
    cluster.setCallerPolicy((_user, access) => access.kind === 'path');
    const { health, log } = start();
    await sees('etcd', /^0: /);
    const rule =
      `GET /api/v1/componentstatuses: HTTP 403: componentstatuses is forbidden: User "${account}" cannot list ` +
      'resource "componentstatuses" in API group "" at the cluster scope; grant it by RBAC: a ClusterRole with ' +
      'apiGroups [""], resources ["componentstatuses"], verbs ["list"]';
    expect(health()).to.deep.equal({ state: 'degraded', detail: rule });
    expect(log.fields).to.deep.equal([{ code: 'kube.denied', reason: rule }]);
    cluster.setCallerPolicy((_user, access) => access.kind === 'resource' && access.verb === 'list');
    await sees('scheduler', /^0: ok$/);
    expect(health()).to.deep.equal({ state: 'ready' });
  });

  it('send nothing old after an outage of Datadog, and are degraded in it', async () => {
    const { health, log } = start();
    await sees('scheduler', /^0: ok$/);
    datadog.faults.always({ kind: 'status', status: 503 }, checkRun);
    await until(() => health().state === 'degraded');
    const accepted = datadog.intake.checkRuns.length;
    cluster.controlPlane.setComponents([{ name: 'scheduler', status: 'False', message: 'broke meanwhile' }]);
    const before = cluster.requests().length;
    await until(() => cluster.requests().length > before + 3);
    cluster.controlPlane.setComponents([{ name: 'scheduler', message: 'well again' }]);
    const then = cluster.requests().length;
    await until(() => cluster.requests().length > then + 2);
    datadog.faults.clear();
    await sees('scheduler', /^0: well again$/);
    // It has arrived before its answer has.
    await until(() => health().state === 'ready');
    const messages = datadog.intake.checkRuns.slice(accepted).map(({ message }) => message);
    expect(messages).to.not.include('broke meanwhile');
    expect(log.lines).to.deep.equal([
      'warn service checks of the control plane are not accepted; the next look is sent, and this one is not kept',
      'info Datadog accepts service checks again',
    ]);
  });

  it('leave Datadog alone until the reset, once it had enough', async () => {
    const headers = { 'x-ratelimit-reset': '1' };
    datadog.faults.next(1, { kind: 'status', status: 429, headers }, checkRun);
    const { health } = start();
    await until(() => health().state === 'degraded');
    const limitedAtMs = performance.now();
    await sees('scheduler', /^0: ok$/);
    expect(performance.now() - limitedAtMs).to.be.above(900);
    expect(datadog.calls.filter(({ status }) => status === 429)).to.have.length(1);
  });

  it('are the leader’s alone', async () => {
    const { lead, describe } = start();
    await sees('scheduler', /^0: ok$/);
    lead(false);
    await until(() => describe().lastReadAt === null);
    const [asked, sent] = [cluster.requests().length, datadog.calls.length];
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect([cluster.requests().length, datadog.calls.length]).to.deep.equal([asked, sent]);
    lead(true);
    await until(() => datadog.calls.length > sent);
  });

  it('judge by /readyz an API server whose list takes too long', async () => {
    start({ times: { periodMs: 25, componentsTimeoutMs: 200, patientTimeoutMs: 300 } });
    await sees('scheduler', /^0: ok$/);
    cluster.inject({ kind: 'silent' }, { resource: 'componentstatuses' });
    await sees('scheduler', /^3: .*no answer within 300 ms$/);
    expect(last('apiserver')).to.equal('0: ready');
    cluster.clearFaults();
    await sees('scheduler', /^0: ok$/);
  });
});
