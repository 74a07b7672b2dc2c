import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Finding } from '../../cli/check/finding.js';
import { DatadogSimulator } from '../../simulator/datadog.js';
import { StandIns } from '../../simulator/stand-ins.js';
import { type Outcome, runBundle } from './cli-bundle.js';

const account = 'system:serviceaccount:datadog:datadog-cluster-agent';
const keys = {
  DD_API_KEY: '0123456789abcdef0123456789abcdef',
  DD_APP_KEY: '0123456789abcdef0123456789abcdef01234567',
};

/** The stand-in cluster passes nothing on by its own port and judges no APIService: the end-to-end tests look at these. */
const unserved = 'External metrics';

describe('the command check', function () {
  this.timeout(60_000);
  const standIns = new StandIns();
  const datadog = new DatadogSimulator();
  let datadogUrl = '';

  before(async () => {
    await standIns.start();
    datadogUrl = (await datadog.start()).url;
    const replica = standIns.startReplica({ name: 'dca-0' });
    await standIns.untilReady(replica, new AbortController().signal);
  });

  after(async () => {
    await datadog.stop();
    await standIns.stop();
  });

  afterEach(() => {
    datadog.acceptKeys({});
    standIns.cluster.setAccessPolicy(() => true);
    standIns.cluster.setCallerPolicy(() => true);
  });

  function check(
    environment: Readonly<Record<string, string>> = {},
    args: readonly string[] = [],
  ): Promise<Outcome> {
    const kubeconfig = join(standIns.folder, 'check.kubeconfig');
    writeFileSync(kubeconfig, standIns.cluster.kubeconfig());
    return runBundle(['check', '--kubeconfig', kubeconfig, '--namespace', 'datadog', ...args], {
      ...keys,
      DD_EXTERNAL_METRICS_PROVIDER_ENABLED: 'true',
      DD_EXTERNAL_METRICS_PROVIDER_ENDPOINT: datadogUrl,
      DD_URL: datadogUrl,
      DD_CLUSTER_AGENT_AUTH_TOKEN: 'agentsToken0123456789agentsToken01',
      ...environment,
    });
  }

  /** What is not well, as `topic verdict: message`. */
  async function troubles(environment?: Readonly<Record<string, string>>, args?: readonly string[]) {
    const { stdout, code } = await check(environment, ['--json', ...(args ?? [])]);
    const { findings, ok } = JSON.parse(stdout) as { ok: boolean; findings: readonly Finding[] };
    expect(code).to.equal(ok ? 0 : 1);
    expect(ok).to.equal(findings.every(({ verdict }) => verdict !== 'failed'));
    return findings
      .filter(({ verdict, topic }) => verdict !== 'ok' && topic !== unserved)
      .map(({ topic, verdict, message }) => `${topic} ${verdict}: ${message}`);
  }

  it('finds nothing else wrong with a good installation, and shows no key', async () => {
    const { stdout, stderr } = await check();
    expect(stderr).to.equal('');
    expect(await troubles()).to.deep.equal([]);
    expect(stdout).to.match(/\d\d ok, 0 warning, 2 failed, 0 skipped\n$/);
    for (const key of Object.values(keys)) expect(stdout).to.not.contain(key);
    expect(stdout).to.contain('leads to our Service');
  });

  it('tells all wrong settings at once', async () => {
    const told = await troubles({ DD_EXTERNAL_METRICS_PROVIDER_MAX_AGE: 'x', DD_LOG_LEVEL: 'loud' });
    expect(told.filter((line) => line.startsWith('Settings failed'))).to.have.length(2);
  });

  it('tells a refused API key from a refused application key, and says to look at the site', async () => {
    datadog.acceptKeys({ apiKeys: ['f'.repeat(32)] });
    const { stdout } = await check();
    expect(stdout).to.match(/failed {3}127\.0\.0\.1:\d+ refuses the API key \*+bcdef/);
    expect(stdout.replaceAll(/\s+/g, ' ')).to.contain(
      'and DD_SITE: a key of another site is refused just like a wrong one',
    );
    datadog.acceptKeys({ applicationKeys: ['f'.repeat(40)] });
    const [told, ...more] = await troubles();
    expect(told).to.match(
      /^Datadog failed: .* takes the API key, but refuses queries with the application key \*+34567$/,
    );
    expect(more).to.deep.equal([]);
  });

  it('says when Datadog and the cluster cannot be reached, and goes on', async () => {
    const told = await troubles({ DD_EXTERNAL_METRICS_PROVIDER_ENDPOINT: 'http://127.0.0.1:1' }, [
      '--kubeconfig',
      '/nowhere/kubeconfig',
    ]);
    expect(told.join('\n')).to.match(/Datadog failed: 127\.0\.0\.1:1 cannot be reached/);
    expect(told.join('\n')).to.contain(
      'Kubernetes failed: Cannot read the kubeconfig /nowhere/kubeconfig: ENOENT.',
    );
  });

  it('names a missing right of the service account, and the rule that grants it', async () => {
    standIns.cluster.setAccessPolicy(
      (user, access) =>
        user.name !== account ||
        access.kind !== 'resource' ||
        !(access.resource === 'leases' && access.verb === 'update'),
    );
    const as = ['--as', 'datadog/datadog-cluster-agent'];
    standIns.cluster.apply({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { namespace: 'datadog', name: 'datadog-cluster-agent' },
    });
    expect(await troubles({}, as)).to.deep.equal([
      'Rights (RBAC) failed: missing: update leases.coordination.k8s.io datadog-leader-election in datadog. Without it: a leader, and so new metrics and events',
    ]);
    const { stdout } = await check({}, as);
    expect(stdout.replaceAll(/\s+/g, ' ')).to.contain(
      'grant by a Role in the namespace datadog: apiGroups ["coordination.k8s.io"], resources ["leases"], resourceNames ["datadog-leader-election"], verbs ["get", "list", "watch", "update"]',
    );
  });

  it('takes endpoints for endpointslices, as the server does', async () => {
    standIns.cluster.setCallerPolicy(
      (_user, access) => access.kind !== 'resource' || access.resource !== 'endpointslices',
    );
    expect(await troubles()).to.deep.equal([]);
    const { stdout } = await check();
    expect(stdout.replaceAll(/\s+/g, ' ')).to.contain('in place of endpointslices.discovery.k8s.io');
  });
});
