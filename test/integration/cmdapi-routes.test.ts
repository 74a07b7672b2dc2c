import { once } from 'node:events';
import { connect, type IncomingHttpHeaders } from 'node:http2';
import { expect } from 'chai';
import { textAt, textsAt } from '../../simulator/cluster/object.js';
import { LargeCluster, type ServicesByNode, smallSize } from '../../simulator/large-cluster.js';
import { tokens } from '../../simulator/stand-ins.js';
import { parseNodes, type ServicesByPod } from '../node-agent/answers.js';
import { namespace, node, slice } from './cmdapi-objects.js';
import { type CommandReplica, CommandScene } from './cmdapi-scene.js';
import { until } from './corridor-scene.js';

const shop = (name: string) => ({ namespace: 'shop', name });
const text = 'text/plain; charset=utf-8';

/** Sorted texts in place of sets, as a reader of the answers has them. */
function plain(services: ServicesByNode): Record<string, ServicesByPod> {
  return Object.fromEntries(
    [...services].map(([name, pods]) => [
      name,
      Object.fromEntries([...pods].map(([pod, names]) => [pod, [...names].sort()])),
    ]),
  );
}

/** What an answer of metadata maps says; nodes without a pod are left out. */
function told(answer: unknown): Record<string, ServicesByPod> {
  const nodes = parseNodes(answer);
  if (!nodes.ok) throw new Error(nodes.error);
  const filled = [...nodes.value].filter(([, pods]) => Object.keys(pods ?? {}).length > 0);
  return Object.fromEntries(filled.map(([name, pods]) => [name, pods ?? {}]));
}

describe('the API of node agents', () => {
  const scene = new CommandScene();
  let large: LargeCluster;
  let served: CommandReplica;

  before(async () => {
    await scene.start();
    large = new LargeCluster(scene.cluster, smallSize);
    large.build();
    const { cluster } = scene;
    cluster.apply(
      node('n1', {
        labels: { zone: 'a', 'kubernetes.io/os': 'linux' },
        annotations: {
          'cluster.k8s.io/machine': 'm-1',
          'example.com/team': 'basket "quoted" ü',
          other: 'x',
        },
      }),
    );
    cluster.apply(node('n2'));
    cluster.apply(namespace('shop', { labels: { team: 'basket' }, annotations: { runbook: 'https://x/y' } }));
    cluster.apply(slice('web-1', shop('web'), [{ name: 'pod-1', node: 'n1' }]));
    cluster.apply(slice('api-1', shop('api'), [{ name: 'pod-1', node: 'n1' }]));
    served = await scene.replica({ settings: { DD_HOSTNAME: 'host.example' } });
  });
  after(() => scene.stop());

  const uidOf = (resource: string, name: string): string =>
    textAt(scene.cluster.get(resource, '', name), 'metadata', 'uid') ?? '';

  for (const [target, body] of [
    [
      '/version',
      '{"Major":7,"Minor":55,"Patch":0,"Pre":"","Meta":"independent.0.0.0-simulated","Commit":"simulated"}',
    ],
    ['/api/v1/tags/pod/n1/shop/pod-1', '["kube_service:api","kube_service:web"]'],
    ['/api/v1/tags/pod/n1/shop/unknown', 'null'],
    ['/api/v1/tags/pod/n1/unknown/pod-1', 'null'],
    ['/api/v1/tags/pod/n2/shop/pod-1', 'null'],
    ['/api/v1/tags/pod/unknown/shop/pod-1', 'null'],
    ['/api/v1/tags/pod/n1', '{"Nodes":{"n1":{"services":{"shop":{"pod-1":{"api":{},"web":{}}}}}}}'],
    ['/api/v1/tags/pod/n2', '{"Nodes":{"n2":{"services":{}}}}'],
    [
      '/api/v1/tags/pod/unknown',
      '{"Nodes":{"unknown":{"services":{}}},"Errors":"the cluster has no node unknown"}',
    ],
    [
      '/api/v1/tags/pod/__proto__',
      '{"Nodes":{"__proto__":{"services":{}}},"Errors":"the cluster has no node __proto__"}',
    ],
    ['/api/v1/tags/node/n1', '{"zone":"a","kubernetes.io/os":"linux"}'],
    ['/api/v1/tags/node/n2', '{}'],
    ['/api/v1/annotations/node/n1', '{"cluster.k8s.io/machine":"m-1"}'],
    ['/api/v1/annotations/node/n2', '{}'],
    ['/api/v1/annotations/node/n1?filter=example.com/team', '{"example.com/team":"basket \\"quoted\\" ü"}'],
    ['/api/v1/annotations/node/n1?filter=example.com%2Fteam', '{"example.com/team":"basket \\"quoted\\" ü"}'],
    [
      '/api/v1/annotations/node/n1?filter=cluster.k8s.io/machine&filter=other&filter=absent',
      '{"cluster.k8s.io/machine":"m-1","other":"x"}',
    ],
    ['/api/v1/annotations/node/n1?filter=', '{}'],
    ['/api/v1/tags/namespace/shop', '{"team":"basket"}'],
    [
      '/api/v1/metadata/namespace/shop',
      '{"Name":"shop","Namespace":"","Annotations":{"runbook":"https://x/y"},"Labels":{"team":"basket"}}',
    ],
  ] as const)
    it(`answers ${target}`, async () => {
      const answer = await served.client.ask(target);
      expect([answer.status, answer.text]).to.deep.equal([200, body]);
      expect(answer.headers).to.include({
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(body)),
      });
      expect(answer.headers.warning).to.equal(undefined);
    });

  it('answers with the uid of a node, and with that of kube-system for the cluster', async () => {
    expect(await served.client.json('/api/v1/uid/node/n1')).to.deep.equal({ uid: uidOf('nodes', 'n1') });
    const clusterId = uidOf('namespaces', 'kube-system');
    expect(clusterId).to.have.length(36);
    expect(await served.client.json('/api/v1/cluster/id')).to.equal(clusterId);
    // It is written down a moment later, for all other replicas.
    const written = () => scene.cluster.configMapData('datadog', 'datadog-cluster-id');
    await until('the ConfigMap datadog-cluster-id', () => written() !== undefined);
    expect(written()).to.deep.equal({ id: clusterId });
  });

  for (const [target, body] of [
    ['/api/v1/tags/node/unknown', 'Could not find labels on the node: unknown'],
    ['/api/v1/tags/node/a%2Fb', 'Could not find labels on the node: a/b'],
    ['/api/v1/tags/node/%00%0a%C3%BC', 'Could not find labels on the node: ???'],
    ['/api/v1/tags/node/%zz', 'Could not find labels on the node: %zz'],
    ['/api/v1/annotations/node/unknown', 'Could not find annotations on the node: unknown'],
    ['/api/v1/uid/node/unknown', 'Could not find the uid of the node: unknown'],
    ['/api/v1/tags/namespace/unknown', 'Could not find labels on the namespace: unknown'],
    ['/api/v1/metadata/namespace/unknown', 'Could not find metadata of the namespace: unknown'],
    ['/api/v1', '404 page not found'],
    ['/', '404 page not found'],
    ['/events/check', '404 page not found'],
  ] as const)
    it(`answers 404 to ${target}`, async () => {
      const answer = await served.client.ask(target);
      expect([answer.status, answer.text]).to.deep.equal([404, `${body}\n`]);
      expect(answer.headers).to.include({ 'content-type': text, 'x-content-type-options': 'nosniff' });
    });

  it('says of every node of a cluster just what its slices say', async () => {
    const wanted = plain(large.expected());
    expect(Object.keys(wanted)).to.have.length(50);
    for (const [name, pods] of Object.entries(wanted))
      expect(told(await served.client.json(`/api/v1/tags/pod/${name}`))).to.deep.equal({ [name]: pods });
  });

  it('tells operators all of them at once, or the one they ask for', async () => {
    const all = told(await served.client.json('/api/v1/tags/pod', tokens.local));
    const wanted = { ...plain(large.expected()), n1: { 'shop/pod-1': ['api', 'web'] } };
    expect(all).to.deep.equal(wanted);
    const answer = await served.client.json('/api/v1/tags/pod?node=n1', tokens.local);
    expect(answer).to.deep.equal({
      Nodes: { n1: { services: { shop: { 'pod-1': { api: {}, web: {} } } } } },
    });
  });

  it('tells operators of itself', async () => {
    const ask = (target: string) => served.client.json(target, tokens.local);
    expect(await ask('/hostname')).to.equal('host.example');
    const health = (await ask('/status/health')) as { Healthy: string[]; Unhealthy: string[] };
    expect(health.Unhealthy).to.deep.equal([]);
    expect(health.Healthy).to.include.members(['nodes', 'namespaces', 'endpoints', 'cluster-id']);
    const status = (await ask('/status')) as Record<string, unknown>;
    expect(status).to.include({ version: '0.0.0-simulated', commit: 'simulated', pod: 'dca-0' });
    expect(status['leader']).to.include({ who: 'me' });
    expect(status).to.include({ events: null, controlPlane: null });
    const metadata = status['metadata'] as Record<string, Record<string, unknown>>;
    expect(metadata['nodes']).to.include({ synced: true, known: 52 });
    const pods = [...large.expected().values()].reduce((sum, { size }) => sum + size, 1);
    expect(metadata['endpoints']).to.include({ synced: true, nodes: 51, pods });
    const leading = (await served.client.json('/api/v1/leader/status')) as Record<string, unknown>;
    expect(leading).to.include({ pod: 'dca-0' });
  });

  it('answers HEAD as GET, without the body', async () => {
    for (const target of ['/version', '/api/v1/tags/pod/n1', '/api/v1/tags/node/unknown']) {
      const [got, head] = [
        await served.client.ask(target),
        await served.client.ask(target, { method: 'HEAD' }),
      ];
      expect([head.status, head.text]).to.deep.equal([got.status, '']);
      expect(head.headers['content-length']).to.equal(got.headers['content-length']);
      expect(head.headers['content-type']).to.equal(got.headers['content-type']);
    }
    const all = await served.client.ask('/api/v1/tags/pod', { method: 'HEAD', token: tokens.local });
    expect([all.status, all.text]).to.deep.equal([200, '']);
  });

  for (const [target, allowed, token] of [
    ['/version', 'HEAD, GET', tokens.agents],
    ['/api/v1/tags/pod/n1/shop/pod-1', 'HEAD, GET', tokens.agents],
    ['/api/v1/tags/pod', 'HEAD, GET', tokens.local],
    ['/api/v1/languagedetection', 'POST', tokens.agents],
    ['/config/log_level', 'HEAD, GET, POST', tokens.local],
  ] as const)
    it(`answers other methods at ${target} with 405 and those that are allowed`, async () => {
      for (const method of ['DELETE', 'PUT', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND']) {
        const answer = await served.client.ask(target, { method, token });
        expect([answer.status, answer.headers.allow], method).to.deep.equal([405, allowed]);
        expect(answer.text).to.equal(`method not allowed; allowed: ${allowed}\n`);
      }
    });

  for (const [method, target, what] of [
    ['POST', '/api/v1/clusterchecks/status/n1', 'cluster checks'],
    ['GET', '/api/v1/clusterchecks/configs/n1', 'cluster checks'],
    ['GET', '/api/v1/endpointschecks/configs/n1', 'endpoints checks'],
    ['POST', '/api/v1/languagedetection', 'language detection'],
    ['POST', '/api/v2/series', 'local autoscaling fallback'],
    ['GET', '/api/v1/metadata/n1/shop/pod-1', 'the API of agents before 6.5'],
    ['GET', '/api/v1/tags/cf/apps/n1', 'Cloud Foundry metadata'],
  ] as const)
    it(`answers 404 to ${method} ${target}, and says what is missing`, async () => {
      const answer = await served.client.ask(target, {
        method,
        ...(method === 'POST' ? { body: '{"last_change":0}' } : {}),
      });
      expect(answer.status).to.equal(404);
      expect(answer.text).to.match(new RegExp(`^${what}: not a feature of this Cluster Agent`));
      expect((await served.client.ask('/version')).status).to.equal(200);
    });

  for (const servername of ['datadog-cluster-agent.datadog.svc', 'datadog-custom-metrics-server.datadog.svc'])
    it(`shows a certificate of the replicas' own authority for ${servername}, over HTTP/2 too`, async () => {
      const secret = scene.cluster
        .objects('secrets', 'datadog')
        .find((one) => 'ca.crt' in textsAt(one, 'data'));
      const ca = Buffer.from(textsAt(secret, 'data')['ca.crt'] ?? '', 'base64').toString();
      const session = connect(`https://127.0.0.1:${served.port}`, { ca, servername });
      const stream = session.request({ ':path': '/version', authorization: `Bearer ${tokens.agents}` });
      const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
      expect(headers[':status']).to.equal(200);
      session.destroy();
    });

  it('has asked the API server for no pod, and for nothing but lists, watches and its own objects', () => {
    const requests = scene.cluster.requests();
    expect(scene.cluster.requests({ resource: 'pods' })).to.deep.equal([]);
    const wide = requests.filter(({ verb, namespace: place }) => verb !== '' && place === '');
    expect([...new Set(wide.map(({ verb, resource }) => `${verb} ${resource}`))].sort()).to.deep.equal([
      'list endpointslices',
      'list namespaces',
      'list nodes',
      'watch endpointslices',
      'watch namespaces',
      'watch nodes',
    ]);
    expect(served.lines).to.deep.equal([]);
  });
});
