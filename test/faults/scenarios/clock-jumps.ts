import { setTimeout as sleep } from 'node:timers/promises';
import { checkServedUntilTooOld, sleepUntil } from '../datadog-outage.js';
import { check } from '../expect.js';
import { ReplicaClock } from '../replica-clock.js';
import type { Scenario, Size } from '../scenario.js';
import { type FaultWorld, maxAgeMs } from '../world.js';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** How far the clock is ahead, one after the other; each time it is set right again afterwards, a jump the other way. */
const jumps: Readonly<Record<Size, readonly number[]>> = {
  short: [hourMs, -hourMs],
  long: [hourMs, -hourMs, 30 * dayMs],
};
const shortMs = 2_500;

/** Until the replica hears the API server, which it does at the latest when a watch of two seconds ends. */
const unsureMs = 3_000;
/** One refresh, and the way to the readers. */
const recoveryBoundSeconds = 1 + 1.5;

const named =
  /the clock of this replica is \d+ (s|min) (ahead of|behind) Datadog's and \d+ (s|min) (ahead of|behind) the API server's/;

/** What a replica may say until it knows that its own clock is the wrong one. */
const refusals = [new RegExp(`^(stale|future): .*\\(this replica .*${named.source}`)];

/** The wall clock of one replica is wrong, its monotonic one is not; the leader's first, then the follower's. */
const clockJumps: Scenario = {
  id: '7a',
  title: 'the clock of a replica jumps an hour, back',
  refusals,
  run: async (world, size) => {
    const clocks = await installClocks(world);
    const leader = await world.holder();
    const follower = await world.follower();
    let recoverySeconds = 0;
    const lost: string[] = [];
    for (const [role, name] of Object.entries({ leader, follower })) {
      let reads = 0;
      for (const [turn, offsetMs] of jumps[size].entries()) {
        // Once for longer than values live.
        const lastsMs = size === 'long' && turn === 0 ? maxAgeMs + 2_000 : shortMs;
        const seen = await jump(world, { clocks, name, offsetMs, lastsMs });
        recoverySeconds = Math.max(recoverySeconds, seen.recoverySeconds);
        reads += seen.lost;
      }
      lost.push(`${reads} on the ${role}`);
    }
    check((await world.holder()) === leader, () => 'a wrong clock moved the leadership');
    const note = `${jumps[size].length} jumps each; reads lost until judged: ${lost.join(', ')}; 0 on the other`;
    return { recoverySeconds, note };
  },
};

interface Jump {
  readonly clocks: ReadonlyMap<string, ReplicaClock>;
  readonly name: string;
  readonly offsetMs: number;
  readonly lastsMs: number;
}

async function jump(
  world: FaultWorld,
  { clocks, name, offsetMs, lastsMs }: Jump,
): Promise<{ readonly recoverySeconds: number; readonly lost: number }> {
  const what = `a jump of ${name} by ${offsetMs / 1000} s`;
  await world.fleet.markLogs();
  const fromMs = Date.now();
  clocks.get(name)?.set(offsetMs);
  await sleep(lastsMs);
  const rightAtMs = Date.now();
  clocks.get(name)?.set(0);
  const recoverySeconds = await world.untilWell(what, { fromMs: rightAtMs });
  check(recoverySeconds <= recoveryBoundSeconds, () => `${what}: well ${recoverySeconds} s after its end`);
  await checkNoticed(world, name, what);
  const failed = world.recorder.answers.filter(
    ({ sentAtMs, outcome }) => sentAtMs >= fromMs && outcome.kind !== 'value',
  );
  const wrong = failed.filter(
    ({ via, sentAtMs }) =>
      (via !== name && via !== 'aggregator') || (sentAtMs > fromMs + unsureMs && sentAtMs < rightAtMs),
  );
  check(
    wrong.length === 0,
    () => `${what}: reads were lost needlessly: ${JSON.stringify(wrong.slice(0, 3))}`,
  );
  return { recoverySeconds, lost: failed.filter(({ via }) => via === name).length };
}

/** The replica's own word that it met the fault. */
async function checkNoticed({ fleet }: FaultWorld, name: string, what: string): Promise<void> {
  const log = (await fleet.traffic()).find(({ replica }) => replica === name)?.log ?? '';
  const isNoticed = log.split('\n').some((line) => line.includes('it goes by theirs') && named.test(line));
  check(isNoticed, () => `${what}: its log does not name the clock`);
}

/** Clocks that are set back make no value younger; the others' clocks, known by the second, make it a little older. */
const clocksBackInOutage: Scenario = {
  id: '7b',
  title: 'Datadog is down, and clocks are set back 30 s',
  isLong: true,
  refusals: [...refusals, /^stale: .*127\.0\.0\.1:\d+ cannot be reached \(connect ECONNREFUSED/],
  run: async (world) => {
    const clocks = await installClocks(world);
    const fromMs = Date.now();
    await world.datadogs.stop();
    await sleepUntil(fromMs, maxAgeMs / 2);
    for (const clock of clocks.values()) clock.set(-30_000);
    await sleepUntil(fromMs, maxAgeMs + 3_000);
    const untilMs = Date.now();
    for (const clock of clocks.values()) clock.set(0);
    await world.datadogs.resume();
    const recoverySeconds = await world.untilWell('clocks set back', { fromMs: untilMs });
    const oldest = checkServedUntilTooOld(world, { fromMs, untilMs, earlyMs: 1_000 });
    return { recoverySeconds, note: `served until ${oldest.toFixed(1)} s old all the same` };
  },
};

async function installClocks(world: FaultWorld): Promise<ReadonlyMap<string, ReplicaClock>> {
  const names = world.fleet.names().filter((name) => world.fleet.phase(name) === 'running');
  const clocks = new Map(names.map((name) => [name, new ReplicaClock(world, name)]));
  for (const clock of clocks.values()) await clock.install();
  await world.untilWell('a rolling restart');
  return clocks;
}

export const wrongClocks: readonly Scenario[] = [clockJumps, clocksBackInOutage];
