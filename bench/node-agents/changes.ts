import { setTimeout as sleep } from 'node:timers/promises';
import { type Connection, toRequest } from '../shared/connection.js';
import { type Memory, readMemory, startShares } from '../shared/process-figures.js';
import { type Quantiles, toQuantiles } from '../shared/quantiles.js';
import type { Change } from './change-log.js';
import { type Product, readTelemetry } from './product.js';
import { perPodPath } from './question.js';
import { agentsToken, type Scene } from './scene.js';

/** What the product does while the pods behind services come and go. */
export interface Changes extends Memory {
  readonly made: number;
  readonly seconds: number;
  readonly cpuPercent: number;
  /** As the product itself measures it, with the 10 ms of the timer by which it does. */
  readonly lagP99Ms: number;
  readonly lagMaxMs: number;
  /** From a change in the cluster until the API tells it. */
  readonly propagationMs: Quantiles;
}

/** A change that is not told within this time is a fault, unless another has undone it. */
const patienceMs = 5_000;
const pollMs = 1;
const pauseMs = 50;
/** After the last change all must be told within this time. */
const settleMs = 1_000;

export async function measureChanges(scene: Scene, product: Product): Promise<Changes> {
  const { changesPerSecond: perSecond, changeSeconds: seconds } = scene.scale;
  const connection = await scene.dial(product);
  // Reading a lag begins a new one.
  await readTelemetry(product, 'nodejs_eventloop_lag_p99_seconds');
  const shares = startShares(product.process.pid);
  let isOver = false;
  const changing = scene.cluster.ask('change', { perSecond, seconds }).finally(() => {
    isOver = true;
  });
  const times: number[] = [];
  while (!isOver) {
    const change = await Promise.race([scene.cluster.ask('nextChange', undefined), changing]);
    if (typeof change === 'number') break;
    const tookMs = await propagationMs(scene, connection, change);
    if (tookMs !== undefined) times.push(tookMs);
    await sleep(pauseMs);
  }
  const made = await changing;
  const { cpuPercent } = shares();
  const memory = readMemory(product.process.pid);
  const lag = await readLag(product);
  connection.close();
  await sleep(settleMs);
  return { made, seconds, cpuPercent, ...lag, propagationMs: toQuantiles(times), ...memory };
}

async function readLag(product: Product): Promise<Pick<Changes, 'lagP99Ms' | 'lagMaxMs'>> {
  const text = await (await fetch(product.telemetryUrl)).text();
  const value = (name: string): number =>
    Number(new RegExp(`^nodejs_eventloop_lag_${name}_seconds (\\S+)$`, 'm').exec(text)?.[1]) * 1000;
  return { lagP99Ms: value('p99'), lagMaxMs: value('max') };
}

/** `undefined` where it cannot be told, because another change came between. */
async function propagationMs(
  scene: Scene,
  connection: Connection,
  change: Change,
): Promise<number | undefined> {
  const { node, namespace, pod: name, service, isPresent, atMs } = change;
  const request = toRequest(perPodPath({ node, namespace, name }), agentsToken);
  const elapsedMs = (): number => performance.timeOrigin + performance.now() - atMs;
  for (; elapsedMs() < patienceMs; await sleep(pollMs)) {
    const { status, body } = await connection.ask(request);
    const tags: unknown = status === 200 ? JSON.parse(body.toString()) : undefined;
    const isTold = Array.isArray(tags) && tags.includes(`kube_service:${service}`);
    if (status === 200 && isTold === isPresent) return elapsedMs();
  }
  if (await scene.cluster.ask('isStillSo', change))
    scene.faults.push(`a change was not told within ${patienceMs} ms: ${JSON.stringify(change)}`);
  return undefined;
}
