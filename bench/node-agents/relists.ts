import { readMemory, type Shares, startShares } from '../shared/process-figures.js';
import { type Quantiles, toQuantiles } from '../shared/quantiles.js';
import type { ListSpan } from './cluster-process.js';
import type { Course } from './load.js';
import type { Product } from './product.js';
import { figuresOf } from './requests.js';
import type { Scene } from './scene.js';

/** What requests meet while the product lists everything again. */
export interface Relists extends Shares {
  /** Lists of all EndpointSlices that came meanwhile. */
  readonly lists: number;
  readonly listSeconds: number;
  readonly perSecond: number;
  readonly tookMs: Quantiles;
  readonly usualP99Ms: number;
  /** Of the requests that were due during a list. */
  readonly duringMs: Quantiles;
  readonly peakMegabytes: number;
}

export async function measureRelists(scene: Scene, product: Product): Promise<Relists> {
  const { connections, resyncRatePerSecond: ratePerSecond, resyncLookSeconds: seconds } = scene.scale;
  const { pid } = product.process;
  const { perNode } = await scene.cluster.ask('questions', undefined);
  await scene.prepare(product, connections, perNode);
  const shares = startShares(pid);
  const course = await scene.load.ask('steady', { ratePerSecond, seconds });
  const taken = shares();
  scene.judge('requests while everything is listed again', course);
  const fromMs = course.dueAtMs[0] ?? 0;
  const spans = await scene.cluster.ask('listSpans', undefined);
  const met = spans.filter((span) => span.untilMs > fromMs && span.fromMs < fromMs + seconds * 1000);
  if (met.length === 0) scene.faults.push(`nothing was listed again within ${seconds} s`);
  return {
    lists: met.length,
    listSeconds: toQuantiles(met.map((span) => (span.untilMs - span.fromMs) / 1000)).p50,
    ...figuresOf(course),
    duringMs: toQuantiles(timesWithin(met, course)),
    ...taken,
    peakMegabytes: readMemory(pid).peakMegabytes,
  };
}

function timesWithin(spans: readonly ListSpan[], { dueAtMs, tookMs }: Course): Float64Array {
  return tookMs.filter((_, index) => {
    const atMs = dueAtMs[index] ?? 0;
    return spans.some(({ fromMs, untilMs }) => atMs >= fromMs && atMs <= untilMs);
  });
}
