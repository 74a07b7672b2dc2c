import { mkdirSync } from 'node:fs';
import { expect } from 'chai';
import type { Finding } from '../../cli/check/finding.js';
import { listAt } from '../../simulator/cluster/object.js';
import { DatadogSimulator } from '../../simulator/datadog.js';
import { findBinaries } from '../control-plane/binaries.js';
import { runCommand } from '../control-plane/commands.js';
import { type ControlPlane, startControlPlane } from '../control-plane/control-plane.js';
import { outputOf } from '../control-plane/kubectl.js';
import { until } from '../control-plane/waiting.js';
import { apiService } from './manifest-rights.js';
import { bundlePath, type Replica, startReplica, untilReady } from './replica.js';
import { installRights, logsFolder, register, serviceName, untilAvailable } from './world.js';

interface Role {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string | undefined;
  readonly rules: readonly unknown[];
}

/** The roles of deploy/base that are given to the Cluster Agent. */
const roles = [
  ['clusterrole', 'datadog-cluster-agent', undefined],
  ['role', 'datadog-cluster-agent', 'datadog'],
  ['role', 'datadog-cluster-agent:certificate', 'datadog'],
  ['clusterrole', 'datadog-cluster-agent:certificate', undefined],
] as const;

describe('The command check, on a real control plane', function () {
  this.timeout(60_000);
  let plane: ControlPlane;
  let replica: Replica;
  let kubeconfigPath = '';
  const datadog = new DatadogSimulator({}, { sampleSeconds: 1 });
  const kubectl = (...args: readonly string[]): Promise<string> => outputOf(plane.kubectl, args);

  before('start the control plane and a replica', async () => {
    mkdirSync(logsFolder, { recursive: true });
    const found = await findBinaries();
    if (!found.found) throw new Error(found.reason);
    plane = await startControlPlane({ binaries: found.binaries });
    await installRights(plane);
    kubeconfigPath = await plane.kubeconfigForServiceAccount('datadog', 'datadog-cluster-agent');
    const { url: datadogUrl } = await datadog.start();
    replica = await startReplica({ name: 'checked', kubeconfigPath, datadogUrl, logsFolder });
  });

  after('stop everything', async function () {
    await replica?.process.stop(20_000);
    await datadog.stop();
    await plane?.stop({ keepLogs: this.test?.parent?.tests.some((test) => test.isFailed()) ?? true });
  });

  /** What is not well, as `verdict message`, with the exit code that goes with it. */
  async function troubles(
    kubeconfig = kubeconfigPath,
    args: readonly string[] = [],
  ): Promise<readonly string[]> {
    const { findings } = await check(kubeconfig, args);
    return findings
      .filter(({ verdict }) => verdict !== 'ok')
      .map(({ verdict, message }) => `${verdict} ${message}`);
  }

  async function check(kubeconfig: string, args: readonly string[]) {
    const { code, stdout, stderr } = await runCommand(
      process.execPath,
      [bundlePath, 'check', '--json', '--kubeconfig', kubeconfig, ...args],
      // A lease that short is warned of, and rightly.
      { environment: { ...replica.environment, DD_LEADER_LEASE_DURATION: '60' } },
    );
    expect(stderr).to.equal('');
    const report = JSON.parse(stdout) as { readonly ok: boolean; readonly findings: readonly Finding[] };
    expect(code).to.equal(report.ok ? 0 : 1);
    return report;
  }

  async function rulesOf([kind, name, namespace]: (typeof roles)[number]): Promise<Role> {
    const place = namespace === undefined ? [] : ['-n', namespace];
    const object: unknown = JSON.parse(await kubectl('get', kind, name, ...place, '-o', 'json'));
    return { kind, name, namespace, rules: listAt(object, 'rules') };
  }

  async function setRules({ kind, name, namespace }: Role, rules: readonly unknown[]): Promise<void> {
    const place = namespace === undefined ? [] : ['-n', namespace];
    const patch = JSON.stringify({ rules });
    await kubectl('patch', kind, name, ...place, '--type=merge', '-p', patch);
  }

  it('says before the registration that nobody answers, and fails at nothing', async () => {
    expect(await troubles()).to.deep.equal([
      `skipped there is no APIService ${apiService}: nobody answers external metrics in this cluster`,
    ]);
  });

  it('says all ok on a good installation, as the service account and for it', async () => {
    await register(plane, replica.metricsPort);
    await untilReady(replica);
    await untilAvailable(plane);
    expect(await troubles()).to.deep.equal([]);
    const as = ['--as', 'datadog/datadog-cluster-agent'];
    expect(await troubles(plane.adminKubeconfigPath, as)).to.deep.equal([]);
    expect((await troubles(plane.adminKubeconfigPath)).join('\n')).to.match(
      /^warning these are the rights of .*, which is no service account$/,
    );
    expect(await troubles(plane.adminKubeconfigPath, ['--as', 'datadog/nobody'])).to.deep.equal([
      'skipped the service account datadog/nobody does not exist yet',
    ]);
  });

  it('tells a wrong application key', async () => {
    datadog.acceptKeys({ applicationKeys: ['f'.repeat(40)] });
    expect((await troubles()).join('\n')).to.match(
      /^failed 127\.0\.0\.1:\d+ takes the API key, but refuses queries with the application key \*+bbbbb$/,
    );
    datadog.acceptKeys({});
  });

  it('finds each rule that is missing, with no replica running', async () => {
    await replica.process.stop(20_000);
    let removed = 0;
    for (const place of roles) {
      const role = await rulesOf(place);
      for (const rule of role.rules) {
        await setRules(
          role,
          role.rules.filter((other) => other !== rule),
        );
        const resource = listAt(rule, 'resources').map(String)[0] ?? '';
        const verb = listAt(rule, 'verbs').map(String)[0] ?? '';
        // The authorizer hears of the change by a watch of its own.
        await until(`${resource} to be missed`, async () => {
          const told = (await troubles()).filter((one) => one.includes('missing: '));
          const isFound = told.some((one) => one.includes(resource) && one.includes(verb));
          return isFound ? true : undefined;
        });
        removed += 1;
      }
      await setRules(role, role.rules);
    }
    expect(removed).to.equal(12);
    await kubectl('delete', 'clusterrolebinding', 'datadog-cluster-agent:system:auth-delegator');
    const told = await until('the delegator to be missed', async () => {
      const all = (await troubles()).join('\n');
      return all.includes('create tokenreviews.authentication.k8s.io') ? all : undefined;
    });
    expect(told).to.contain('create subjectaccessreviews.authorization.k8s.io');
    await installRights(plane);
  });

  it('tells a foreign and an empty caBundle', async () => {
    const other = plane.serverCertificate();
    const set = (caBundle: string | null): Promise<string> =>
      kubectl(
        'patch',
        'apiservice',
        apiService,
        '--type=merge',
        '-p',
        JSON.stringify({ spec: { caBundle } }),
      );
    await set(Buffer.from(other.certificatePem).toString('base64'));
    expect((await troubles()).join('\n')).to.contain(
      'failed the caBundle of the APIService is that of another authority',
    );
    await set(null);
    expect((await troubles()).join('\n')).to.contain('failed the APIService has no caBundle');
  });

  it('names the owner where another server is registered', async () => {
    const service = { namespace: 'keda', name: 'keda-operator-metrics-apiserver' };
    await kubectl(
      'patch',
      'apiservice',
      apiService,
      '--type=merge',
      '-p',
      JSON.stringify({ spec: { service } }),
    );
    expect((await troubles()).join('\n')).to.contain(
      `failed the APIService ${apiService} belongs to the Service keda/keda-operator-metrics-apiserver, which looks like KEDA; ours would be datadog/${serviceName}`,
    );
  });
});
