import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../control-plane/waiting.js';
import { deniedMeanwhile, notReadyYet, untilServed } from '../api-server-start.js';
import { check } from '../expect.js';
import { grownOld } from '../grown-old.js';
import { countWatches, healthOf, watchedAgainMs } from '../inspection.js';
import { checkAllServed } from '../reads.js';
import type { Finding, Scenario, Size } from '../scenario.js';
import { type FaultWorld, maxAgeMs } from '../world.js';

/** For how long it is away: less than a value may be old, and in the long run also more than that and the lease. */
const awayMs: Readonly<Record<Size, readonly number[]>> = { short: [3_500], long: [3_500, 14_000] };

/** From its return until everything is well. */
const recoveryBoundSeconds = 10;

/** What is newest is so old already when the outage begins. */
const youngMs = 4_500;
/** By then each replica must have tried to list what it watches, and failed more than once. */
const noticedMs = 10_000;
/** From the return of kube-apiserver until unready replicas are asked again; and from being ready to being seen to be. */
const askedAgainMs = 3_000;
const seenMs = 100;

/** Replicas without a word from it for longer than a value may be old call themselves unready. */
const notAskedYet = [/^error trying to reach service: .*(reset|EOF)/, /^service unavailable\s*$/];

type Part = 'kube-apiserver' | 'etcd';

/** Who must complain in a long outage. Without etcd kube-apiserver serves lists and watches on, but no lease. */
const complainants: Readonly<Record<Part, readonly string[]>> = {
  'kube-apiserver': ['autoscalers', 'authentication-config', 'leader-election'],
  etcd: ['leader-election'],
};

export const apiServerRestarted: Scenario = {
  id: '4a',
  title: 'kube-apiserver killed and started again',
  // While nobody can hold the lease, nobody may ask Datadog.
  refusals: [grownOld, ...notReadyYet, ...notAskedYet],
  forbidden: deniedMeanwhile,
  run: (world, size) => takeAway(world, 'kube-apiserver', size),
};

export const etcdRestarted: Scenario = {
  id: '4b',
  title: 'etcd killed and started again',
  refusals: [grownOld],
  // kube-apiserver keeps what it took until etcd is back.
  hasLateWrites: true,
  run: (world, size) => takeAway(world, 'etcd', size),
};

interface Outage {
  readonly lastsMs: number;
  readonly fromMs: number;
  readonly backAtMs: number;
}

async function takeAway(world: FaultWorld, part: Part, size: Size): Promise<Finding> {
  const recoveries: number[] = [];
  const figures: string[] = [];
  for (const lastsMs of awayMs[size]) {
    const watches = countWatches(world);
    const { outage, complaints } = await takeAwayOnce(world, part, lastsMs);
    const seconds = await world.untilWell(`the return of ${part}`, {
      fromMs: outage.backAtMs,
      timeoutMs: 90_000,
    });
    check(seconds <= recoveryBoundSeconds, () => `${seconds} s after ${part} was back all was well`);
    recoveries.push(seconds);
    const all = async () => (countWatches(world) >= watches ? true : undefined);
    await until('everything to be watched again', all, { timeoutMs: watchedAgainMs });
    checkRefusals(world, outage);
    await checkDenials(world, outage);
    figures.push(`${lastsMs / 1000} s: ${complaints}`);
  }
  return { recoverySeconds: Math.max(...recoveries), note: `away for ${figures.join('; ')}` };
}

async function takeAwayOnce(
  world: FaultWorld,
  part: Part,
  lastsMs: number,
): Promise<{ readonly outage: Outage; readonly complaints: string }> {
  const { plane, recorder, fleet } = world;
  const before = fleet.names().map((replica) => fleet.proxy(replica).requests.length);
  const fromMs = Date.now();
  const isBack = recorder.outage(part);
  await plane.kill(part);
  await sleep(lastsMs - (Date.now() - fromMs));
  const untilMs = Math.min(Date.now(), fromMs + maxAgeMs - youngMs);
  const complaints = await complaintsOf(world, lastsMs > noticedMs ? complainants[part] : []);
  await plane.start(part);
  const startedAtMs = Date.now();
  await untilServed(world);
  isBack();
  const backAtMs = Date.now();
  for (const [index, replica] of fleet.names().entries()) {
    const requests = fleet.proxy(replica).requests.slice(before[index]);
    const failed = requests.filter(({ status = 599 }) => status >= 500).length;
    check(failed > 0, () => `no request of ${replica} failed: ${part} was not missed`);
    checkAllServed(world, replica, { fromMs, untilMs });
  }
  const delay = `served ${((backAtMs - startedAtMs) / 1000).toFixed(1)} s after the start`;
  return { outage: { lastsMs, fromMs, backAtMs }, complaints: `${complaints}; ${delay}` };
}

/** What is refused because kube-apiserver starts, or was long away, is refused then only. */
function checkRefusals({ recorder }: FaultWorld, { lastsMs, fromMs, backAtMs }: Outage): void {
  for (const { sentAtMs, outcome, via } of recorder.answers) {
    if (outcome.kind !== 'refused' || sentAtMs < fromMs) continue;
    const message = outcome.message;
    const isTimely = (patterns: readonly RegExp[], untilMs: number): boolean =>
      !patterns.some((pattern) => pattern.test(message)) || sentAtMs <= untilMs;
    const askedMs = lastsMs > maxAgeMs - youngMs ? backAtMs + askedAgainMs : 0;
    check(
      isTimely(notReadyYet, backAtMs + seenMs) && isTimely(notAskedYet, askedMs),
      () => `${via} refused ${sentAtMs - backAtMs} ms after the return: ${message}`,
    );
  }
}

async function checkDenials({ fleet }: FaultWorld, { backAtMs }: Outage): Promise<void> {
  for (const replica of fleet.names()) {
    const denials = (await fleet.replica(replica).log()).split('\n').filter((line) => /HTTP 403/.test(line));
    const late = denials.find(
      (line) => Date.parse(/"time":"([^"]+)"/.exec(line)?.[1] ?? '') > backAtMs + seenMs,
    );
    check(late === undefined, () => `${replica}, when kube-apiserver was ready: ${late}`);
  }
}

async function complaintsOf(world: FaultWorld, expected: readonly string[]): Promise<string> {
  const said = new Set<string>();
  for (const replica of world.fleet.names()) {
    const { Details } = await healthOf(world, replica);
    for (const part of expected)
      check(part in Details, () => `${part} of ${replica} is silent: ${JSON.stringify(Details)}`);
    for (const part of Object.keys(Details)) said.add(part);
  }
  return `${[...said].join(', ') || 'nobody'} complains`;
}
