import type { DatadogFault } from '../../../simulator/datadog/faults.js';
import { until } from '../../control-plane/waiting.js';
import {
  checkAvailable,
  checkServedUntilTooOld,
  checkUnnoticed,
  sleepUntil,
  untilConditionHolds,
  untilConditionSays,
} from '../datadog-outage.js';
import { check } from '../expect.js';
import type { Scenario, Size } from '../scenario.js';
import { type FaultWorld, maxAgeMs } from '../world.js';

/** A 429 with these headers, and how long a cluster agent must then be silent. */
interface Budget {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly withoutHeaders?: readonly string[];
  readonly silentMs: number;
}

const period = { 'x-ratelimit-limit': '100', 'x-ratelimit-period': '12' };

/** An absurd or a missing reset must not silence the agent for longer than Datadog's own period. */
const budgets: Readonly<Record<Size, readonly Budget[]>> = {
  short: [{ name: 'reset in 4 s', headers: { ...period, 'x-ratelimit-reset': '4' }, silentMs: 4_000 }],
  long: [
    { name: 'reset in 3 years', headers: { ...period, 'x-ratelimit-reset': '99999999' }, silentMs: 12_000 },
    { name: 'no reset', headers: period, withoutHeaders: ['x-ratelimit-reset'], silentMs: 12_000 },
  ],
};

const cause =
  /Datadog's rate limit for queries of 100 calls per 12 s is used up; no query before \d{4}-\d\d-\d\dT[\d:]+Z/;
const timerSlackMs = 20;
/** Until the first query after the pause: one refresh. Then what the way to the readers takes. */
const boundSeconds = 1 + 1.5;

/** Datadog's budget is used up: it is obeyed, and values are served for as long as they may be. */
export const datadogRateLimit: Scenario = {
  id: '3e',
  title: 'Datadog answers 429',
  refusals: [new RegExp(`^stale: the newest point is too old to scale on.*${cause.source}`)],
  run: async (world, size) => {
    const notes: string[] = [];
    let recoverySeconds = 0;
    for (const budget of budgets[size]) {
      const { seconds, note } = await useUp(world, budget);
      recoverySeconds = Math.max(recoverySeconds, seconds);
      notes.push(note);
    }
    await checkAvailable(world);
    return { recoverySeconds, note: notes.join('; ') };
  },
};

async function useUp(
  world: FaultWorld,
  budget: Budget,
): Promise<{ readonly seconds: number; readonly note: string }> {
  const { datadogs } = world;
  const leader = await world.holder();
  const fromMs = Date.now();
  datadogs.always(toFault(budget));
  const refusedAtMs = await untilRefused(world, leader);
  datadogs.heal();
  const resetAtMs = refusedAtMs + budget.silentMs;
  const isNoticed = budget.silentMs > maxAgeMs + 1_500;
  if (isNoticed)
    await untilConditionSays(world, 'hpa shop/follows-2', [
      /stale: the newest point is too old/,
      /query avg:queue\.depth\{queue:mail\}/,
      cause,
    ]);
  await sleepUntil(resetAtMs, 0);
  const seconds = await world.untilWell('the reset', { fromMs: resetAtMs });
  check(seconds <= boundSeconds, () => `${budget.name}: well ${seconds} s after, expected ${boundSeconds}`);
  const silentMs = silenceAfter(world, leader, refusedAtMs);
  check(
    silentMs >= budget.silentMs - timerSlackMs && silentMs <= budget.silentMs + 2_000,
    () => `${budget.name}: asked again after ${silentMs} ms, expected ${budget.silentMs}`,
  );
  const outage = { fromMs, untilMs: resetAtMs };
  if (isNoticed) checkServedUntilTooOld(world, outage);
  else checkUnnoticed(world, outage);
  await untilConditionHolds(world, 'hpa shop/follows-2');
  return { seconds, note: `${budget.name}: silent for ${(silentMs / 1000).toFixed(1)} s` };
}

function toFault({ headers, withoutHeaders }: Budget): DatadogFault {
  const fault = { kind: 'status', status: 429, headers } as const;
  return withoutHeaders === undefined ? fault : { ...fault, withoutHeaders };
}

/** Before it answers, the fault is there already: the latest 429 is the one to obey. */
async function untilRefused({ datadogs }: FaultWorld, leader: string): Promise<number> {
  const call = await until(
    'a query to be refused with 429',
    async () =>
      datadogs
        .queriesOf(leader)
        .findLast(({ status, atMonotonicMs }) => status === 429 && performance.now() - atMonotonicMs < 1_000),
    { pollMs: 20 },
  );
  return performance.timeOrigin + call.atMonotonicMs;
}

/** How long no query came, whoever leads by now. */
function silenceAfter({ datadogs, fleet }: FaultWorld, leader: string, fromMs: number): number {
  const calls = fleet
    .all()
    .flatMap((name) => datadogs.queriesOf(name))
    .map(({ atMonotonicMs }) => performance.timeOrigin + atMonotonicMs)
    .filter((atMs) => atMs > fromMs + 1);
  check(calls.length > 0, () => `nobody asked after the reset; ${leader} led`);
  return Math.min(...calls) - fromMs;
}
