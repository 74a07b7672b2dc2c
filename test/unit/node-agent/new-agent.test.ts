import { expect } from 'chai';
import { FakeClock } from '../../fake-clock.js';
import { NewAgent, type NewAgentOptions } from '../../node-agent/new-agent.js';
import {
  failureOf,
  type Reply,
  startClusterAgent,
  stopClusterAgents,
  until,
  version,
} from './canned-cluster-agent.js';

const { signal } = new AbortController();
const agents = new Set<NewAgent>();
const clusterId = '0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0';
const nodeUid = '9a8b7c6d-5e4f-3021-1203-f4e5d6c7b8a9';

const nodes = {
  Nodes: { 'node-1': { services: { shop: { cart: { cart: {}, all: {} } }, bank: { vault: { safe: {} } } } } },
};

const required: Readonly<Record<string, Reply>> = {
  'GET /api/v1/tags/pod/node-1': { json: nodes },
  'GET /api/v1/tags/pod/node-1/shop/cart': { json: ['kube_service:cart', 'kube_service:all'] },
  'GET /api/v1/tags/pod/node-1/shop/till': { json: null },
  'GET /api/v1/tags/pod/node-1/bank/vault': { json: ['kube_service:safe'] },
  'GET /api/v1/metadata/namespace/shop': {
    json: { Name: 'shop', Namespace: '', Annotations: { owner: 'x' }, Labels: { team: 'shop' } },
  },
  'GET /api/v1/metadata/namespace/bank': {
    json: { Name: 'bank', Namespace: '', Annotations: null, Labels: null },
  },
  'GET /api/v1/tags/namespace/shop': { json: { team: 'shop' } },
  'GET /api/v1/tags/namespace/bank': { json: {} },
  'GET /api/v1/tags/node/node-1': { json: { zone: 'a' } },
  'GET /api/v1/annotations/node/node-1': { json: { 'cluster.k8s.io/machine': 'm' } },
  'GET /api/v1/uid/node/node-1': { json: { uid: nodeUid } },
  'GET /api/v1/cluster/id': { json: clusterId },
};

async function scene(replies: Record<string, Reply> = {}, options: Partial<NewAgentOptions> = {}) {
  const clock = new FakeClock();
  const server = await startClusterAgent({ 'GET /version': version(7, 60), ...required, ...replies });
  const pods = [
    { namespace: 'shop', name: 'cart' },
    { namespace: 'shop', name: 'till' },
    { namespace: 'bank', name: 'vault' },
  ];
  const { endpoint } = server;
  const agent = new NewAgent(
    { clock },
    { endpoint, token: 'a'.repeat(32), node: 'node-1', pods, features: [], ...options },
  );
  agents.add(agent);
  return { clock, server, agent };
}

describe('a node agent of today', () => {
  afterEach(async () => {
    for (const agent of agents) agent.close();
    agents.clear();
    await stopClusterAgents();
  });

  it('learns all of a minute on one connection from a Cluster Agent of 7.55 or later', async () => {
    const { agent, server } = await scene();
    const learned = await agent.poll(signal);
    expect(learned).to.deep.equal({
      version: { Major: 7, Minor: 60, Patch: 0, Pre: '', Meta: '', Commit: 'abc' },
      servicesFrom: 'node',
      services: { 'shop/cart': ['all', 'cart'], 'bank/vault': ['safe'] },
      namespaces: {
        shop: { labels: { team: 'shop' }, annotations: { owner: 'x' } },
        bank: { labels: {}, annotations: {} },
      },
      nodeLabels: { zone: 'a' },
      nodeAnnotations: { 'cluster.k8s.io/machine': 'm' },
      nodeUid,
      clusterId,
      failedCalls: [],
    });
    const minute = [
      'GET /api/v1/tags/pod/node-1',
      'GET /api/v1/metadata/namespace/shop',
      'GET /api/v1/metadata/namespace/bank',
      'GET /api/v1/tags/node/node-1',
      'GET /api/v1/annotations/node/node-1',
      'GET /api/v1/uid/node/node-1',
      'GET /api/v1/cluster/id',
    ];
    expect(await agent.poll(signal)).to.deep.equal(learned);
    expect(server.calls()).to.deep.equal(['GET /version', ...minute, ...minute]);
    expect([agent.connectionsOpened, server.connections()]).to.deep.equal([1, 1]);
  });

  it('asks one of 1.21 to 7.54 for the labels of namespaces', async () => {
    const { agent, server } = await scene({ 'GET /version': version(1, 21) });
    const { servicesFrom, namespaces } = await agent.poll(signal);
    expect(servicesFrom).to.equal('node');
    expect(namespaces).to.deep.equal({ shop: { labels: { team: 'shop' } }, bank: { labels: {} } });
    expect(server.calls().filter((call) => call.includes('namespace'))).to.deep.equal([
      'GET /api/v1/tags/namespace/shop',
      'GET /api/v1/tags/namespace/bank',
    ]);
  });

  it('asks one of a minor below 3 for each pod', async () => {
    const { agent, server } = await scene({ 'GET /version': version(8, 0) });
    const { servicesFrom, services } = await agent.poll(signal);
    expect(servicesFrom).to.equal('pod');
    expect(services).to.deep.equal({
      'shop/cart': ['all', 'cart'],
      'shop/till': [],
      'bank/vault': ['safe'],
    });
    expect(server.calls().filter((call) => call.includes('/pod/'))).to.deep.equal([
      'GET /api/v1/tags/pod/node-1/shop/cart',
      'GET /api/v1/tags/pod/node-1/shop/till',
      'GET /api/v1/tags/pod/node-1/bank/vault',
    ]);
  });

  it('asks for each pod too when the answer by node has no services', async () => {
    const { agent } = await scene({ 'GET /api/v1/tags/pod/node-1': { json: { Nodes: { 'node-1': {} } } } });
    const { servicesFrom, services } = await agent.poll(signal);
    expect(servicesFrom).to.equal('pod');
    expect(services['bank/vault']).to.deep.equal(['safe']);
  });

  it('is content with a node that has no services', async () => {
    const empty = { Nodes: { 'node-1': { services: {} } }, Errors: 'not found', Warnings: ['w'] };
    const { agent } = await scene({ 'GET /api/v1/tags/pod/node-1': { json: empty } });
    const { servicesFrom, services } = await agent.poll(signal);
    expect([servicesFrom, services]).to.deep.equal(['node', {}]);
  });

  it('needs the client that follows redirects with one of 1.0 to 1.20, and does nothing without', async () => {
    const { agent, server } = await scene({ 'GET /version': version(1, 20) });
    expect((await failureOf(agent.poll(signal))).message).to.equal('leader client needed');
    expect(server.calls()).to.deep.equal(['GET /version']);
  });

  it('asks for the annotations that it wants, in either form', async () => {
    const annotationFilters = ['cluster.k8s.io/machine', 'a b'];
    const encoded = 'GET /api/v1/annotations/node/node-1?filter=cluster.k8s.io%2Fmachine&filter=a%20b';
    const raw = 'GET /api/v1/annotations/node/node-1?filter=cluster.k8s.io/machine&filter=a%20b';
    const first = await scene({ [encoded]: { json: { a: 'encoded' } } }, { annotationFilters });
    expect((await first.agent.poll(signal)).nodeAnnotations).to.deep.equal({ a: 'encoded' });
    const second = await scene({ [raw]: { json: { a: 'raw' } } }, { annotationFilters, filterForm: 'raw' });
    expect((await second.agent.poll(signal)).nodeAnnotations).to.deep.equal({ a: 'raw' });
  });

  const broken: readonly (readonly [string, Reply, string])[] = [
    ['version', { status: 403, text: 'invalid session token\n' }, 'remote service error: <url>: 403'],
    [
      'version',
      { json: { major: 7, minor: 60, patch: 0, pre: '', meta: '', commit: '' } },
      'failed to unmarshal JSON from URL: <path>, err: Major of a version is a whole number, raw message: <body>',
    ],
    ['api/v1/tags/pod/node-1', { status: 500, text: '' }, 'remote service error: <url>: 500'],
    [
      'api/v1/tags/pod/node-1',
      { json: { Nodes: {}, Errors: 'no such node' } },
      "cluster agent didn't return pods metadata for node: node-1",
    ],
    [
      'api/v1/tags/pod/node-1',
      { json: { Nodes: { 'node-1': { services: { shop: { cart: ['cart'] } } } } } },
      'failed to unmarshal JSON from URL: <path>, err: services of shop/cart are an object of empty objects, raw message: <body>',
    ],
    ['api/v1/metadata/namespace/bank', { status: 404, text: '' }, 'remote service error: <url>: 404'],
    ['api/v1/tags/node/node-1', { status: 302, text: '' }, 'remote service error: <url>: 302'],
    ['api/v1/annotations/node/node-1', { status: 401, text: '' }, 'remote service error: <url>: 401'],
    ['api/v1/uid/node/node-1', { status: 500, text: '' }, 'remote service error: <url>: 500'],
    ['api/v1/cluster/id', { status: 503, text: '' }, 'remote service error: <url>: 503'],
    [
      'api/v1/cluster/id',
      { json: '' },
      'failed to unmarshal JSON from URL: <path>, err: a cluster id is a text of 36 characters, raw message: <body>',
    ],
  ];
  for (const [path, reply, text] of broken)
    it(`fails for one minute, after ${JSON.stringify(reply)} to ${path}`, async () => {
      const { agent, server } = await scene();
      const well = server.replies.get(`GET /${path}`);
      server.replies.set(`GET /${path}`, reply);
      const body = 'json' in reply ? JSON.stringify(JSON.stringify(reply.json)) : '';
      expect((await failureOf(agent.poll(signal))).message).to.equal(
        text
          .replace('<url>', `${server.endpoint}/${path}`)
          .replace('<path>', path)
          .replace('<body>', () => body),
      );
      if (well !== undefined) server.replies.set(`GET /${path}`, well);
      expect(await agent.poll(signal)).to.include({ clusterId, nodeUid });
      // A refused version is asked on a connection that is given up; all other refusals cost none.
      expect(agent.connectionsOpened).to.equal(path === 'version' ? 2 : 1);
    });

  it('goes on without the features that its Cluster Agent lacks, and tells which', async () => {
    const { agent, server } = await scene(
      { 'POST /api/v1/languagedetection': { status: 503, text: '' } },
      { features: ['clusterchecks', 'endpointschecks', 'languagedetection'], checksId: 'runner-1' },
    );
    const { endpoint } = server;
    expect((await agent.poll(signal)).failedCalls).to.deep.equal([
      {
        call: 'POST api/v1/clusterchecks/status/runner-1',
        status: 404,
        why: `remote service error: ${endpoint}/api/v1/clusterchecks/status/runner-1: 404`,
      },
      {
        call: 'GET api/v1/clusterchecks/configs/runner-1',
        status: 404,
        why: `remote service error: ${endpoint}/api/v1/clusterchecks/configs/runner-1: 404`,
      },
      {
        call: 'GET api/v1/endpointschecks/configs/node-1',
        status: 404,
        why: `remote service error: ${endpoint}/api/v1/endpointschecks/configs/node-1: 404`,
      },
      {
        call: 'POST api/v1/languagedetection',
        status: 503,
        why: `remote service error: ${endpoint}/api/v1/languagedetection: 503`,
      },
    ]);
    expect(server.seen.slice(-4).map(({ call, body }) => [call, body])).to.deep.equal([
      ['POST /api/v1/clusterchecks/status/runner-1', '{"last_change":0}'],
      ['GET /api/v1/clusterchecks/configs/runner-1', ''],
      ['GET /api/v1/endpointschecks/configs/node-1', ''],
      ['POST /api/v1/languagedetection', '\n\0'],
    ]);
    expect(agent.connectionsOpened).to.equal(1);
  });

  it('has all features switched on by itself, under the name of its node', async () => {
    const { server } = await scene();
    const pods = [{ namespace: 'shop', name: 'cart' }];
    const { endpoint } = server;
    const agent = new NewAgent({ clock: new FakeClock() }, { endpoint, token: 'b', node: 'node-1', pods });
    agents.add(agent);
    const { failedCalls } = await agent.poll(signal);
    expect(failedCalls.map(({ call, status }) => [call, status])).to.deep.equal([
      ['POST api/v1/clusterchecks/status/node-1', 404],
      ['GET api/v1/clusterchecks/configs/node-1', 404],
      ['GET api/v1/endpointschecks/configs/node-1', 404],
      ['POST api/v1/languagedetection', 404],
    ]);
  });

  it('fetches cluster checks while they are not up to date, and tells which it has', async () => {
    const status = 'POST /api/v1/clusterchecks/status/node-1';
    const { agent, server } = await scene(
      {
        [status]: { json: { isuptodate: false } },
        'GET /api/v1/clusterchecks/configs/node-1': { json: { last_change: 17, configs: [] } },
      },
      { features: ['clusterchecks'] },
    );
    expect((await agent.poll(signal)).failedCalls).to.deep.equal([]);
    server.replies.set(status, { json: { isuptodate: true } });
    expect((await agent.poll(signal)).failedCalls).to.deep.equal([]);
    const checks = server.seen.filter(({ call }) => call.includes('clusterchecks'));
    expect(checks.map(({ call, body }) => [call, body])).to.deep.equal([
      [status, '{"last_change":0}'],
      ['GET /api/v1/clusterchecks/configs/node-1', ''],
      [status, '{"last_change":17}'],
    ]);
  });

  it('tells an answer of a feature that is not what was asked for, without a status', async () => {
    const { agent } = await scene(
      { 'GET /api/v1/endpointschecks/configs/node-1': { json: {} } },
      { features: ['endpointschecks'] },
    );
    expect((await agent.poll(signal)).failedCalls).to.deep.equal([
      {
        call: 'GET api/v1/endpointschecks/configs/node-1',
        why: 'failed to unmarshal JSON from URL: api/v1/endpointschecks/configs/node-1, err: last_change is a number, raw message: "{}"',
      },
    ]);
  });

  it('starts when the Cluster Agent answers, asking after 1 s, 2 s, 4 s … 5 min', async () => {
    const { agent, server, clock } = await scene({ 'GET /version': { status: 503, text: '' } });
    const started = agent.start(signal);
    const waitsSeconds = [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300];
    for (const [index, waitSeconds] of waitsSeconds.entries()) {
      await until(() => server.seen.length === index + 1 && clock.sleeping === 1);
      await clock.advance(waitSeconds * 1_000 - 1);
      expect(server.seen).to.have.length(index + 1);
      if (index === waitsSeconds.length - 1) server.replies.set('GET /version', version(7, 60));
      await clock.advance(1);
    }
    expect(await started).to.include({ Major: 7, Minor: 60 });
    expect(server.seen).to.have.length(waitsSeconds.length + 1);
  });

  it('stops starting when it is told to', async () => {
    const { agent, server, clock } = await scene({ 'GET /version': { status: 503, text: '' } });
    const stop = new AbortController();
    const failure = failureOf(agent.start(stop.signal));
    await until(() => server.seen.length === 1 && clock.sleeping === 1);
    stop.abort(new Error('enough'));
    expect((await failure).message).to.equal('enough');
    expect(server.seen).to.have.length(1);
  });

  it('chooses its ways anew with each new connection', async () => {
    const { agent, server, clock } = await scene({}, { reconnectMs: 60_000 });
    expect((await agent.poll(signal)).namespaces['shop']).to.have.property('annotations');
    server.replies.set('GET /version', version(7, 54));
    await clock.advance(59_999);
    expect((await agent.poll(signal)).version.Minor).to.equal(60);
    await clock.advance(1);
    const { namespaces, version: said } = await agent.poll(signal);
    expect([said.Minor, namespaces['shop']]).to.deep.equal([54, { labels: { team: 'shop' } }]);
    expect(agent.connectionsOpened).to.equal(2);
    server.replies.set('GET /version', { status: 500, text: '' });
    await clock.advance(60_000);
    expect((await agent.poll(signal)).version.Minor).to.equal(54);
    expect([agent.failedRenewals, agent.connectionsOpened]).to.deep.equal([1, 3]);
  });

  it('stops a minute when it is told to, also within a feature', async () => {
    const stop = new AbortController();
    const { agent } = await scene(
      { 'POST /api/v1/languagedetection': () => stop.abort(new Error('enough')) },
      { features: ['languagedetection'] },
    );
    expect((await failureOf(agent.poll(stop.signal))).message).to.equal('enough');
  });
});
