import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../control-plane/waiting.js';
import { check } from '../expect.js';
import { grownOld } from '../grown-old.js';
import type { Tenure } from '../invariants.js';
import { checkAllServed, readsOf, untilAsking, untilElected } from '../reads.js';
import type { Scenario, Size } from '../scenario.js';
import { untilFenced } from '../shared-metrics.js';
import { type FaultWorld, leaseSeconds, maxAgeMs } from '../world.js';

/** How long the partition goes on after the other replica has taken over. */
const afterTakeoverMs: Readonly<Record<Size, readonly number[]>> = {
  short: [1_500],
  long: [0, 6_000],
};

/** Lease, and the longest wait until a follower looks again. */
const takeoverBoundMs = (leaseSeconds + leaseSeconds / 4 + 1) * 1000;

/** Nothing passes between the leader and kube-apiserver any more, silently; Datadog it reaches as before. */
export const leaderPartitioned: Scenario = {
  id: '1c',
  title: 'the leader cut off from kube-apiserver',
  refusals: [grownOld],
  async run(world, size) {
    const figures: string[] = [];
    let recoverySeconds = 0;
    for (const restMs of afterTakeoverMs[size]) {
      const leader = await world.holder();
      const follower = await world.follower();
      const before = world.datadogs.queriesOf(follower).length;
      const { cutAtMs, tenure } = await cutOff(world, leader);
      await untilAsking(world, follower, before);
      await untilFenced(world, tenure);
      await sleep(restMs);
      const healedAtMs = await heal(world, leader);
      const quietMs = tenure.fromMs - checkSteppedDown(world, leader, tenure);
      recoverySeconds = Math.max(
        recoverySeconds,
        await world.untilWell('the partition', { fromMs: healedAtMs }),
      );
      checkHeldBack(world, leader, cutAtMs);
      checkServing(world, leader, { fromMs: cutAtMs, untilMs: healedAtMs });
      figures.push(`${(quietMs / 1000).toFixed(1)} s`);
    }
    return { recoverySeconds, note: `it fell silent before the other took over by ${figures.join(', ')}` };
  },
};

/** As above while Datadog does not answer the successor, so that it has nothing new to write at first. */
export const leaderPartitionedDatadogHanging: Scenario = {
  id: '1e',
  title: 'the leader cut off, its successor without Datadog',
  isLong: true,
  refusals: [grownOld],
  async run(world) {
    const leader = await world.holder();
    const follower = await world.follower();
    const release = world.datadogs.of(follower).faults.always({ kind: 'hang' });
    const { cutAtMs, tenure } = await cutOff(world, leader);
    await untilFenced(world, tenure);
    const healedAtMs = await heal(world, leader);
    await until('the write that was held back to be answered', async () =>
      heldBack(world, leader, cutAtMs).every(({ status }) => status !== undefined) ? true : undefined,
    );
    checkHeldBack(world, leader, cutAtMs);
    checkSteppedDown(world, leader, tenure);
    await sleep(2_000);
    release();
    const recoverySeconds = await world.untilWell('the return of Datadog', { fromMs: healedAtMs });
    return { recoverySeconds, note: 'a write held back across the change of hands was refused' };
  },
};

/** Returns when the other replica has taken over. */
async function cutOff(
  world: FaultWorld,
  leader: string,
): Promise<{ readonly cutAtMs: number; readonly tenure: Tenure }> {
  const cutAtMs = Date.now();
  world.fleet.proxy(leader).freeze();
  const tenure = await untilElected(world, cutAtMs + 1_000);
  check(tenure.holder !== leader, () => `${leader} renewed its lease through a frozen proxy`);
  const tookMs = tenure.fromMs - cutAtMs;
  check(tookMs <= takeoverBoundMs, () => `the takeover took ${tookMs} ms, more than ${takeoverBoundMs}`);
  return { cutAtMs, tenure };
}

async function heal({ fleet }: FaultWorld, leader: string): Promise<number> {
  fleet.proxy(leader).thaw();
  return Date.now();
}

/** By its own clock, since it heard of nothing; answers when it asked Datadog for the last time. */
function checkSteppedDown({ datadogs }: FaultWorld, leader: string, tenure: Tenure): number {
  const lastAtMs = performance.timeOrigin + (datadogs.queriesOf(leader).at(-1)?.atMonotonicMs ?? 0);
  check(
    lastAtMs < tenure.fromMs,
    () => `${leader} asked Datadog ${lastAtMs - tenure.fromMs} ms after the takeover`,
  );
  return lastAtMs;
}

/** Writes to the shared metrics that the proxy got after the cut. */
function heldBack({ fleet }: FaultWorld, leader: string, cutAtMs: number) {
  const lastMs = cutAtMs + leaseSeconds * 1000;
  return fleet
    .proxy(leader)
    .requests.filter(
      ({ method, path, startedAtMs }) =>
        method === 'PUT' && path.includes('/configmaps/') && startedAtMs >= cutAtMs && startedAtMs < lastMs,
    );
}

function checkHeldBack(world: FaultWorld, leader: string, cutAtMs: number): void {
  const writes = heldBack(world, leader, cutAtMs);
  check(writes.length > 0, () => `${leader} tried to write nothing while it was cut off`);
  check(
    writes.every(({ status }) => status === 409),
    () => `writes held back were answered with ${writes.map(({ status }) => status).join(', ')}`,
  );
}

/** What it holds is served on until it is too old. */
function checkServing(
  world: FaultWorld,
  leader: string,
  { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number },
): void {
  checkAllServed(world, leader, { fromMs, untilMs: Math.min(untilMs, fromMs + maxAgeMs) });
  check(readsOf(world, leader, { fromMs, untilMs }).length > 20, () => `${leader} was hardly asked`);
}
