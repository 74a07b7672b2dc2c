import { expect } from 'chai';
import { tokens } from '../../simulator/stand-ins.js';
import { endpoints, namespace, node, type PodDraft, slice } from './cmdapi-objects.js';
import { type CommandReplica, CommandScene, readiness, untilText } from './cmdapi-scene.js';

const shop = (name: string) => ({ namespace: 'shop', name });
const web = shop('web');

describe('what node agents are told, as the cluster changes', () => {
  let scene: CommandScene;
  let served: CommandReplica;
  beforeEach(async () => {
    scene = new CommandScene();
    await scene.start();
    for (const name of ['n1', 'n2']) scene.cluster.apply(node(name));
    scene.cluster.apply(slice('web-a', web, [{ name: 'p1', node: 'n1' }]));
    served = await scene.replica();
    await untilText(served.client, onNode('n1'), told('n1', { p1: ['web'] }));
  });
  afterEach(() => scene.stop());

  const put = (name: string, pods: readonly PodDraft[], service = web): void =>
    void scene.cluster.apply(slice(name, service, pods));
  const becomes = (target: string, text: string) => untilText(served.client, target, text);

  it('is each endpoint that comes and goes, within two seconds', async () => {
    put('web-a', [
      { name: 'p1', node: 'n1' },
      { name: 'p2', node: 'n1' },
    ]);
    await becomes(onNode('n1'), told('n1', { p1: ['web'], p2: ['web'] }));
    expect(await served.client.json('/api/v1/tags/pod/n1/shop/p2')).to.deep.equal(['kube_service:web']);
    put('web-a', [{ name: 'p2', node: 'n1' }]);
    await becomes(onNode('n1'), told('n1', { p2: ['web'] }));
    expect(await served.client.json('/api/v1/tags/pod/n1/shop/p1')).to.equal(null);
  });

  it('is no pod that is not ready, until it is', async () => {
    put('web-a', [{ name: 'p1', node: 'n1', isReady: false }]);
    await becomes(onNode('n1'), told('n1', {}));
    put('web-a', [{ name: 'p1', node: 'n1' }]);
    await becomes(onNode('n1'), told('n1', { p1: ['web'] }));
  });

  it('is not a service on a node that its last pod there has left', async () => {
    put('web-a', [{ name: 'p1', node: 'n2' }]);
    await becomes(onNode('n2'), told('n2', { p1: ['web'] }));
    expect((await served.client.ask(onNode('n1'))).text).to.equal(told('n1', {}));
    expect(await served.client.json('/api/v1/tags/pod/n1/shop/p1')).to.equal(null);
  });

  it('is all slices of a service together, and what is left when one goes', async () => {
    put('web-b', [
      { name: 'p1', node: 'n1' },
      { name: 'p2', node: 'n1' },
    ]);
    await becomes(onNode('n1'), told('n1', { p1: ['web'], p2: ['web'] }));
    scene.cluster.remove('endpointslices', 'shop', 'web-b');
    await becomes(onNode('n1'), told('n1', { p1: ['web'] }));
    scene.cluster.remove('endpointslices', 'shop', 'web-a');
    await becomes(onNode('n1'), told('n1', {}));
  });

  it('is a service once, that lists a pod by both its addresses, until the last of them goes', async () => {
    const pod = { name: 'p1', node: 'n1', address: 'fd00::1' };
    scene.cluster.apply(slice('web-6', web, [pod], { addressType: 'IPv6' }));
    put('api-a', [{ name: 'p1', node: 'n1' }], shop('api'));
    await becomes('/api/v1/tags/pod/n1/shop/p1', '["kube_service:api","kube_service:web"]');
    put('web-a', []);
    put('api-a', []);
    await becomes('/api/v1/tags/pod/n1/shop/p1', '["kube_service:web"]');
    scene.cluster.remove('endpointslices', 'shop', 'web-6');
    await becomes('/api/v1/tags/pod/n1/shop/p1', 'null');
  });

  it('is never the service of a pod that had the same address before', async () => {
    put('api-a', [{ name: 'p2', node: 'n1', address: '10.0.0.1' }], shop('api'));
    await becomes(onNode('n1'), told('n1', { p1: ['web'], p2: ['api'] }));
  });

  it('is nothing of a node that is deleted, and all of it when it is back under its name', async () => {
    scene.cluster.apply(node('n1', { labels: { zone: 'a' } }));
    await becomes('/api/v1/tags/node/n1', '{"zone":"a"}');
    scene.cluster.remove('nodes', '', 'n1');
    await becomes('/api/v1/tags/node/n1', 'Could not find labels on the node: n1\n');
    expect(await served.client.json(onNode('n1'))).to.deep.equal({
      Nodes: { n1: { services: {} } },
      Errors: 'the cluster has no node n1',
    });
    expect(await served.client.json('/api/v1/tags/pod/n1/shop/p1')).to.equal(null);
    const all = (await served.client.json('/api/v1/tags/pod', tokens.local)) as { Nodes: object };
    expect(Object.keys(all.Nodes)).to.deep.equal(['n2']);

    scene.cluster.apply(node('n1', { labels: { zone: 'b' } }));
    await becomes('/api/v1/tags/node/n1', '{"zone":"b"}');
    expect((await served.client.ask(onNode('n1'))).text).to.equal(told('n1', { p1: ['web'] }));
  });

  it('is the labels and annotations of a namespace as they are now', async () => {
    scene.cluster.apply(namespace('shop', { labels: { team: 'a' } }));
    await becomes('/api/v1/tags/namespace/shop', '{"team":"a"}');
    scene.cluster.apply(namespace('shop', { labels: { team: 'b' }, annotations: { x: 'y' } }));
    await becomes(
      '/api/v1/metadata/namespace/shop',
      '{"Name":"shop","Namespace":"","Annotations":{"x":"y"},"Labels":{"team":"b"}}',
    );
    scene.cluster.remove('namespaces', '', 'shop');
    await becomes('/api/v1/tags/namespace/shop', 'Could not find labels on the namespace: shop\n');
  });

  it('is right again after a watch was lost with changes in it', async () => {
    expect(scene.cluster.breakWatches('stall', { resource: 'endpointslices' })).to.equal(2);
    put('web-a', [{ name: 'p9', node: 'n2' }]);
    scene.cluster.breakWatches('reset', { resource: 'endpointslices' });
    await becomes(onNode('n2'), told('n2', { p9: ['web'] }));
    expect((await served.client.ask(onNode('n1'))).text).to.equal(told('n1', {}));
  });
});

/** The targets that need the cluster to have been read, with the token that opens them. */
const needing = [
  ['/api/v1/tags/pod/n1/shop/p1', tokens.agents],
  ['/api/v1/tags/pod/n1', tokens.agents],
  ['/api/v1/tags/node/n1', tokens.agents],
  ['/api/v1/annotations/node/n1', tokens.agents],
  ['/api/v1/uid/node/n1', tokens.agents],
  ['/api/v1/tags/namespace/shop', tokens.agents],
  ['/api/v1/metadata/namespace/shop', tokens.agents],
  ['/api/v1/cluster/id', tokens.agents],
  ['/api/v1/tags/pod', tokens.local],
] as const;

describe('what node agents are told in bad times', () => {
  let scene: CommandScene;
  beforeEach(async () => {
    scene = new CommandScene();
    await scene.start();
    scene.cluster.apply(node('n1'));
    scene.cluster.apply(slice('web-a', web, [{ name: 'p1', node: 'n1' }]));
  });
  afterEach(() => scene.stop());

  it('is to come again, until the cluster has been read for the first time', async () => {
    for (const resource of ['nodes', 'namespaces', 'endpointslices'])
      scene.cluster.inject({ kind: 'slow', latencyMs: 1_000 }, { verb: 'list', resource });
    const { client, replica } = await scene.replica({}, { isStarting: true });
    for (const [target, token] of needing) {
      const { status, headers, text } = await client.ask(target, { token });
      expect(status, target).to.equal(503);
      expect(text, target).to.match(/waiting for the first list|is not known yet/);
      if (token === tokens.agents) expect(headers['retry-after'], target).to.equal('5');
    }
    expect((await client.ask('/version')).status).to.equal(200);
    expect((await client.ask('/hostname', { token: tokens.local })).status).to.equal(200);
    expect((await client.ask('/api/v1/clusterchecks/configs/n1')).status).to.equal(404);
    expect((await client.ask('/api/v1/tags/node/n1', { token: '' })).status).to.equal(401);
    const ready = await readiness(replica);
    expect(`${ready.status} ${ready.text}`).to.match(/^500 .*"Unhealthy":\["nodes",/);

    await untilText(client, onNode('n1'), told('n1', { p1: ['web'] }), 6_000);
    for (const [target, token] of needing)
      expect((await client.ask(target, { token })).status, target).to.equal(200);
  });

  it('is that no pod has a service, with a warning, where the mapper is turned off', async () => {
    const { client } = await scene.replica({ settings: { DD_USE_METADATA_MAPPER: 'false' } });
    const warning =
      '299 - "the metadata mapper is turned off (DD_USE_METADATA_MAPPER=false): pods get no kube_service tags"';
    for (const [target, text, token] of [
      [onNode('n1'), told('n1', {}), tokens.agents],
      ['/api/v1/tags/pod/n1/shop/p1', 'null', tokens.agents],
      ['/api/v1/tags/node/n1', '{}', tokens.agents],
      [
        '/api/v1/tags/pod',
        `{"Nodes":{"n1":{"services":{}}},"Warnings":${JSON.stringify([JSON.parse(warning.slice(6))])}}`,
        tokens.local,
      ],
    ] as const) {
      const answer = await client.ask(target, { token });
      expect([answer.status, answer.text, answer.headers.warning]).to.deep.equal([200, text, warning]);
    }
    expect(scene.cluster.requests({ resource: 'endpointslices', namespace: '' })).to.deep.equal([]);
  });

  const forbid = (): void =>
    scene.cluster.setCallerPolicy(
      (_user, access) => !(access.kind === 'resource' && access.resource === 'endpointslices'),
    );
  for (const [what, spoil, reason] of [
    ['may not be read', forbid, /endpointslices.* is forbidden/],
    [
      'are not known to the cluster',
      () => void scene.cluster.inject({ kind: 'status', status: 404 }, { resource: 'endpointslices' }),
      /404|not found/i,
    ],
  ] as const)
    it(`comes from Endpoints where EndpointSlices ${what}, which health and log say`, async () => {
      scene.cluster.apply(
        endpoints(web, [
          { name: 'p2', node: 'n1' },
          { name: 'p3', node: 'n1', isReady: false },
        ]),
      );
      spoil();
      const { client, replica, lines } = await scene.replica();
      await untilText(client, onNode('n1'), told('n1', { p2: ['web'] }));
      scene.cluster.apply(endpoints(web, [{ name: 'p3', node: 'n1' }]));
      await untilText(client, onNode('n1'), told('n1', { p3: ['web'] }));
      const ready = await readiness(replica);
      const { Details } = JSON.parse(ready.text) as { Details: Record<string, string> };
      expect(ready.status).to.equal(200);
      expect(Details['endpoints'])
        .to.match(/^degraded: reads Endpoints, since EndpointSlices cannot be read: /)
        .and.match(reason);
      const said = lines.map((line) => JSON.parse(line)).filter(({ kind }) => kind === 'Endpoints');
      // Once for the services of all pods, and once for the replicas' own.
      expect(said.map(({ level, msg }) => `${level} ${msg}`)).to.deep.equal(
        Array(2).fill(
          'warn EndpointSlices cannot be read, so Endpoints are; Kubernetes cuts these after 1,000 pods of a service',
        ),
      );
    });

  it('comes from Endpoints alone, once the right to EndpointSlices is taken away', async () => {
    scene.cluster.apply(endpoints(web, [{ name: 'p2', node: 'n1' }]));
    const { client } = await scene.replica();
    await untilText(client, onNode('n1'), told('n1', { p1: ['web'] }));
    forbid();
    scene.cluster.breakWatches('expire', { resource: 'endpointslices' });
    await untilText(client, onNode('n1'), told('n1', { p2: ['web'] }), 6_000);
  });

  it('comes from Endpoints, and nothing is amiss, where that is chosen', async () => {
    scene.cluster.apply(endpoints(web, [{ name: 'p2', node: 'n1' }]));
    const { client, lines } = await scene.replica({
      settings: { DD_KUBERNETES_USE_ENDPOINT_SLICES: 'false' },
    });
    await untilText(client, onNode('n1'), told('n1', { p2: ['web'] }));
    expect(lines).to.deep.equal([]);
    expect(scene.cluster.requests({ resource: 'endpointslices' })).to.deep.equal([]);
  });
});

function onNode(name: string): string {
  return `/api/v1/tags/pod/${name}`;
}

/** The whole answer about one node, whose pods are all in the shop. */
function told(name: string, pods: Readonly<Record<string, readonly string[]>>): string {
  const byPod = Object.entries(pods).map(([pod, services]) => [
    pod,
    Object.fromEntries(services.map((service) => [service, {}])),
  ]);
  const services = byPod.length === 0 ? {} : { shop: Object.fromEntries(byPod) };
  return JSON.stringify({ Nodes: { [name]: { services } } });
}
