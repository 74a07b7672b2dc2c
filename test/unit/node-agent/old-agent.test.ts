import { expect } from 'chai';
import { FakeClock } from '../../fake-clock.js';
import { OldAgent } from '../../node-agent/old-agent.js';
import {
  failureOf,
  type Reply,
  startClusterAgent,
  stopClusterAgents,
  until,
  version,
} from './canned-cluster-agent.js';

const { signal } = new AbortController();
const agents = new Set<OldAgent>();

async function scene(replies: Record<string, Reply> = {}) {
  const clock = new FakeClock();
  const server = await startClusterAgent({
    'GET /version': version(1, 0),
    'GET /api/v1/tags/node/node-1': { json: { zone: 'a' } },
    'GET /api/v1/tags/pod/node-1/shop/cart': { json: ['kube_service:cart', 'kube_service:all'] },
    'GET /api/v1/tags/pod/node-1/shop/till': { json: null },
    ...replies,
  });
  const pods = [
    { namespace: 'shop', name: 'cart' },
    { namespace: 'shop', name: 'till' },
  ];
  const agent = new OldAgent(
    { clock },
    { endpoint: server.endpoint, token: 'a'.repeat(32), node: 'node-1', pods },
  );
  agents.add(agent);
  return { clock, server, agent };
}

describe('a node agent of 2018', () => {
  afterEach(async () => {
    for (const agent of agents) agent.close();
    agents.clear();
    await stopClusterAgents();
  });

  it('learns the labels of its node, and the tags of each pod by a call of its own, on one connection', async () => {
    const { agent, server } = await scene();
    await agent.start(signal);
    const learned = await agent.poll(signal);
    expect(learned).to.deep.equal({
      nodeLabels: { zone: 'a' },
      tags: { 'shop/cart': ['kube_service:cart', 'kube_service:all'], 'shop/till': [] },
    });
    expect(await agent.poll(signal)).to.deep.equal(learned);
    const minute = [
      'GET /api/v1/tags/node/node-1',
      'GET /api/v1/tags/pod/node-1/shop/cart',
      'GET /api/v1/tags/pod/node-1/shop/till',
    ];
    expect(server.calls()).to.deep.equal(['GET /version', ...minute, ...minute]);
    expect(agent.connectionsOpened).to.equal(1);
  });

  const refusals: readonly (readonly [string, Reply, string])[] = [
    ['node-1', { status: 500, text: 'not found' }, 'unexpected status code from cluster agent: 500'],
    ['node-1', { json: ['zone:a'] }, 'labels and annotations are an object'],
    ['pod/node-1/shop/till', { status: 404, text: '' }, 'unexpected status code from cluster agent: 404'],
    ['pod/node-1/shop/till', { json: {} }, 'tags are null or an array'],
    ['pod/node-1/shop/till', { json: ['till'] }, 'a tag is a text kube_service:x'],
    ['pod/node-1/shop/till', { status: 200, text: '' }, 'Unexpected end of JSON input'],
  ];
  for (const [path, reply, message] of refusals)
    it(`fails with «${message}» for one minute, after ${JSON.stringify(reply)} to ${path}`, async () => {
      const call = `GET /api/v1/tags/${path === 'node-1' ? 'node/node-1' : path}`;
      const { agent, server } = await scene();
      const well = server.replies.get(call);
      server.replies.set(call, reply);
      expect((await failureOf(agent.poll(signal))).message).to.equal(message);
      if (well !== undefined) server.replies.set(call, well);
      expect((await agent.poll(signal)).nodeLabels).to.deep.equal({ zone: 'a' });
    });

  it('starts at its tenth attempt', async () => {
    const { agent, server, clock } = await scene({ 'GET /version': { status: 403, text: '' } });
    let hasStarted = false;
    const start = agent.start(signal).then(() => {
      hasStarted = true;
    });
    for (let attempt = 1; attempt <= 9; attempt += 1) {
      await until(() => server.seen.length === attempt && clock.sleeping === 1);
      if (attempt === 9) server.replies.set('GET /version', version(1, 0));
      await clock.advance(29_999);
      expect([hasStarted, server.seen.length]).to.deep.equal([false, attempt]);
      await clock.advance(1);
    }
    await start;
    expect(server.seen).to.have.length(10);
  });

  it('gives up for good after ten attempts', async () => {
    const { agent, server, clock } = await scene({ 'GET /version': { status: 403, text: '' } });
    const failure = failureOf(agent.start(signal));
    for (let attempt = 1; attempt <= 9; attempt += 1) {
      await until(() => server.seen.length === attempt && clock.sleeping === 1);
      await clock.advance(30_000);
    }
    expect((await failure).message).to.equal(
      'permanent failure in clusterAgentClient: unexpected status code from cluster agent: 403',
    );
    server.replies.set('GET /version', version(1, 0));
    const forGood = 'permanent failure in clusterAgentClient: retry number exceeded';
    expect((await failureOf(agent.start(signal))).message).to.equal(forGood);
    expect((await failureOf(agent.poll(signal))).message).to.equal(forGood);
    expect(server.seen).to.have.length(10);
  });

  it('stops starting when it is told to', async () => {
    const { agent, server, clock } = await scene({ 'GET /version': { status: 403, text: '' } });
    const stop = new AbortController();
    const failure = failureOf(agent.start(stop.signal));
    await until(() => server.seen.length === 1 && clock.sleeping === 1);
    stop.abort(new Error('enough'));
    expect((await failure).message).to.equal('enough');
    server.replies.set('GET /version', version(1, 0));
    await agent.start(signal);
    expect(server.seen).to.have.length(2);
  });
});
