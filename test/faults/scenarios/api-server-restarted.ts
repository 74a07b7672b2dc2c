import { setTimeout as sleep } from 'node:timers/promises';
import type { ComponentName } from '../../control-plane/components.js';
import { until } from '../../control-plane/waiting.js';
import { check } from '../expect.js';
import { healthOf } from '../inspection.js';
import { checkAllServed } from '../reads.js';
import type { Finding, Scenario, Size } from '../scenario.js';
import { type FaultWorld, maxAgeMs } from '../world.js';

/** For how long it is away: less than a value may be old, and in the long run also more than that and the lease. */
const awayMs: Readonly<Record<Size, readonly number[]>> = { short: [3_500], long: [3_500, 25_000] };

/** From its return until everything is as before; a replica waits at most 30 s between two tries, in a long outage. */
const recoveryBoundSeconds = 10;

/** The longest pause between two tries, and a little for the try. */
const watchedAgainMs = 35_000;

/** What replicas hold grows old while nobody can hold the lease, and so nobody may ask Datadog. */
const grownOld = /^stale: the newest point is too old to scale on.*; last point \d+ s old, limit 10 s;/;

/** A kube-apiserver that is not ready yet answers before it knows its paths and its roles. */
const notReadyYet = [
  /^the request has been made before all known HTTP paths have been installed/,
  /is forbidden: User "system:serviceaccount:kube-system:horizontal-pod-autoscaler" cannot list resource/,
];

export const apiServerRestarted: Scenario = {
  id: '4a',
  title: 'kube-apiserver killed and started again',
  refusals: [grownOld, ...notReadyYet],
  forbidden: [/"code":"kube\.denied"/],
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

async function takeAway(world: FaultWorld, name: ComponentName, size: Size): Promise<Finding> {
  let recoverySeconds = 0;
  const figures: string[] = [];
  for (const ms of awayMs[size]) {
    const watches = countWatches(world);
    const { fromMs, backAtMs, complaints } = await outage(world, name, ms);
    const seconds = await world.untilWell(`the return of ${name}`, { fromMs: backAtMs, timeoutMs: 90_000 });
    check(seconds <= recoveryBoundSeconds, () => `${seconds} s after ${name} was back all was well`);
    recoverySeconds = Math.max(recoverySeconds, seconds);
    await until(
      'everything to be watched again',
      async () => (countWatches(world) >= watches ? true : undefined),
      {
        timeoutMs: watchedAgainMs,
      },
    );
    await checkOnlyWhileStarting(world, fromMs, backAtMs);
    figures.push(`${ms / 1000} s: ${complaints}`);
  }
  return { recoverySeconds, note: `away for ${figures.join('; ')}` };
}

async function outage(
  world: FaultWorld,
  name: ComponentName,
  ms: number,
): Promise<{ readonly fromMs: number; readonly backAtMs: number; readonly complaints: string }> {
  const { plane, recorder, fleet } = world;
  const before = fleet.names().map((replica) => fleet.proxy(replica).requests.length);
  const fromMs = Date.now();
  const isBack = recorder.outage(name);
  await plane.kill(name);
  await sleep(ms - (Date.now() - fromMs));
  const untilMs = Math.min(Date.now(), fromMs + maxAgeMs - youngMs);
  const complaints = await complaintsOf(world, ms > noticedMs);
  await plane.start(name);
  isBack();
  const backAtMs = Date.now();
  for (const [index, replica] of fleet.names().entries()) {
    const failed = fleet
      .proxy(replica)
      .requests.slice(before[index])
      .filter(({ status = 599 }) => status >= 500).length;
    check(failed > 0, () => `no request of ${replica} failed: ${name} was not missed`);
    checkAllServed(world, replica, { fromMs, untilMs });
  }
  return { fromMs, backAtMs, complaints };
}

/** What is newest is so old already when the outage begins. */
const youngMs = 3_000;
/** By then each replica must have tried to list what it watches, and failed more than once. */
const noticedMs = 10_000;

function countWatches({ fleet }: FaultWorld): number {
  return fleet.names().reduce((sum, replica) => sum + fleet.proxy(replica).openWatches(), 0);
}

/** What kube-apiserver refuses while it starts it must not refuse later, nor may it be a replica that does. */
async function checkOnlyWhileStarting(world: FaultWorld, fromMs: number, backAtMs: number): Promise<void> {
  const untilMs = backAtMs + 100;
  for (const { via, sentAtMs, outcome } of world.recorder.answers) {
    if (outcome.kind !== 'refused' || !notReadyYet.some((pattern) => pattern.test(outcome.message))) continue;
    const isStarting = via === 'aggregator' && sentAtMs >= fromMs && sentAtMs <= untilMs;
    check(isStarting, () => `${via} refused at ${new Date(sentAtMs).toISOString()}: ${outcome.message}`);
  }
  for (const replica of world.fleet.names()) {
    const denials = (await world.fleet.replica(replica).log())
      .split('\n')
      .filter((line) => line.includes('"kube.denied"'));
    const late = denials.find((line) => Date.parse(/"time":"([^"]+)"/.exec(line)?.[1] ?? '') > untilMs);
    check(late === undefined, () => `${replica}, when kube-apiserver was ready: ${late}`);
  }
}

/** What the replicas say of themselves: the trouble must show, and must not make them unready before values are old. */
async function complaintsOf(world: FaultWorld, isLong: boolean): Promise<string> {
  const names: string[] = [];
  for (const replica of world.fleet.names()) {
    const { Details } = await healthOf(world, replica);
    const troubled = Object.keys(Details);
    if (isLong)
      for (const part of ['autoscalers', 'authentication-config', 'leader-election'])
        check(
          troubled.includes(part),
          () => `${part} of ${replica} does not complain: ${JSON.stringify(Details)}`,
        );
    names.push(`${replica} complains of ${troubled.length === 0 ? 'nothing' : troubled.join(', ')}`);
  }
  return names.join('; ');
}
