import { expect } from 'chai';
import { DatadogSimulator } from '../../simulator/datadog.js';
import { findBinaries, findScheduler } from '../control-plane/binaries.js';
import { type ControlPlane, startControlPlane } from '../control-plane/control-plane.js';
import { until } from '../control-plane/waiting.js';
import { lastOf, type RunningChecks, startChecks } from '../control-plane-checks.js';

const namespace = 'datadog';
/** From one look to the next. The product's are 15 s apart. */
const periodMs = 1_000;

/** The rule that operators need for the list; nothing is needed for /readyz. */
const rights = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
  ...['listing', 'bare'].map((name) => ({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, namespace },
  })),
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'component-statuses' },
    rules: [{ apiGroups: [''], resources: ['componentstatuses'], verbs: ['list'] }],
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'component-statuses' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'component-statuses' },
    subjects: [{ kind: 'ServiceAccount', name: 'listing', namespace }],
  },
];

describe('The checks of the control plane, on a real one', function () {
  this.timeout(60_000);
  let plane: ControlPlane;
  const datadog = new DatadogSimulator();
  let datadogUrl: string;
  const running: RunningChecks[] = [];
  const waits: string[] = [];

  /** `host` tells whose checks: those that list, those that ask /readyz by choice, those without the right. */
  const last = (host: string, component: string): string | undefined =>
    lastOf(
      datadog.intake.checkRuns.filter((run) => run['host_name'] === host),
      component,
    );
  /** Waits until Datadog has been told; the bound is that of two looks and of what the API server takes to find out. */
  const told = async (host: string, component: string, wanted: RegExp, withinMs = 2_500): Promise<void> => {
    const startedAtMs = performance.now();
    let seen: string | undefined;
    const look = async (): Promise<true | undefined> => {
      seen = last(host, component);
      return wanted.test(seen ?? '') ? true : undefined;
    };
    await until(`${component} at ${host} to be ${wanted}`, look, { timeoutMs: withinMs, pollMs: 20 }).catch(
      (error: unknown) => {
        throw new Error(`${String(error)}; told last: ${seen}`);
      },
    );
    waits.push(
      `${component} at ${host} ${seen?.slice(0, 1)}: ${Math.round(performance.now() - startedAtMs)} ms`,
    );
  };
  const start = async (host: string, account: string, settings = {}): Promise<RunningChecks> => {
    const kubeconfigPath = await plane.kubeconfigForServiceAccount(namespace, account);
    const checks = startChecks({
      kubeconfigPath,
      datadogUrl,
      times: { periodMs },
      settings: { DD_HOSTNAME: host, ...settings },
    });
    running.push(checks);
    return checks;
  };
  before('start the control plane with a scheduler', async () => {
    const [binaries, scheduler] = [await findBinaries(), await findScheduler()];
    if (!binaries.found) throw new Error(binaries.reason);
    if (!scheduler.found) throw new Error(scheduler.reason);
    plane = await startControlPlane({ binaries: binaries.binaries, scheduler: scheduler.file });
    await plane.apply(...rights);
    datadogUrl = (await datadog.start()).url;
    await start('lists', 'listing');
    await start('asks', 'bare', { DD_KUBE_APISERVER_USE_COMPONENT_STATUS: 'false' });
  });

  after('stop everything', async function () {
    for (const checks of running) await checks.stop();
    await datadog.stop();
    const failed = this.test?.parent?.tests.some((test) => test.isFailed()) ?? true;
    await plane?.stop({ keepLogs: failed });
    if (failed) console.error(`logs of the control plane: ${plane?.logsFolder}`);
    console.log(`      told to Datadog, one look each ${periodMs} ms: ${waits.join('; ')}`);
  });

  it('tell that all is well', async () => {
    for (const component of ['scheduler', 'controller-manager', 'etcd-0'])
      await told('lists', component, /^0: ok$/);
    await told('lists', 'apiserver', /^0: answers$/);
    await told('asks', 'apiserver', /^0: ready$/);
    await told('asks', 'etcd', /^0: reached by the API server$/);
    expect(last('asks', 'scheduler')).to.equal(undefined);
  });

  it('tell of a scheduler that was stopped, with the reason, and of one that is back', async () => {
    await plane.kill('kube-scheduler');
    await told('lists', 'scheduler', /^2: Get "https:\/\/127\.0\.0\.1:10259\/healthz": dial tcp .*refused$/);
    expect(last('lists', 'controller-manager')).to.equal('0: ok');
    await plane.start('kube-scheduler');
    await told('lists', 'scheduler', /^0: ok$/);
  });

  it('tell of a scheduler that hangs, for which the API server waits 20 s', async () => {
    const pid = plane.processes.find(({ name }) => name === 'kube-scheduler')?.pid ?? 0;
    process.kill(pid, 'SIGSTOP');
    try {
      await told('lists', 'scheduler', /^3: since 2\S+Z not known: .*no answer within 5000 ms$/, 8_000);
      expect(last('lists', 'apiserver')).to.equal('0: ready');
      await told('lists', 'scheduler', /^2: Get "https:\/\/127\.0\.0\.1:10259\/healthz": /, 24_000);
      expect(last('lists', 'controller-manager')).to.equal('0: ok');
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await told('lists', 'scheduler', /^0: ok$/, 24_000);
  });

  it('read /readyz without the right to list, which needs no right, and name the rule', async () => {
    const bare = await start('denied', 'bare');
    await told('denied', 'etcd', /^0: /);
    await told('denied', 'apiserver', /^0: ready$/);
    const health = bare.health();
    expect(health.state).to.equal('degraded');
    expect(health.state === 'degraded' && health.detail).to.match(
      /^GET \/api\/v1\/componentstatuses: HTTP 403: .*; grant it by RBAC: a ClusterRole with apiGroups \[""\], resources \["componentstatuses"\], verbs \["list"\]$/,
    );
  });

  it('tell of etcd that was stopped, and of one that is back', async () => {
    await plane.kill('etcd');
    await told('asks', 'etcd', /^2: not reached by the API server; failed: etcd/, 10_000);
    await told('asks', 'apiserver', /^2: not ready; failed: (.*, )?etcd/, 10_000);
    await told('lists', 'apiserver', /^2: not ready; failed: (.*, )?etcd/, 20_000);
    await told('lists', 'etcd-0', /^2: not reached by the API server; failed: etcd/);
    await told('lists', 'scheduler', /^3: since 2\S+Z not known: .*no answer within 5000 ms$/);
    await plane.start('etcd');
    await told('asks', 'etcd', /^0: /, 20_000);
    await told('lists', 'etcd-0', /^0: ok$/, 20_000);
  });

  it('tell of an API server that was stopped, that nothing else is known then, and when it is back', async () => {
    await plane.kill('kube-apiserver');
    for (const host of ['lists', 'asks']) {
      await told(host, 'apiserver', /^2: does not answer: GET \/readyz: .*ECONNREFUSED/);
      await told(host, host === 'lists' ? 'scheduler' : 'etcd', /^3: since 2\S+Z not known: GET \/readyz/);
    }
    await plane.start('kube-apiserver');
    await told('asks', 'etcd', /^0: /);
    await told('lists', 'apiserver', /^0: answers$/);
    await told('lists', 'scheduler', /^0: ok$/);
  });
});
