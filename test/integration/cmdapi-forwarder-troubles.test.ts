import { ServerResponse } from 'node:http';
import { Agent, request } from 'node:https';
import { createServer, type TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { tokens } from '../../simulator/stand-ins.js';
import { endScenes, HandFeed, pause, until } from '../unit/http/tls-scene.js';
import {
  type Answering,
  answerYes,
  startFollower,
  startLeader,
  startMute,
} from './cmdapi-forwarder-scene.js';

const closers: (() => Promise<void>)[] = [];

type FollowerOptions = Parameters<typeof startFollower>[2];

async function scene(answering: Answering = answerYes, options: FollowerOptions = {}) {
  const feed = new HandFeed();
  const leader = await startLeader(feed, answering);
  const follower = await startFollower(feed, { port: leader.port }, options);
  closers.push(follower.close);
  const ask = async (target = '/x'): Promise<string> => {
    const { status, text } = await follower.client.ask(target);
    return `${status} ${text.trim()}`;
  };
  return { feed, leader, follower, ask, client: follower.client };
}

/** Whose certificate is by another authority, or for another name; writes down all that it is told. */
async function startStranger(feed: HandFeed, port = 0) {
  const heard: Buffer[] = [];
  const sockets = new Set<TLSSocket>();
  const { certPem = '', keyPem = '' } = feed.current() ?? {};
  const server = createServer({ cert: certPem, key: keyPem }, (socket) => {
    sockets.add(socket);
    socket.on('data', (piece: Buffer) => heard.push(piece));
    socket.on('error', () => {
      // Whoever it was does not trust it.
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address();
  closers.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    port: address !== null && typeof address === 'object' ? address.port : 0,
    heard: () => Buffer.concat(heard).toString(),
  };
}

async function took<T>(work: Promise<T>): Promise<readonly [T, ms: number]> {
  const beganMs = performance.now();
  return [await work, performance.now() - beganMs];
}

describe('a follower without a leader to ask', () => {
  afterEach(async () => {
    await Promise.all(closers.splice(0).map((close) => close()));
    await endScenes();
  });

  for (const [what, knowledge, reason] of [
    ['knows of none', { leader: { who: 'unknown' } }, 'no leader is known at present'],
    [
      'has no address of it',
      { port: undefined },
      'failed to retrieve leader ip: the Service datadog/datadog-cluster-agent has no endpoint of the pod leader',
    ],
    [
      'has no authority to know it by',
      { caPem: undefined },
      'leader forwarder is not available: no authority is known by which to verify the leader; mount ca.crt beside tls.crt',
    ],
  ] as const)
    it(`says so when it ${what}, and when to come again`, async () => {
      const { client, follower, leader } = await scene();
      follower.know(knowledge);
      const answer = await client.ask('/x');
      expect([answer.status, answer.text]).to.deep.equal([503, `${reason}\n`]);
      expect(answer.headers['retry-after']).to.equal('5');
      expect(leader.seen).to.deep.equal([]);
    });

  it('asks it with the first request after it is back at the same address, a hundred times', async () => {
    const { follower, leader, ask } = await scene();
    for (let turn = 0; turn < 100; turn += 1) {
      follower.know({ leader: { who: 'unknown' } });
      expect(await ask()).to.equal('503 no leader is known at present');
      follower.know({ leader: { who: 'other', name: 'leader' } });
      expect(await ask()).to.equal('200 {"yes":0}');
    }
    expect(leader.seen.length).to.equal(100);
  });

  it('asks it with the first request after it has started again, at the same address or another', async () => {
    const { feed, follower, leader, ask } = await scene();
    expect(await ask()).to.equal('200 {"yes":0}');
    await leader.stop();
    expect(await ask()).to.match(/^503 the leader leader could not be asked: /);
    const again = await startLeader(feed, answerYes, leader.port);
    expect(await ask()).to.equal('200 {"yes":0}');
    const elsewhere = await startLeader(feed);
    follower.know({ port: elsewhere.port });
    expect(await ask()).to.equal('200 {"yes":0}');
    expect([again.seen.length, elsewhere.seen.length]).to.deep.equal([1, 1]);
  });

  it('tells no stranger at the address of the leader a word', async () => {
    const { follower, leader, ask } = await scene();
    const stranger = await startStranger(new HandFeed());
    follower.know({ port: stranger.port });
    expect(await ask()).to.match(/^503 the leader leader could not be asked: .*certificate/);
    expect(await ask('/x?other')).to.match(/^503 /);
    await pause(50);
    expect(stranger.heard()).to.equal('');
    expect(leader.seen).to.deep.equal([]);
    expect(follower.lines.filter((line) => line.includes(tokens.agents))).to.deep.equal([]);
    const said = follower.lines.map((line) => JSON.parse(line)).filter(({ level }) => level === 'warn');
    expect(said[0]).to.include({ leader: 'leader', msg: 'a request could not be passed on to the leader' });
  });

  it('tells no stranger a word that has taken the place of a leader it has asked before', async () => {
    const { leader, ask } = await scene();
    expect(await ask()).to.equal('200 {"yes":0}');
    await leader.stop();
    const stranger = await startStranger(new HandFeed(), leader.port);
    expect(await ask()).to.match(/^503 the leader leader could not be asked: .*certificate/);
    await pause(50);
    expect(stranger.heard()).to.equal('');
  });

  it('tells nobody a word whose certificate is by its own authority and for another name', async () => {
    const { feed, follower, ask } = await scene(answerYes, { serverName: 'other.datadog.svc' });
    const stranger = await startStranger(feed);
    follower.know({ port: stranger.port });
    expect(await ask()).to.match(/^503 the leader leader could not be asked: .*other\.datadog\.svc/);
    await pause(50);
    expect(stranger.heard()).to.equal('');
  });
});

describe('a leader in trouble', () => {
  afterEach(async () => {
    await Promise.all(closers.splice(0).map((close) => close()));
    await endScenes();
  });

  const quick = { answerMs: 300, totalMs: 2_500 };

  it('that takes connections and says nothing costs a request its limit, and no more', async () => {
    const { follower, ask } = await scene(answerYes, quick);
    const mute = await startMute();
    closers.push(mute.stop);
    follower.know({ port: mute.port });
    const [outcome, ms] = await took(Promise.all([ask(), ask(), ask()]));
    for (const one of outcome) expect(one).to.match(/^503 the leader leader could not be asked: /);
    expect(ms).to.be.within(250, 2_400);
  });

  it('that takes requests and answers none costs each its limit, and no more', async () => {
    const { ask } = await scene(() => {}, quick);
    const [outcome, ms] = await took(Promise.all([ask(), ask(), ask()]));
    for (const one of outcome)
      expect(one).to.match(/^503 the leader leader could not be asked: .*[Tt]imeout/);
    expect(ms).to.be.within(250, 2_400);
  });

  it('that answers a byte now and then costs each request the limit of the whole, and no more', async () => {
    const { ask } = await scene(
      (_seen, response) => {
        response.setHeader('Content-Length', 1_000);
        const drip = (): void => {
          if (response.destroyed) return;
          if (response instanceof ServerResponse) response.write('x');
          setTimeout(drip, 50);
        };
        drip();
      },
      { answerMs: 300, totalMs: 700 },
    );
    const [outcome, ms] = await took(ask());
    expect(outcome).to.equal('503 the leader leader could not be asked: no answer within 700 ms');
    expect(ms).to.be.within(650, 1_500);
  });

  it('that breaks off its answer is told as such, and whole answers alone come back', async () => {
    const { ask } = await scene((_seen, response) => {
      response.setHeader('Content-Length', 1_000);
      if (response instanceof ServerResponse) response.write('x'.repeat(500));
      setTimeout(() => response.destroy(), 20);
    });
    expect(await ask()).to.match(/^503 the leader leader could not be asked: /);
  });

  it('that answers at too great a length is told as such', async () => {
    const { ask } = await scene((_seen, response) => response.end('x'.repeat(1_001)), {
      maxBodyBytes: 1_000,
    });
    expect(await ask()).to.equal(
      '503 the leader leader could not be asked: its answer is longer than 1000 bytes',
    );
  });
});

describe('the bounds of a follower', () => {
  afterEach(async () => {
    await Promise.all(closers.splice(0).map((close) => close()));
    await endScenes();
  });

  it('let a hundred requests wait for the leader, and refuse the next at once', async () => {
    const held: (() => void)[] = [];
    const { follower, ask } = await scene((_seen, response) => void held.push(() => response.end('yes')));
    const agent = new Agent({ maxSockets: 100, rejectUnauthorized: false });
    const waiting = Array.from({ length: 100 }, () => statusOf({ agent, port: follower.port }));
    await until(() => held.length === 100);
    const [refused, ms] = await took(ask());
    expect(refused).to.equal('503 100 requests wait for the leader already');
    expect(ms).to.be.lessThan(1_000);
    for (const answer of held) answer();
    expect(await Promise.all(waiting)).to.deep.equal(Array(100).fill(200));
    const last = ask();
    await until(() => held.length === 101);
    held[100]?.();
    expect(await last).to.equal('200 yes');
    agent.destroy();
  });

  it('take a body of a mebibyte, and answer 413 to a byte more', async () => {
    const { client, leader } = await scene();
    const post = (length: number) => client.ask('/x', { method: 'POST', body: 'x'.repeat(length) });
    expect((await post(1_048_576)).text).to.equal('{"yes":1048576}');
    const refused = await post(1_048_577);
    expect([refused.status, refused.text]).to.deep.equal([413, 'the body is longer than 1048576 bytes\n']);
    expect(leader.seen.length).to.equal(1);
  });

  it('make who sends slowly wait alone, and not for ever', async () => {
    const { follower, leader, ask } = await scene(answerYes, { maxInFlight: 1, totalMs: 600 });
    const agent = new Agent({ maxSockets: 5, rejectUnauthorized: false });
    const slow = Array.from({ length: 5 }, () => statusOf({ agent, port: follower.port, drips: 1_000 }));
    await pause(100);
    expect(await ask()).to.equal('200 {"yes":0}');
    expect(await Promise.all(slow)).to.deep.equal(Array(5).fill(408));
    expect(leader.seen.length).to.equal(1);
    agent.destroy();
  });
});

/** The status that a request of its own connection gets. With `drips` its body comes a byte at a time and never ends. */
function statusOf(options: {
  readonly agent: Agent;
  readonly port: number;
  readonly drips?: number;
}): Promise<number> {
  const { agent, port, drips } = options;
  return new Promise((resolve, reject) => {
    const framing = drips === undefined ? {} : { method: 'POST', headers: { 'content-length': drips } };
    const sent = request({ host: '127.0.0.1', port, agent, ...framing }, (received) => {
      received.resume();
      received.once('end', () => resolve(received.statusCode ?? 0));
    });
    sent.once('error', reject);
    if (drips === undefined) sent.end();
    const drip = (): void => {
      if (sent.destroyed || drips === undefined) return;
      sent.write('x');
      setTimeout(drip, 50);
    };
    drip();
  });
}
