import { setTimeout as sleep } from 'node:timers/promises';
import { tailOf } from '../../test/control-plane/processes.js';
import { toRequest } from '../shared/connection.js';
import { type Memory, readCpuSeconds, readMemory } from '../shared/process-figures.js';
import { type Product, readTelemetry } from './product.js';
import { faultIn } from './question.js';
import { agentsToken, type Scene } from './scene.js';

/** What the product has taken until some moment of its start. */
export interface Moment extends Memory {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

export interface Start {
  /** `/ready` answered 200. */
  readonly ready: Moment;
  /** A question about one node had its first answer that is right. */
  readonly answered: Moment;
}

/** What the product keeps once it has come to rest. */
export interface Kept extends Memory {
  /** The least of several looks: a forced garbage collection is nothing that the product offers. */
  readonly heapMegabytes: number;
}

const patienceMs = 120_000;
const pollMs = 10;
const looks = 10;

/** Starts the product and waits until it is of use. Throws with the end of its log when that takes two minutes. */
export async function measureStart(
  scene: Scene,
  resyncSeconds: number,
): Promise<{ readonly product: Product; readonly start: Start }> {
  const { perNode } = await scene.cluster.ask('questions', undefined);
  const question = perNode[0];
  if (question === undefined) throw new Error('the cluster has no node');
  const product = await scene.startProduct(resyncSeconds);
  const request = toRequest(question.path, agentsToken);
  const [ready, answered] = await Promise.all([
    momentOf(product, 'it to be ready', async () => (await fetch(`${product.healthUrl}/ready`)).ok),
    momentOf(product, 'its first complete answer', async () => {
      const connection = await scene.dial(product);
      const answer = await connection.ask(request).finally(() => connection.close());
      return faultIn(question, answer, true) === undefined;
    }),
  ]);
  return { product, start: { ready, answered } };
}

/** Looks at the memory for some time. */
export async function measureKept(product: Product, seconds: number): Promise<Kept> {
  let heapBytes = Number.POSITIVE_INFINITY;
  for (let look = 0; look < looks; look += 1) {
    await sleep((seconds * 1000) / looks);
    const heap = await readTelemetry(product, 'nodejs_heap_size_used_bytes');
    heapBytes = Math.min(heapBytes, heap);
  }
  return { ...readMemory(product.process.pid), heapMegabytes: heapBytes / 1e6 };
}

async function momentOf(product: Product, what: string, hasCome: () => Promise<boolean>): Promise<Moment> {
  const { pid, ending, logFile } = product.process;
  while (performance.now() - product.startedAtMs < patienceMs && ending() === undefined) {
    // Until it listens every look fails.
    if (await hasCome().catch(() => false)) {
      const seconds = (performance.now() - product.startedAtMs) / 1000;
      return { seconds, cpuSeconds: readCpuSeconds(pid), ...readMemory(pid) };
    }
    await sleep(pollMs);
  }
  throw new Error(`waited in vain for ${what} (${ending() ?? 'it runs'}):\n${await tailOf(logFile, 20)}`);
}
