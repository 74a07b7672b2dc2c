import { until } from '../../control-plane/waiting.js';
import { checkServedUntilTooOld } from '../datadog-outage.js';
import { check } from '../expect.js';
import { readsOf } from '../reads.js';
import type { Scenario, Size } from '../scenario.js';
import { watchedMetrics } from '../watched.js';
import type { FaultWorld } from '../world.js';

const replicas = ['dca-0', 'dca-1'] as const;

type Restart = 'both at once' | 'one after the other';

const restarts: Readonly<Record<Size, readonly Restart[]>> = {
  short: ['both at once'],
  long: ['both at once', 'one after the other'],
};

/** A refresh, its answer and its way to the other replica. */
const recoveryBoundSeconds = 3;

/** What is left of a former life is in the ConfigMaps only. */
export const datadogAwayAtRestart: Scenario = {
  id: '9',
  title: 'all replicas restart while Datadog is down',
  refusals: [
    /^stale: (?=.*cannot be reached \(connect ECONNREFUSED)(?=.*last point \d+ s old, limit 10 s)/,
    /^error trying to reach service: .*(connection refused|connection reset|EOF)/,
    /^service unavailable\s*$/,
  ],
  async run(world, size) {
    const oldest: number[] = [];
    let recoverySeconds = 0;
    for (const restart of restarts[size]) {
      await world.datadogs.stop();
      const isBack = world.recorder.outage('all replicas');
      await carryOut(world, restart);
      isBack();
      const fromMs = Date.now();
      await untilRefused(world, fromMs);
      const untilMs = Date.now();
      oldest.push(checkServedUntilTooOld(world, { fromMs, untilMs }));
      await world.datadogs.resume();
      const seconds = await world.untilWell('the return of Datadog', { fromMs: untilMs });
      check(seconds <= recoveryBoundSeconds, () => `all was well only ${seconds} s after Datadog came back`);
      recoverySeconds = Math.max(recoverySeconds, seconds);
    }
    const ages = oldest.map((seconds) => seconds.toFixed(1)).join(', ');
    return { recoverySeconds, note: `values of a former life were served until they were ${ages} s old` };
  },
};

async function carryOut({ fleet }: FaultWorld, restart: Restart): Promise<void> {
  switch (restart) {
    case 'both at once':
      await Promise.all(replicas.map((name) => fleet.kill(name)));
      await Promise.all(replicas.map((name) => fleet.start(name)));
      break;
    case 'one after the other':
      for (const name of replicas) {
        await fleet.kill(name);
        await fleet.start(name);
      }
  }
}

/** By every way, and for every metric. */
async function untilRefused(world: FaultWorld, fromMs: number): Promise<void> {
  await until('all values to be too old', async () =>
    ['aggregator', ...replicas].every((via) => {
      const last = readsOf(world, via, { fromMs }).slice(-2 * watchedMetrics.length);
      return (
        last.length === 2 * watchedMetrics.length && last.every(({ outcome }) => outcome.kind === 'refused')
      );
    })
      ? true
      : undefined,
  );
}
