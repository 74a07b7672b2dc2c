import { until } from '../../control-plane/waiting.js';
import { check, since } from '../expect.js';
import type { Scenario, Size } from '../scenario.js';
import { type FaultWorld, leaseSeconds } from '../world.js';

const rounds: Readonly<Record<Size, number>> = { short: 1, long: 2 };

/** Lease, and the longest wait until a follower looks again. */
const failoverBoundSeconds = leaseSeconds + leaseSeconds / 4 + 1;

/** The leader's process is gone from one moment to the next; kubelet starts another in its pod. */
export const leaderKilled: Scenario = {
  id: '1a',
  title: 'kill -9 of the leader',
  // Until probes have told it, kube-apiserver goes on to connect to the replica that is gone.
  refusals: [/error trying to reach service: .*(connection refused|connection reset|EOF)/],
  async run(world, size) {
    const failovers: number[] = [];
    let recoverySeconds = 0;
    for (let round = 0; round < rounds[size]; round += 1) {
      const fromMs = Date.now();
      failovers.push(await failover(world));
      recoverySeconds = Math.max(recoverySeconds, await world.untilWell('the failover', { fromMs }));
    }
    const note = `the survivor asked Datadog after ${failovers.map((value) => value.toFixed(1)).join(', ')} s`;
    return { recoverySeconds, note };
  },
};

/** Seconds from the end of the leader to the first query of its successor. */
async function failover(world: FaultWorld): Promise<number> {
  const { fleet, datadogs, recorder } = world;
  const leader = await world.holder();
  const survivor = await world.follower();
  const before = datadogs.queriesOf(survivor).length;
  const killedAtMs = Date.now();
  await fleet.kill(leader);
  await until('the survivor to ask Datadog', async () =>
    datadogs.queriesOf(survivor).length > before ? true : undefined,
  );
  const seconds = since(killedAtMs);
  check(
    seconds <= failoverBoundSeconds,
    () => `the survivor took ${seconds} s, more than ${failoverBoundSeconds}`,
  );
  const lost = recorder.answers.filter(
    ({ via, sentAtMs, outcome }) => via === survivor && sentAtMs >= killedAtMs && outcome.kind !== 'value',
  );
  check(lost.length === 0, () => `reads lost on the survivor: ${JSON.stringify(lost.slice(0, 3))}`);
  await fleet.start(leader);
  return seconds;
}
