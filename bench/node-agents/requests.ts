import { type Shares, startShares } from '../shared/process-figures.js';
import { type Quantiles, toQuantiles, usualP99 } from '../shared/quantiles.js';
import type { Questions } from './cluster-process.js';
import type { Course } from './load.js';
import type { Product } from './product.js';
import type { Scene } from './scene.js';

/** How a node agent asks: about all pods of its node at once, as today, or about each, as in 2018. */
export type RouteKind = 'per node' | 'per pod';

/** What the product gives at a steady rate. */
export interface SteadyRate extends Shares {
  readonly route: RouteKind;
  readonly wantedPerSecond: number;
  readonly perSecond: number;
  readonly tookMs: Quantiles;
  readonly usualP99Ms: number;
  /** Of these times, what the load itself was late. */
  readonly lateP99Ms: number;
  /** Of the external metrics that were read meanwhile. */
  readonly metricsMs: Quantiles;
}

/** The most that the product gives. */
export interface CeilingRate extends Shares {
  readonly route: RouteKind;
  readonly perSecond: number;
}

const metricReadsPerSecond = 100;
const metricConnections = 4;

export async function measureRates(scene: Scene, product: Product): Promise<readonly SteadyRate[]> {
  const questions = await scene.cluster.ask('questions', undefined);
  await openReader(scene, product, questions);
  const rates: SteadyRate[] = [];
  for (const [route, asked] of routesOf(questions)) {
    await scene.prepare(product, scene.scale.connections, asked);
    // The first seconds are those of a program that is not compiled yet, and of answers that nobody has asked before.
    const warm = { ratePerSecond: scene.scale.warmPerSecond, seconds: scene.scale.warmSeconds };
    scene.judge(`warming up, ${route}`, await scene.load.ask('steady', warm));
    for (const ratePerSecond of scene.scale.ratesPerSecond)
      rates.push(await measureRate(scene, product, route, ratePerSecond));
  }
  return rates;
}

export async function measureCeilings(scene: Scene, product: Product): Promise<readonly CeilingRate[]> {
  const { ceilingConnections: askers, ceilingSeconds: seconds } = scene.scale;
  const ceilings: CeilingRate[] = [];
  for (const [route, asked] of routesOf(await scene.cluster.ask('questions', undefined))) {
    await scene.prepare(product, askers, asked);
    const shares = startShares(product.process.pid);
    const ceiling = await scene.load.ask('ceiling', { askers, seconds });
    scene.judge(`the most, ${route}`, ceiling);
    ceilings.push({ route, perSecond: ceiling.answered / ceiling.seconds, ...shares() });
  }
  return ceilings;
}

/** What is quoted of a course of requests. */
export function figuresOf({ dueAtMs, tookMs, lateMs, seconds }: Course) {
  return {
    perSecond: tookMs.length / seconds,
    tookMs: toQuantiles(tookMs),
    usualP99Ms: usualP99(dueAtMs, tookMs),
    lateP99Ms: toQuantiles(lateMs).p99,
  };
}

async function measureRate(
  scene: Scene,
  product: Product,
  route: RouteKind,
  ratePerSecond: number,
): Promise<SteadyRate> {
  const seconds = scene.scale.rateSeconds;
  const shares = startShares(product.process.pid);
  const [course, reads] = await Promise.all([
    scene.load.ask('steady', { ratePerSecond, seconds }),
    scene.reader.ask('steady', { ratePerSecond: metricReadsPerSecond, seconds }),
  ]);
  const taken = shares();
  scene.judge(`${ratePerSecond}/s ${route}`, course);
  scene.judge(`external metrics beside ${ratePerSecond}/s ${route}`, reads);
  return {
    route,
    wantedPerSecond: ratePerSecond,
    ...figuresOf(course),
    ...taken,
    metricsMs: toQuantiles(reads.tookMs),
  };
}

async function openReader(scene: Scene, product: Product, { metrics }: Questions): Promise<void> {
  const place = await scene.place(product.metricsPort);
  await scene.reader.ask('open', { place, connections: metricConnections });
  const token = scene.facts.readerToken;
  await scene.reader.ask('use', { questions: metrics, token, bodyEach: scene.scale.bodyEach });
}

function routesOf({ perNode, perPod }: Questions) {
  return [
    ['per node', perNode],
    ['per pod', perPod],
  ] as const;
}
