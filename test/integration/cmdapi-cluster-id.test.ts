import { expect } from 'chai';
import { textAt } from '../../simulator/cluster/object.js';
import { CommandScene } from './cmdapi-scene.js';
import { until } from './corridor-scene.js';

const target = '/api/v1/cluster/id';
const place = ['configmaps', 'datadog', 'datadog-cluster-id'] as const;

describe('the id of the cluster', () => {
  let scene: CommandScene;
  beforeEach(async () => {
    scene = new CommandScene();
    await scene.start();
  });
  afterEach(() => scene.stop());

  const written = () => scene.cluster.configMapData('datadog', 'datadog-cluster-id')?.['id'];

  it('is the uid of kube-system to all replicas that start at once, and is written down once', async () => {
    const replicas = await Promise.all(['dca-a', 'dca-b', 'dca-c'].map((name) => scene.replica({ name })));
    await until('the ConfigMap', () => written() !== undefined);
    const uid = textAt(scene.cluster.get('namespaces', '', 'kube-system'), 'metadata', 'uid');
    const told = await Promise.all(replicas.map(({ client }) => client.json(target)));
    expect([written(), ...told]).to.deep.equal([uid, uid, uid, uid]);
    const creations = scene.cluster.requests({ verb: 'create', resource: 'configmaps' });
    expect(creations.filter(({ status }) => status === 201).length).to.equal(1);
  });

  it('is what another Cluster Agent has written down before', async () => {
    const id = '01234567-89ab-cdef-0123-456789abcdef';
    const [, namespace, name] = place;
    scene.cluster.apply({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace, name },
      data: { id },
    });
    const { client } = await scene.replica();
    expect(await client.json(target)).to.equal(id);
    expect(scene.cluster.requests({ verb: 'create', resource: 'configmaps' })).to.deep.equal([]);
  });

  it('is known without a ConfigMap where that may not be written', async () => {
    scene.cluster.setCallerPolicy(
      (_user, access) =>
        !(access.kind === 'resource' && access.resource === 'configmaps' && access.verb === 'create'),
    );
    const { client, lines } = await scene.replica();
    const uid = textAt(scene.cluster.get('namespaces', '', 'kube-system'), 'metadata', 'uid');
    expect(await client.json(target)).to.equal(uid);
    const warning = 'the ConfigMap datadog-cluster-id cannot be created';
    await until('a warning', () => lines.some((line) => line.includes(warning)));
    expect(scene.cluster.get(...place)).to.equal(undefined);
  });
});
