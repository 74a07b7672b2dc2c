import { expect } from 'chai';
import { tokens } from '../../simulator/stand-ins.js';
import { endScenes, HandFeed } from '../unit/http/tls-scene.js';
import { startLeader, startMute } from './cmdapi-forwarder-scene.js';
import { agentService, node, replicaSlice } from './cmdapi-objects.js';
import { type Answer, type CommandReplica, CommandScene, eventually } from './cmdapi-scene.js';

const leaderStatus = '/api/v1/leader/status';

function podOf({ text }: Answer): unknown {
  return (JSON.parse(text) as { pod: unknown }).pod;
}

describe('two replicas', () => {
  let scene: CommandScene;
  let leader: CommandReplica;
  let follower: CommandReplica;
  const closers: (() => Promise<void>)[] = [];

  beforeEach(async () => {
    scene = new CommandScene();
    await scene.start();
    scene.cluster.apply(node('n1'));
    const settings = { DD_LEADER_ELECTION: 'true' };
    leader = await scene.replica({ name: 'dca-a', settings });
    await eventually(
      async () => {},
      () => leader.replica.app.isLeader(),
      () => 'nobody leads',
    );
    follower = await scene.replica({ name: 'dca-b', settings });
    for (const { replica, port } of [leader, follower])
      scene.cluster.apply(replicaSlice(replica.name, { port }));
    await untilAsked((answer) => answer.status === 200);
  });
  afterEach(async () => {
    await Promise.all(closers.splice(0).map((close) => close()));
    await endScenes();
    await scene.stop();
  });

  /** The first answer of the follower that is as wanted, within two seconds. */
  async function untilAsked(isWanted: (answer: Answer) => boolean): Promise<Answer> {
    let last: Answer | undefined;
    await eventually(
      async () => {
        last = await follower.client.ask(leaderStatus);
      },
      () => last !== undefined && isWanted(last),
      () => `the last answer was ${last?.status} ${last?.text}`,
      2_000,
    );
    return last as Answer;
  }

  it('give one answer where the leader alone knows it', async () => {
    for (const target of [leaderStatus, `${leaderStatus}?`, `${leaderStatus}?x=%2Fy;//&z`]) {
      const passedOn = await follower.client.ask(target);
      expect([passedOn.status, podOf(passedOn)]).to.deep.equal([200, 'dca-a']);
      expect(passedOn.headers).to.include({ 'x-dca-forwarded': 'true', 'content-type': 'application/json' });
    }
    const own = await leader.client.ask(leaderStatus);
    expect([own.status, podOf(own), own.headers['x-dca-forwarded']]).to.deep.equal([200, 'dca-a', undefined]);
    const head = await follower.client.ask(leaderStatus, { method: 'HEAD' });
    expect([head.status, head.text, head.headers['x-dca-forwarded']]).to.deep.equal([200, '', 'true']);
  });

  it('each answer what each of them knows', async () => {
    for (const { client, replica } of [leader, follower]) {
      const node1 = await client.ask('/api/v1/tags/pod/n1');
      expect([node1.status, node1.headers['x-dca-forwarded']]).to.deep.equal([200, undefined]);
      expect(podOf(await client.ask('/status', { token: tokens.local }))).to.equal(replica.name);
    }
  });

  it('pass on nothing that nobody was let in with', async () => {
    for (const [token, status] of [
      ['', 401],
      [tokens.local, 403],
    ] as const) {
      const answer = await follower.client.ask(leaderStatus, { token });
      expect([answer.status, answer.headers['x-dca-forwarded']]).to.deep.equal([status, undefined]);
    }
  });

  it('pass on nothing twice', async () => {
    const marked = { headers: { 'x-dca-follower-forwarded': 'true' } };
    const stopped = await follower.client.ask(leaderStatus, marked);
    expect([stopped.status, stopped.headers['x-dca-forwarded']]).to.deep.equal([508, undefined]);
    expect((await leader.client.ask(leaderStatus, marked)).status).to.equal(200);
  });

  it('say why, while the leader has no endpoint, and go on once it has', async () => {
    scene.cluster.remove('endpointslices', 'datadog', `${agentService.name}-dca-a`);
    const answer = await untilAsked(({ status }) => status !== 200);
    expect([answer.status, answer.text]).to.deep.equal([
      503,
      'failed to retrieve leader ip: the Service datadog/datadog-cluster-agent has no endpoint of the pod dca-a\n',
    ]);
    expect(answer.headers['retry-after']).to.equal('5');
    scene.cluster.apply(replicaSlice('dca-a', { port: leader.port }));
    expect(podOf(await untilAsked(({ status }) => status === 200))).to.equal('dca-a');
  });

  it('show no token to a stranger at the address of the leader', async () => {
    const stranger = await startLeader(new HandFeed());
    scene.cluster.apply(replicaSlice('dca-a', { port: stranger.port }));
    const answer = await untilAsked(({ status }) => status !== 200);
    expect(answer.status).to.equal(503);
    expect(answer.text).to.match(/^the leader dca-a could not be asked: .*certificate/);
    expect(stranger.seen).to.deep.equal([]);
    expect(follower.lines.join()).to.not.include(tokens.agents);
  });

  it('take the replica that leads after the one before has stopped', async () => {
    await leader.replica.stop();
    scene.cluster.remove('endpointslices', 'datadog', `${agentService.name}-dca-a`);
    const answer = await untilAsked(({ status }) => status === 200);
    expect([podOf(answer), answer.headers['x-dca-forwarded']]).to.deep.equal(['dca-b', undefined]);
  });

  it('say that nobody leads, while nobody does', async () => {
    await leader.replica.stop();
    await follower.replica.stop();
    scene.cluster.inject({ kind: 'status', status: 403 }, { resource: 'leases' });
    const lonely = await scene.replica({ name: 'dca-c', settings: { DD_LEADER_ELECTION: 'true' } });
    const answer = await lonely.client.ask(leaderStatus);
    expect([answer.status, answer.text, answer.headers['retry-after']]).to.deep.equal([
      503,
      'no leader is known at present\n',
      '5',
    ]);
  });

  it('wait five seconds for a leader that hangs, and answer all else meanwhile', async () => {
    const mute = await startMute();
    closers.push(mute.stop);
    scene.cluster.apply(replicaSlice('dca-a', { port: mute.port }));
    const beganMs = performance.now();
    let hasEnded = false;
    const hung = Promise.all(Array.from({ length: 5 }, () => untilHung(follower))).finally(() => {
      hasEnded = true;
    });
    let worstMs = 0;
    while (!hasEnded) {
      const askedMs = performance.now();
      expect((await follower.client.ask('/api/v1/tags/node/n1')).status).to.equal(200);
      worstMs = Math.max(worstMs, performance.now() - askedMs);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    for (const answer of await hung) expect(answer.status).to.equal(503);
    expect(performance.now() - beganMs).to.be.within(4_500, 7_500);
    expect(worstMs).to.be.lessThan(1_000);
    expect(mute.connections()).to.be.within(1, 10);
  });
});

/** The first answer that does not come from the leader of before. */
async function untilHung({ client }: CommandReplica): Promise<Answer> {
  for (;;) {
    const answer = await client.ask(leaderStatus);
    if (answer.status !== 200) return answer;
  }
}
