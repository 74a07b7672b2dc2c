import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../control-plane/waiting.js';
import { check, since } from '../expect.js';
import { grownOld } from '../grown-old.js';
import { checkAllServed, readsOf, untilAsking } from '../reads.js';
import type { Scenario, Size } from '../scenario.js';
import { type FaultWorld, leaseSeconds, maxAgeMs } from '../world.js';

/** For how long the leader stands still, in each round; longer than the lease, and than any value may be old. */
const pausesMs: Readonly<Record<Size, readonly number[]>> = {
  short: [12_000],
  long: [20_000],
};

/** Lease, and the longest wait until a follower looks again. */
const failoverBoundSeconds = leaseSeconds + leaseSeconds / 4 + 1;
/** From the judgement of a value's age to the arrival of the answer. */
const transitMs = 100;

/** The leader stands still, as on a node that swaps, and goes on where it stopped, long after its time. */
export const leaderFrozen: Scenario = {
  id: '1b',
  title: 'SIGSTOP of the leader, and SIGCONT',
  refusals: [
    // What it held when it stood still has become too old meanwhile.
    grownOld,
    // Until probes have told it, kube-apiserver opens connections to a process that does not answer.
    /^error trying to reach service: .*(timeout|i\/o timeout|EOF)/,
    // Its own look at the API went to the same process.
    /^service unavailable\s*$/,
  ],
  // On a connection that stands, kube-apiserver waits for a process that does not answer; kubelet would end it.
  broken: [/^aggregator$/],
  async run(world, size) {
    const stalls: number[] = [];
    let recoverySeconds = 0;
    for (const pauseMs of pausesMs[size]) {
      const leader = await world.holder();
      const frozenAtMs = Date.now();
      const thawedAtMs = await freeze(world, leader, pauseMs);
      stalls.push(stallSeconds(world, frozenAtMs));
      recoverySeconds = Math.max(recoverySeconds, await world.untilWell('SIGCONT', { fromMs: thawedAtMs }));
      checkFirstAnswers(world, leader, thawedAtMs);
    }
    const note = `through kube-apiserver no answer for up to ${stalls.map((value) => value.toFixed(1)).join(', ')} s`;
    return { recoverySeconds, note };
  },
};

/** Returns when the former leader goes on, and knows that it does not lead any more. */
async function freeze(world: FaultWorld, leader: string, pauseMs: number): Promise<number> {
  const { fleet, datadogs } = world;
  const survivor = await world.follower();
  const before = datadogs.queriesOf(survivor).length;
  const frozenAtMs = Date.now();
  fleet.freeze(leader);
  const askedAtMs = await untilAsking(world, survivor, before);
  const seconds = (askedAtMs - frozenAtMs) / 1000;
  check(
    seconds <= failoverBoundSeconds,
    () => `the survivor took ${seconds} s, more than ${failoverBoundSeconds}`,
  );
  await sleep(pauseMs - since(frozenAtMs) * 1000);
  const heard = (await fleet.replica(leader).log()).length;
  const thawedAtMs = Date.now();
  fleet.thaw(leader);
  await until(`${leader} to notice that it has lost the lead`, async () =>
    (await fleet.replica(leader).log()).slice(heard).includes('this replica does not lead any more')
      ? true
      : undefined,
  );
  check((await world.holder()) === survivor, () => `${survivor} lost the lease to the one that was frozen`);
  checkAllServed(world, survivor, { fromMs: frozenAtMs });
  return thawedAtMs;
}

/** The longest time in which no read through kube-apiserver was answered with a value. */
function stallSeconds(world: FaultWorld, fromMs: number): number {
  const served = readsOf(world, 'aggregator', { fromMs })
    .filter(({ outcome }) => outcome.kind === 'value')
    .map(({ receivedAtMs }) => receivedAtMs)
    .sort((one, other) => one - other);
  const gaps = served.map((atMs, index) => atMs - (served[index - 1] ?? fromMs));
  return Math.max(0, ...gaps, Date.now() - (served.at(-1) ?? fromMs)) / 1000;
}

/** Requests lay waiting when it went on: their answers too are judged at the moment of answering. */
function checkFirstAnswers(world: FaultWorld, replica: string, thawedAtMs: number): void {
  const first = world.recorder.answers.filter(
    ({ via, outcome, sentAtMs, receivedAtMs }) =>
      via === replica &&
      outcome.kind !== 'broken' &&
      receivedAtMs >= thawedAtMs &&
      sentAtMs < thawedAtMs + 1_000,
  );
  check(first.length > 0, () => `nobody asked ${replica} when it went on`);
  for (const { outcome, receivedAtMs } of first)
    check(
      outcome.kind !== 'value' || receivedAtMs - outcome.timestampMs <= maxAgeMs + transitMs,
      () => `${replica} went on with an answer too old: ${JSON.stringify(outcome)} at ${receivedAtMs}`,
    );
}
