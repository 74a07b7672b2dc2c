import { check } from '../expect.js';
import { checkAllServed, untilElected } from '../reads.js';
import type { Scenario } from '../scenario.js';
import { leaseSeconds } from '../world.js';

/** The notice of 2 s, then draining of at most 5 s beside giving the lease up for at most 5 s, and a moment. */
const endBoundMs = 9_000;
/** Lease, and the longest wait until a follower looks again. */
const takeoverBoundMs = (leaseSeconds + leaseSeconds / 4 + 1) * 1000;

/** A node is drained while its network to kube-apiserver is dead: the lease cannot be given up, only run out. */
export const partitionedLeaderTerminated: Scenario = {
  id: '2b',
  title: 'SIGTERM of a leader cut off from kube-apiserver',
  isLong: true,
  async run(world) {
    const { fleet } = world;
    const leader = await world.holder();
    const survivor = await world.follower();
    const fromMs = Date.now();
    fleet.proxy(leader).freeze();
    const ended = fleet.terminate(leader).then((ending) => ({ ending, tookMs: Date.now() - fromMs }));
    const { holder, fromMs: heldFromMs } = await untilElected(world, fromMs + 1);
    check(holder === survivor, () => `${holder} got the lease`);
    const tookMs = heldFromMs - fromMs;
    check(tookMs <= takeoverBoundMs, () => `the takeover took ${tookMs} ms, more than ${takeoverBoundMs}`);
    const end = await ended;
    check(
      end.ending === 'exit code 0' && end.tookMs <= endBoundMs,
      () => `${leader} ended after ${end.tookMs} ms with ${end.ending}`,
    );
    fleet.proxy(leader).thaw();
    await fleet.start(leader);
    const recoverySeconds = await world.untilWell('the partition', { fromMs });
    for (const via of ['aggregator', survivor]) checkAllServed(world, via, { fromMs });
    const seconds = (ms: number): string => (ms / 1000).toFixed(1);
    return {
      recoverySeconds,
      note: `taken over after ${seconds(tookMs)} s; it ended with code 0 after ${seconds(end.tookMs)} s`,
    };
  },
};
