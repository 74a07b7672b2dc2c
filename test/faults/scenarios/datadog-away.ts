import type { DatadogFault } from '../../../simulator/datadog/faults.js';
import {
  checkAvailable,
  checkServedUntilTooOld,
  checkUnnoticed,
  sleepUntil,
  untilConditionHolds,
  untilConditionSays,
  untilLogSays,
} from '../datadog-outage.js';
import { type Way, ways } from '../datadog-ways.js';
import { check } from '../expect.js';
import type { Scenario, Size } from '../scenario.js';
import { type FaultWorld, maxAgeMs } from '../world.js';

/** Values were up to 2.5 s old when it began, so that all are too old by the end. */
const beyondAgeMs = maxAgeMs + 2_000;
/** One refresh, and what the way from Datadog to a reader takes on a busy machine: copies, and the turn of the metric. */
const refreshBoundSeconds = 1 + 1.5;
/** What goes wrong on the way to Datadog, for a while or for longer than values may be served. */
export const datadogAway: readonly Scenario[] = ways.map((way) => ({
  id: way.id,
  title: way.title,
  refusals: [new RegExp(`^stale: the newest point is too old to scale on.*${way.cause.source}`)],
  isLong: way.isLong ?? false,
  ...(way.forbidden === undefined ? {} : { forbidden: way.forbidden }),
  run: async (world, size) => {
    const lastsMs = (size === 'short' ? way.shortMs : undefined) ?? beyondAgeMs;
    const isNoticed = lastsMs > maxAgeMs;
    const fromMs = Date.now();
    await world.fleet.markLogs();
    await play(world, faultsIn(way, size), lastsMs);
    await untilLogSays(world, way.cause);
    if (isNoticed) await untilConditionSays(world, 'hpa shop/follows-2', wordsOf(way));
    const untilMs = Date.now();
    if (way.faults.length === 0) await world.datadogs.resume();
    else world.datadogs.heal();
    const outage = { fromMs, untilMs };
    const recoverySeconds = await world.untilWell(way.title, { fromMs: untilMs });
    const boundSeconds = refreshBoundSeconds + (way.callSeconds ?? 0);
    check(
      recoverySeconds <= boundSeconds,
      () => `all was well ${recoverySeconds} s after, expected ${boundSeconds} s at most`,
    );
    await untilConditionHolds(world, 'hpa shop/follows-2');
    await checkAvailable(world);
    const lasted = `lasted ${((untilMs - fromMs) / 1000).toFixed(1)} s`;
    if (isNoticed) {
      const oldest = checkServedUntilTooOld(world, outage).toFixed(1);
      return { recoverySeconds, note: `${lasted}: served until ${oldest} s old, then refused` };
    }
    checkUnnoticed(world, outage);
    return { recoverySeconds, note: `${lasted}: no read failed` };
  },
}));

/** A call that hangs takes three seconds, so that the short run has time for one such fault. */
function faultsIn({ faults, callSeconds }: Way, size: Size): readonly DatadogFault[] {
  return size === 'short' && callSeconds !== undefined ? faults.slice(0, 1) : faults;
}

function wordsOf({ cause }: Way): readonly RegExp[] {
  return [/stale: the newest point is too old/, /query avg:queue\.depth\{queue:mail\}/, cause];
}

/** The faults in turn, each seen by a query, for the whole time. */
async function play(
  { datadogs, holder }: FaultWorld,
  faults: readonly DatadogFault[],
  lastsMs: number,
): Promise<void> {
  const startedAtMs = Date.now();
  if (faults.length === 0) {
    await datadogs.stop();
    return sleepUntil(startedAtMs, lastsMs);
  }
  for (const [turn, fault] of faults.entries()) {
    const leader = await holder();
    const before = datadogs.queriesOf(leader).length;
    datadogs.heal();
    datadogs.always(fault);
    await sleepUntil(startedAtMs, (lastsMs * (turn + 1)) / faults.length);
    check(datadogs.queriesOf(leader).length > before, () => `no query met ${JSON.stringify(fault)}`);
  }
}
