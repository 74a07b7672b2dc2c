import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { systemClock } from '../../core/clock.js';
import { outputOf } from '../control-plane/kubectl.js';
import { until } from '../control-plane/waiting.js';
import { NewAgent } from '../node-agent/new-agent.js';
import { OldAgent } from '../node-agent/old-agent.js';
import { namespace, node, pod, podStatus, service, slice } from './node-objects.js';
import {
  askReplica,
  type NodeSideWorld,
  runBeside,
  servicesOn,
  startNodeSideWorld,
  within2s,
} from './node-side-world.js';
import { agentsToken, type Replica } from './replica.js';
import { logsFolder } from './world.js';

const { signal } = new AbortController();

describe('The node agents’ API, on a real control plane', function () {
  this.timeout(60_000);
  let world: NodeSideWorld;
  let replica: Replica;
  let other: Replica;
  const waits: string[] = [];

  const kubectl = (...args: readonly string[]): Promise<string> => outputOf(world.plane.kubectl, args);
  /** Both replicas come to show it within two seconds of the moment at which kubectl returned. */
  const shown = async (
    what: string,
    wanted: string,
    look: (of: Replica) => Promise<string>,
  ): Promise<void> => {
    const [first, second] = await Promise.all(
      [replica, other].map((each) => within2s(`${what} at ${each.name}`, wanted, () => look(each))),
    );
    waits.push(`${what}: ${Math.round(Math.max(first ?? 0, second ?? 0))} ms`);
  };
  const onNode = (name: string) => (of: Replica) => servicesOn(of, name, namespace);

  before('start the control plane and two replicas', async () => {
    world = await startNodeSideWorld();
    await world.plane.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    replica = await world.start('dca-0');
    other = await world.start('dca-1');
  });

  after('stop everything', async function () {
    const failed = this.test?.parent?.tests.some((test) => test.isFailed()) ?? true;
    await world?.stop(failed || replica === undefined);
    console.log(`      seen after kubectl returned: ${waits.join('; ')}`);
  });

  it('tells nodes that kubectl makes, changes and deletes', async () => {
    const labels = async (of: Replica) => (await askReplica(of, '/api/v1/tags/node/n1')).body.trim();
    await world.plane.apply(
      node('n1', { labels: { zone: 'a' }, annotations: { 'cluster.k8s.io/machine': 'machine-1' } }),
      node('n2'),
    );
    await shown('node created', '{"zone":"a"}', labels);
    expect((await askReplica(replica, '/api/v1/annotations/node/n1')).body).to.equal(
      '{"cluster.k8s.io/machine":"machine-1"}',
    );
    await kubectl('label', 'node', 'n1', 'zone=b', '--overwrite');
    await shown('node changed', '{"zone":"b"}', labels);
    const uid = await kubectl('get', 'node', 'n1', '-o', 'jsonpath={.metadata.uid}');
    expect((await askReplica(replica, '/api/v1/uid/node/n1')).body).to.equal(JSON.stringify({ uid }));
    await kubectl('delete', 'node', 'n2', '--wait=false');
    await shown('node deleted', '404', async (of) =>
      String((await askReplica(of, '/api/v1/tags/node/n2')).status),
    );
    await world.plane.apply(node('n2'));
  });

  it('tells labels and annotations of namespaces', async () => {
    await kubectl('label', 'namespace', namespace, 'team=checkout');
    await shown(
      'namespace labelled',
      '{"kubernetes.io/metadata.name":"shop","team":"checkout"}',
      async (of) => (await askReplica(of, `/api/v1/tags/namespace/${namespace}`)).body,
    );
    const metadata = JSON.parse(
      (await askReplica(replica, `/api/v1/metadata/namespace/${namespace}`)).body,
    ) as Record<string, unknown>;
    expect(metadata).to.deep.include({ Name: namespace, Namespace: '' });
    expect(metadata['Labels']).to.deep.include({ team: 'checkout' });
  });

  it('maps pods to the services that Kubernetes’ own controllers find for them, as they come and go', async () => {
    await world.plane.apply(service('web'), pod('web-0', 'web', 'n1'), pod('web-1', 'web', 'n2'));
    await setStatus('web-0', '10.0.0.10', true);
    await setStatus('web-1', '10.0.0.11', true);
    await shown('pod ready', 'web-0: web', onNode('n1'));
    await shown('pod ready on another node', 'web-1: web', onNode('n2'));
    await setStatus('web-0', '10.0.0.10', false);
    await shown('pod unready', '', onNode('n1'));
    await setStatus('web-0', '10.0.0.10', true);
    await shown('pod ready again', 'web-0: web', onNode('n1'));
    await kubectl('delete', 'pod', 'web-1', '-n', namespace, '--grace-period=0', '--force');
    await shown('last pod of the node deleted', '', onNode('n2'));
    await kubectl('delete', 'service', 'web', '-n', namespace);
    await shown('service deleted', '', onNode('n1'));
  });

  it('merges the slices of one service, and loses with each what only that one held', async () => {
    await world.plane.apply(
      slice('api-ipv4', 'api', [
        ['api-0', 'n1'],
        ['api-1', 'n1'],
      ]),
      slice('api-more', 'api', [['api-0', 'n1']]),
    );
    await shown('slices created', 'api-0: api, api-1: api', onNode('n1'));
    await kubectl('delete', 'endpointslice', 'api-ipv4', '-n', namespace);
    await shown('one slice of two deleted', 'api-0: api', onNode('n1'));
  });

  it('takes a deleted node’s pods with it, and shows them again when the node has come back', async () => {
    await kubectl('delete', 'node', 'n1', '--wait=false');
    await shown('node with pods deleted', '', onNode('n1'));
    await world.plane.apply(node('n1', { labels: { zone: 'b' } }));
    await shown('node recreated', 'api-0: api', onNode('n1'));
  });

  it('satisfies node agents of 2018 and of today', async () => {
    const options = {
      endpoint: `https://127.0.0.1:${replica.commandPort}`,
      token: agentsToken,
      node: 'n1',
      pods: [{ namespace, name: 'api-0' }],
    };
    const old = new OldAgent({ clock: systemClock }, options);
    await old.start(signal);
    expect(await old.poll(signal)).to.deep.equal({
      nodeLabels: { zone: 'b' },
      tags: { [`${namespace}/api-0`]: ['kube_service:api'] },
    });
    const today = new NewAgent({ clock: systemClock }, options);
    await today.start(signal);
    const learned = await today.poll(signal);
    expect(learned).to.deep.include({
      servicesFrom: 'node',
      services: { [`${namespace}/api-0`]: ['api'] },
      nodeLabels: { zone: 'b' },
    });
    expect(learned.failedCalls.map(({ status }) => status)).to.deep.equal(learned.failedCalls.map(() => 404));
    expect([old.connectionsOpened, today.connectionsOpened]).to.deep.equal([1, 1]);
    old.close();
    today.close();
  });

  it('has one cluster id, the uid of kube-system, in the ConfigMap and in every answer', async () => {
    const uid = await kubectl('get', 'namespace', 'kube-system', '-o', 'jsonpath={.metadata.uid}');
    const kept = await kubectl(
      'get',
      'configmap',
      'datadog-cluster-id',
      '-n',
      'datadog',
      '-o',
      'jsonpath={.data.id}',
    );
    const told = await Promise.all([replica, other].map((each) => askReplica(each, '/api/v1/cluster/id')));
    expect([kept, ...told.map(({ body }) => JSON.parse(body) as string)]).to.deep.equal([uid, uid, uid]);
  });

  it('prints the mapping by the command metamap, in each form', async () => {
    const text = await runBeside(replica, ['metamap', 'n1']);
    expect(text).to.deep.include({ code: 0, stderr: '' });
    expect(text.stdout).to.equal(
      '===============\nMetadata Mapper\n===============\n\nNode detected: n1\n\n' +
        '  - Namespace: shop\n      - Pod: api-0\n        Services: [api]\n',
    );
    const all = await runBeside(replica, ['metamap', '--json']);
    expect(JSON.parse(all.stdout)).to.deep.equal({
      Nodes: { n1: { services: { shop: { 'api-0': { api: {} } } } }, n2: { services: {} } },
    });
    const file = join(logsFolder, 'metamap.json');
    const written = await runBeside(replica, ['metamap', 'n2', '-p', '-o', file]);
    expect(written).to.deep.include({ code: 0, stdout: '' });
    expect(await readFile(file, 'utf8')).to.equal(
      '{\n  "Nodes": {\n    "n2": {\n      "services": {}\n    }\n  }\n}\n',
    );
  });

  it('falls back to Endpoints without the right to EndpointSlices, and says so', async () => {
    await world.plane.apply(...rightsOfTheOriginal());
    const old = await world.start('dca-old', 'dca-old');
    await world.plane.apply(service('db'), pod('db-0', 'db', 'n2'));
    await setStatus('db-0', '10.0.0.20', true);
    await within2s('the pod at dca-old', 'db-0: db', () => servicesOn(old, 'n2', namespace));
    const details = await until('the health of dca-old', async () => {
      const answer = await fetch(`${old.healthUrl}/ready`);
      const { Details } = (await answer.json()) as { Details: Record<string, string> };
      return answer.ok ? Details['endpoints'] : undefined;
    });
    expect(details).to.contain('reads Endpoints, since EndpointSlices cannot be read');
    expect(details).to.contain('grant it by RBAC: a ClusterRole with apiGroups ["discovery.k8s.io"]');
    expect(await old.log()).to.contain('EndpointSlices cannot be read, so Endpoints are');
  });

  it('was never refused anything with the shipped rights, and never listed pods', async () => {
    for (const each of [replica, other]) {
      const lines = (await each.log())
        .split('\n')
        .filter((line) => /forbidden|kube\.denied|\/pods/i.test(line));
      expect(lines).to.deep.equal([]);
    }
  });

  it('ends with exit code 0 on SIGTERM', async () => {
    for (const each of [other, replica]) {
      await each.process.stop(30_000);
      expect(each.process.ending()).to.equal('exit code 0');
    }
  });

  async function setStatus(name: string, address: string, isReady: boolean): Promise<void> {
    const patch = JSON.stringify(podStatus(address, isReady));
    await kubectl('patch', 'pod', name, '-n', namespace, '--subresource=status', '--type=merge', '-p', patch);
  }
});

/** A ClusterRole as it was written for the original, which knew Endpoints only; all else as shipped. */
function rightsOfTheOriginal(): readonly object[] {
  const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1' };
  const subjects = [{ kind: 'ServiceAccount', name: 'dca-old', namespace: 'datadog' }];
  const bind = (
    kind: string,
    place: object,
    role: string,
    roleKind = kind.replace('Binding', ''),
  ): object => ({
    ...rbac,
    kind,
    metadata: { name: `dca-old:${role}`, ...place },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: roleKind, name: role },
    subjects,
  });
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'dca-old', namespace: 'datadog' } },
    {
      ...rbac,
      kind: 'ClusterRole',
      metadata: { name: 'dca-old' },
      rules: [
        { apiGroups: [''], resources: ['nodes', 'namespaces', 'endpoints'], verbs: ['list', 'watch'] },
        { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: ['list', 'watch'] },
      ],
    },
    bind('ClusterRoleBinding', {}, 'dca-old'),
    bind('ClusterRoleBinding', {}, 'datadog-cluster-agent:certificate'),
    bind('ClusterRoleBinding', {}, 'system:auth-delegator'),
    bind('RoleBinding', { namespace: 'datadog' }, 'datadog-cluster-agent'),
    bind('RoleBinding', { namespace: 'datadog' }, 'datadog-cluster-agent:certificate'),
    bind('RoleBinding', { namespace: 'kube-system' }, 'extension-apiserver-authentication-reader'),
  ];
}
