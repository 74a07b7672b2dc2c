import { setTimeout as sleep } from 'node:timers/promises';
import { readMemory, type Shares, startShares } from '../shared/process-figures.js';
import type { Quantiles } from '../shared/quantiles.js';
import type { Product } from './product.js';
import { figuresOf } from './requests.js';
import type { Scene } from './scene.js';

/** What the connections of all node agents of the cluster take. */
export interface Agents extends Shares {
  readonly connections: number;
  readonly openedInSeconds: number;
  readonly residentBeforeMegabytes: number;
  /** Once each has asked. */
  readonly residentAfterMegabytes: number;
  readonly kilobytesEach: number;
  /** When each asked for the first time, within five seconds. */
  readonly firstMs: Quantiles;
  /** All of them ask in one period. */
  readonly perSecond: number;
  readonly tookMs: Quantiles;
  readonly usualP99Ms: number;
}

const askOnceSeconds = 5;

export async function measureAgents(scene: Scene, product: Product): Promise<Agents> {
  const { agents: connections, agentSeconds } = scene.scale;
  const { pid } = product.process;
  const { perNode } = await scene.cluster.ask('questions', undefined);
  const residentBeforeMegabytes = readMemory(pid).residentMegabytes;
  const openedInSeconds = await scene.prepare(product, connections, perNode);
  const once = { ratePerSecond: connections / askOnceSeconds, seconds: askOnceSeconds };
  const first = await scene.load.ask('steady', once);
  scene.judge(`${connections} agents, once each`, first);
  await sleep(1_000);
  const residentAfterMegabytes = readMemory(pid).residentMegabytes;
  const shares = startShares(pid);
  const course = await scene.load.ask('steady', {
    ratePerSecond: connections / agentSeconds,
    seconds: agentSeconds,
  });
  scene.judge(`${connections} agents`, course);
  if (course.renewedConnections > 0)
    scene.faults.push(`${course.renewedConnections} connections of agents were lost`);
  return {
    connections,
    openedInSeconds,
    residentBeforeMegabytes,
    residentAfterMegabytes,
    kilobytesEach: ((residentAfterMegabytes - residentBeforeMegabytes) * 1000) / connections,
    firstMs: figuresOf(first).tookMs,
    ...figuresOf(course),
    ...shares(),
  };
}
