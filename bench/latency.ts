import { systemClock } from '../core/clock.js';
import { autoscaler } from '../simulator/autoscaler.js';
import type { Answer, DirectClient } from '../simulator/direct-client.js';
import { type SimulatedReplica, StandIns } from '../simulator/stand-ins.js';

/**
 * Two figures that a user feels, on the stand-ins and this machine: the time from an autoscaler's creation to the first
 * value for it, and the time by which a follower's new value comes after the leader's. Prints median and worst.
 *
 * `node dist/bench/latency.js [trials] [batchWindowSeconds]`
 */
const trials = Number(process.argv[2] ?? 20);
const batchWindowSeconds = Number(process.argv[3] ?? 10);
const namespace = 'bench';
/** The settings of production, but for the window: a trial has to wait for its end to be the first of a quiet time. */
const settings = {
  DD_EXTERNAL_METRICS_PROVIDER_REFRESH_PERIOD: '30',
  DD_EXTERNAL_METRICS_PROVIDER_ROLLUP: '30',
  DD_EXTERNAL_METRICS_PROVIDER_BUCKET_SIZE: '300',
  DD_EXTERNAL_METRICS_PROVIDER_BATCH_WINDOW: String(batchWindowSeconds),
};
const datadogLatencyMs = 50;

async function main(): Promise<void> {
  await report('first value after an HPA is created', measureFirstValues);
  await report("a follower's new value after the leader's", measureFollowerLags);
}

async function report(
  what: string,
  measure: (standIns: StandIns) => Promise<readonly number[]>,
): Promise<void> {
  const standIns = new StandIns();
  try {
    await standIns.start();
    standIns.datadog.faults.always({ kind: 'latency', ms: datadogLatencyMs });
    const times = [...(await measure(standIns))].sort((a, b) => a - b);
    const median = times[Math.floor(times.length / 2)] ?? Number.NaN;
    const worst = times.at(-1) ?? Number.NaN;
    console.log(
      `${what}: median ${median.toFixed(0)} ms, worst ${worst.toFixed(0)} ms of ${times.length} trials`,
    );
  } finally {
    await standIns.stop();
  }
}

async function measureFirstValues(standIns: StandIns): Promise<readonly number[]> {
  const replica = standIns.startReplica({ name: 'dca-0', settings });
  const client = await connect(standIns, replica);
  const times: number[] = [];
  for (let trial = 0; trial < trials; trial += 1) {
    await sleep(batchWindowSeconds * 1000 + 500 + 37 * trial);
    standIns.datadog.shape(`bench.first_${trial}`, [], () => trial);
    const startedAtMs = performance.now();
    standIns.cluster.apply(
      autoscaler({ namespace, name: `first-${trial}`, metric: { name: `bench.first_${trial}` } }),
    );
    await untilAnswer(
      () => client.metric(namespace, `bench.first_${trial}`),
      (answer) => answer.status === 200,
    );
    times.push(performance.now() - startedAtMs);
  }
  client.close();
  return times;
}

async function measureFollowerLags(standIns: StandIns): Promise<readonly number[]> {
  const quick = {
    ...settings,
    DD_EXTERNAL_METRICS_PROVIDER_REFRESH_PERIOD: '1',
    DD_EXTERNAL_METRICS_PROVIDER_ROLLUP: '1',
  };
  const replicas = [0, 1].map((index) => standIns.startReplica({ name: `dca-${index}`, settings: quick }));
  const clients = await Promise.all(replicas.map((replica) => connect(standIns, replica)));
  await until(() => replicas.some((replica) => replica.app.isLeader()));
  const leaderAt = replicas.findIndex((replica) => replica.app.isLeader());
  let value = 0;
  standIns.datadog.shape('bench.lag', [], () => value);
  standIns.cluster.apply(autoscaler({ namespace, name: 'lag', metric: { name: 'bench.lag' } }));
  const times: number[] = [];
  for (let trial = 0; trial < trials; trial += 1) {
    value += 1;
    const seenAtMs = await Promise.all(clients.map((client) => untilValue(client, String(value))));
    const leaderMs = seenAtMs[leaderAt] ?? Number.NaN;
    const followerMs = seenAtMs[1 - leaderAt] ?? Number.NaN;
    times.push(followerMs - leaderMs);
    await sleep(150);
  }
  for (const client of clients) client.close();
  return times;
}

async function untilValue(client: DirectClient, value: string): Promise<number> {
  await untilAnswer(
    () => client.metric(namespace, 'bench.lag'),
    (answer) => answer.value === value,
  );
  return performance.now();
}

async function untilAnswer(ask: () => Promise<Answer>, isWanted: (answer: Answer) => boolean): Promise<void> {
  let last: Answer | undefined;
  for (const startedAtMs = performance.now(); performance.now() - startedAtMs < 60_000; await sleep(1)) {
    last = await ask();
    if (isWanted(last)) return;
  }
  throw new Error(`no such answer within 60 s; the last was ${JSON.stringify(last)}`);
}

async function connect(standIns: StandIns, replica: SimulatedReplica): Promise<DirectClient> {
  await standIns.untilReady(replica, new AbortController().signal);
  return standIns.client(replica);
}

async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; !isSo(); tries += 1) {
    if (tries > 3_000) throw new Error('waited 30 s in vain for a replica');
    await sleep(10);
  }
}

function sleep(ms: number): Promise<void> {
  return systemClock.sleep(ms, new AbortController().signal);
}

await main();
process.exit(0);
