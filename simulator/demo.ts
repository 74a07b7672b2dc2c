import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../core/clock.js';
import { autoscaler } from './autoscaler.js';
import type { ObjectDraft } from './cluster/object.js';
import { fieldAt, numberAt } from './cluster/object.js';
import { ramp, sine } from './datadog-shapes.js';
import { type Column, type Frame, frameLine, headLines } from './demo-screen.js';
import { SimulatedHpaController } from './hpa-controller.js';
import { pageAddress, StandIns } from './stand-ins.js';

/** What the demo scales: one workload on AverageValue, one on Value with a set-based selector. */
const workloads = [
  {
    column: { workload: 'web', metric: 'shop.requests_per_s {service:web}', fullValue: 60, maxReplicas: 8 },
    metric: { name: 'shop.requests_per_s', selector: { matchLabels: { service: 'web' } } },
    target: { type: 'AverageValue', averageValue: '10' },
  },
  {
    column: {
      workload: 'worker',
      metric: 'shop.queue_depth {queue IN (jobs,mail)}',
      fullValue: 100,
      maxReplicas: 6,
    },
    metric: {
      name: 'shop.queue_depth',
      selector: { matchExpressions: [{ key: 'queue', operator: 'In', values: ['jobs', 'mail'] }] },
    },
    target: { type: 'Value', value: '40' },
  },
] as const;

const namespace = 'shop';

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { seconds: { type: 'string' }, check: { type: 'boolean', default: false } },
  });
  const seconds = values.seconds === undefined ? Number.POSITIVE_INFINITY : Number(values.seconds);
  if (!(seconds >= 5)) {
    console.error(`--seconds ${values.seconds}: expected a number from 5 up, or nothing to run until Ctrl-C`);
    return 2;
  }
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => stop.abort());
  const standIns = new StandIns();
  try {
    return await play(standIns, { seconds, check: values.check }, stop.signal);
  } finally {
    await standIns.stop();
  }
}

async function play(
  standIns: StandIns,
  choices: { readonly seconds: number; readonly check: boolean },
  signal: AbortSignal,
): Promise<number> {
  await standIns.start();
  setTheStage(standIns);
  const replica = standIns.startReplica({
    name: 'dca-demo-0',
    logLevel: 'warn',
    logTo: process.stderr,
    settings: { DD_GUI_PORT: '0' },
  });
  await standIns.untilReady(replica, signal);
  const { cluster } = standIns;
  const controller = new SimulatedHpaController(
    { objects: cluster, metrics: cluster.frontProxy, clock: systemClock },
    { syncMs: 1_000 },
  );
  const ended = new AbortController();
  const controlling = controller.run(ended.signal);
  announce(standIns);
  console.log(
    `Look at the page (the browser warns of the certificate; the address is good once):\n\n  ${pageAddress(replica)}\n`,
  );
  const columns = workloads.map(({ column }) => column);
  const seen = await show(standIns, columns, choices.seconds, signal);
  ended.abort();
  await controlling;
  return conclude(columns, seen, choices.check);
}

/** Two metrics that move, two workloads, two autoscalers. */
function setTheStage({ datadog, cluster }: StandIns): void {
  const startSeconds = systemClock.nowMs() / 1000;
  datadog.shape(
    'shop.requests_per_s',
    ['service:web'],
    sine({ mean: 32, amplitude: 27, periodSeconds: 16, phaseSeconds: startSeconds }),
  );
  datadog.shape('shop.queue_depth', ['queue:jobs'], pulse(startSeconds, 12));
  datadog.shape('shop.queue_depth', ['queue:mail'], pulse(startSeconds, 12));
  datadog.shape('shop.queue_depth', ['queue:spam'], () => 1_000);
  for (const workload of workloads) {
    cluster.apply(deployment(workload.column.workload));
    const { workload: name, maxReplicas } = workload.column;
    cluster.apply(
      autoscaler({ namespace, name, maxReplicas, metric: workload.metric, target: workload.target }),
    );
  }
}

/** Up and down for ever, in straight lines. */
function pulse(startSeconds: number, halfPeriodSeconds: number): (timeSeconds: number) => number | null {
  const up = ramp({ from: 10, to: 90, startSeconds: 0, durationSeconds: halfPeriodSeconds });
  return (timeSeconds) => {
    const phase = Math.max(0, timeSeconds - startSeconds) % (2 * halfPeriodSeconds);
    return up(phase <= halfPeriodSeconds ? phase : 2 * halfPeriodSeconds - phase);
  };
}

function deployment(name: string): ObjectDraft {
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace }, spec: { replicas: 1 } };
}

/** A command that a reader can paste while the demo runs. */
function announce({ cluster, folder }: StandIns): void {
  const caFile = join(folder, 'cluster-ca.pem');
  writeFileSync(caFile, cluster.address.caPem);
  const path = `/apis/external.metrics.k8s.io/v1beta1/namespaces/${namespace}/shop.requests_per_s?labelSelector=service%3Dweb`;
  console.log('\nAsk for the value yourself, through the stand-in cluster, while this runs:\n');
  console.log(`  curl -s --cacert ${caFile} -H 'Authorization: Bearer ${cluster.adminToken}' \\`);
  console.log(`    '${cluster.address.url}${path}'\n`);
}

async function show(
  { cluster }: StandIns,
  columns: readonly Column[],
  seconds: number,
  signal: AbortSignal,
): Promise<readonly (readonly Frame[])[]> {
  for (const line of headLines(columns)) console.log(line);
  const seen: Frame[][] = [];
  const startedAtMs = systemClock.monotonicMs();
  let told: string | undefined;
  while (!signal.aborted && systemClock.monotonicMs() - startedAtMs < seconds * 1000) {
    await systemClock.sleep(1_000, signal);
    const frames = columns.map((column) => look(cluster, column));
    seen.push(frames);
    console.log(frameLine(Math.round((systemClock.monotonicMs() - startedAtMs) / 1000), columns, frames));
    const trouble = frames.find((frame) => frame.trouble !== undefined)?.trouble;
    if (trouble !== undefined && trouble !== told) console.log(`        the autoscaler says: ${trouble}`);
    told = trouble;
  }
  return seen;
}

/** What `kubectl get hpa` would show. */
function look(cluster: StandIns['cluster'], column: Column): Frame {
  const hpa = cluster.get('horizontalpodautoscalers', namespace, column.workload);
  const workload = cluster.get('deployments', namespace, column.workload);
  const current = fieldAt(hpa, 'status', 'currentMetrics', 0, 'external', 'current');
  const replicas = numberAt(workload ?? {}, 'spec', 'replicas') ?? 0;
  const perReplica = quantity(fieldAt(current, 'averageValue'));
  const counted = numberAt(hpa ?? {}, 'status', 'currentReplicas') ?? replicas;
  const value = perReplica === undefined ? quantity(fieldAt(current, 'value')) : perReplica * counted;
  const conditions = fieldAt(hpa, 'status', 'conditions');
  const failed = (Array.isArray(conditions) ? conditions : []).find(
    (condition: unknown) =>
      fieldAt(condition, 'type') === 'ScalingActive' && fieldAt(condition, 'status') === 'False',
  );
  const message: unknown = fieldAt(failed, 'message');
  return { value, trouble: typeof message === 'string' ? message : undefined, replicas };
}

function quantity(text: unknown): number | undefined {
  const match = typeof text === 'string' ? /^(-?\d+)(m|k)?$/.exec(text) : null;
  if (match === null) return undefined;
  return Number(match[1]) * (match[2] === 'm' ? 0.001 : match[2] === 'k' ? 1_000 : 1);
}

/** With `check`, a workload that was not seen to grow and to shrink is a failure. */
function conclude(columns: readonly Column[], seen: readonly (readonly Frame[])[], check: boolean): number {
  const moves = columns.map((column, index) => {
    const counts = seen.map((frames) => frames[index]?.replicas ?? 0);
    const grew = counts.some((count, at) => at > 0 && count > (counts[at - 1] ?? count));
    const shrank = counts.some((count, at) => at > 0 && count < (counts[at - 1] ?? count));
    console.log(`${column.workload}: between ${Math.min(...counts)} and ${Math.max(...counts)} replicas`);
    return grew && shrank;
  });
  if (!check || moves.every(Boolean)) return 0;
  console.error('the demo failed: a workload was not seen to grow and to shrink');
  return 1;
}

process.exit(await main());
