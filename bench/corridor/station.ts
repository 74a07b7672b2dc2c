import { setTimeout as sleep } from 'node:timers/promises';
import { type Memory, readMemory } from '../shared/process-figures.js';
import { orderIn } from './contestant.js';
import { loadShapes } from './load.js';
import { spread } from './metric-set.js';
import type { Product } from './product.js';
import { compareReads, type ReadRun, readOnce } from './reads.js';
import type { Stage } from './stage.js';
import { lookAtTick, type Pair, type Tick } from './ticks.js';

/** Resident memory, in MB. */
export interface MemoryCourse {
  readonly freshMegabytes: number;
  readonly loadedMegabytes: number;
  readonly peakMegabytes: number;
}

/** All that was measured with so many metrics in the store. */
export interface StationResult {
  readonly size: number;
  /** From the start of a replica until it served samples of all, from Datadog. */
  readonly filledSeconds: number;
  readonly ticks: readonly Tick[];
  /** Between the refreshes, in one shape. */
  readonly reads: readonly ReadRun[];
  /** All ways of reading, at one of the stations; empty at the others. */
  readonly compared: readonly ReadRun[];
  /** Of the leader, and of the peer. */
  readonly memory: Readonly<Record<'product' | 'peer', MemoryCourse>>;
}

/** What a process needs to come to rest after its start. */
const settleMs = 2_000;

/** Two replicas and the peer with so many metrics: refreshes are looked at one by one, and both are read between them. */
export async function measureStation(stage: Stage, size: number): Promise<StationResult> {
  const { scale } = stage;
  await stage.grow(size);
  const refreshSeconds = scale.refreshSeconds[scale.sizes.indexOf(size)] ?? 30;
  const { pair, filledSeconds } = await startPair(stage, refreshSeconds);
  const peer = await stage.startPeer();
  await stage.reader.ask('untilServed', {
    place: stage.place(peer),
    indexes: spread(size, scale.samples),
    timeoutMs: 60_000,
  });
  await sleep(settleMs);
  const fresh = { product: readMemory(pair.leader.pid), peer: readMemory(peer.pid) };
  const compared = size === scale.readSize ? await compareReads(stage) : [];
  const reads: ReadRun[] = [];
  const ticks: Tick[] = [];
  let dueAtMs = await nextRefreshAt(stage, refreshSeconds);
  for (let round = 0; round < scale.ticks; round += 1) {
    const tick = await lookAtTick(stage, pair, dueAtMs);
    ticks.push(tick);
    dueAtMs = tick.datadog.firstAtMs + refreshSeconds * 1_000;
    for (const contestant of orderIn(round))
      reads.push(await readOnce(stage, 'bearer token', loadShapes.sixtyFour, contestant, round));
  }
  const memory = {
    product: courseOf(fresh.product, readMemory(pair.leader.pid)),
    peer: courseOf(fresh.peer, readMemory(peer.pid)),
  };
  await stage.clear();
  await stage.cluster.forgetStoredMaps();
  return { size, filledSeconds, ticks, reads, compared, memory };
}

function courseOf(fresh: Memory, loaded: Memory): MemoryCourse {
  return {
    freshMegabytes: fresh.residentMegabytes,
    loadedMegabytes: loaded.residentMegabytes,
    peakMegabytes: loaded.peakMegabytes,
  };
}

/** The first leads. Each refresh brings values of another time, since the buckets are shorter than the period. */
async function startPair(
  stage: Stage,
  refreshSeconds: number,
): Promise<{ readonly pair: Pair; readonly filledSeconds: number }> {
  const settings = {
    DD_EXTERNAL_METRICS_PROVIDER_REFRESH_PERIOD: `${refreshSeconds}`,
    DD_EXTERNAL_METRICS_PROVIDER_ROLLUP: `${stage.scale.rollupSeconds}`,
    DD_EXTERNAL_METRICS_PROVIDER_BUCKET_SIZE: '60',
  };
  const start = async (name: string): Promise<Product> => {
    const product = await stage.startProduct({
      name,
      settings,
      isProbed: true,
      serving: stage.cluster.serving,
    });
    const indexes = spread(stage.size, stage.scale.samples);
    await stage.reader.ask('untilServed', { place: stage.place(product), indexes, timeoutMs: 180_000 });
    return product;
  };
  const startedAtMs = performance.now();
  const leader = await start('dca-0');
  const filledSeconds = (performance.now() - startedAtMs) / 1_000;
  return { pair: { leader, follower: await start('dca-1') }, filledSeconds };
}

/** When the next refresh is due, by the first one that begins from now on. */
async function nextRefreshAt(stage: Stage, refreshSeconds: number): Promise<number> {
  let isQuiet = false;
  for (let looks = 0; looks < 1_200; looks += 1) {
    const { firstAtMs, queries } = await stage.datadog.ask('tally', undefined);
    if (isQuiet && queries > 0) return firstAtMs + refreshSeconds * 1_000;
    isQuiet = queries === 0;
    await sleep(100);
  }
  throw new Error('no refresh within 120 s');
}
