import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../control-plane/waiting.js';
import { administrator } from '../administrator.js';
import { Client } from '../client.js';
import { check } from '../expect.js';
import { liveMemory, type Memory } from '../heap.js';
import { DiscoveryWatch, type Latency, latencyOf } from '../latency.js';
import { MemoryWatch } from '../memory.js';
import { readsOf } from '../reads.js';
import type { Scenario, Size } from '../scenario.js';
import {
  calmStorm,
  mostAtOnce,
  raiseStorm,
  type StormOptions,
  stormMetrics,
  stormNamespaces,
} from '../storm.js';
import { untilWanted } from '../wanted-set.js';
import { watchedMetrics } from '../watched.js';
import type { FaultWorld } from '../world.js';

/** A thousand in a minute, or as much of it as there is time for. */
const storms: Readonly<Record<Size, readonly StormOptions[]>> = {
  short: [{ autoscalers: 250, seconds: 15 }],
  long: [
    { autoscalers: 1_000, seconds: 60 },
    { autoscalers: 250, seconds: 15 },
  ],
};
const rightWithinSeconds = 10;
/** In milliseconds, by each way. */
const slowest: Latency = { p50: 100, p99: 1_000 };
const calmSeconds = 3;

export const autoscalerStorm: Scenario = {
  id: '10a',
  title: 'autoscalers made, edited, deleted in a storm',
  async run(world, size) {
    const client = new Client(administrator(world.plane));
    const [memory, discovery] = [new MemoryWatch({ world }), new DiscoveryWatch({ client })];
    await prepare(world, storms[size]);
    memory.start();
    discovery.start();
    const calmMs = Date.now();
    await sleep(calmSeconds * 1_000);
    const before = await mostLive(world);
    const calmReads = latencies(world, calmMs);

    const fromMs = Date.now();
    const right: number[] = [];
    const weather = async (): Promise<Memory> => {
      for (const storm of storms[size]) {
        right.push(await untilWanted(world, await raiseStorm(client, storm)));
        await calmStorm(client);
        right.push(await untilWanted(world, []));
      }
      return untilFreed(world, before);
    };
    const after = await weather().finally(async () => {
      await Promise.all([memory.stop(), discovery.stop()]);
      client.close();
      for (const metric of storms[size].flatMap(stormMetrics)) world.datadogs.remove(metric);
    });
    const reads = [...latencies(world, fromMs), ['discovery', discovery.judge()] as const];
    const calls = mostCalls(world, fromMs);

    const recoverySeconds = Math.max(...right);
    check(
      recoverySeconds <= rightWithinSeconds,
      () => `the wanted set was right after ${recoverySeconds} s only`,
    );
    const mostWanted = Math.max(...storms[size].map(mostAtOnce)) + watchedMetrics.length;
    check(
      calls <= callBound(mostWanted),
      () => `${calls} calls to Datadog in a second, for ${mostWanted} metrics`,
    );
    check(
      reads.every(([, { p50, p99 }]) => p50 <= slowest.p50 && p99 <= slowest.p99),
      () => `reads were slow, ${JSON.stringify({ before: calmReads, during: reads })}`,
    );
    const heap = [before, memory.peak, after].map((each) => each.heap.toFixed(0)).join(', ');
    return {
      recoverySeconds,
      note: `p99 ${worst(calmReads)}, in it ${worst(reads)} ms; ${calls} calls/s; heap ${heap} MiB, rss ${before.resident.toFixed(0)}, ${after.resident.toFixed(0)}`,
    };
  },
};

/** A round each second, and one more for what is new; each call holds 30 queries. */
function callBound(metrics: number): number {
  return 2 * Math.ceil(metrics / 30) + 4;
}

async function prepare({ plane, datadogs }: FaultWorld, options: readonly StormOptions[]): Promise<void> {
  await plane.apply(
    ...stormNamespaces.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })),
  );
  for (const metric of new Set(options.flatMap(stormMetrics))) datadogs.shape(metric, [], () => 1);
}

type Reads = readonly (readonly [via: string, latency: Latency])[];

function latencies(world: FaultWorld, fromMs: number): Reads {
  const untilMs = Date.now();
  return ['aggregator', ...world.fleet.names()].map((via) => {
    const reads = readsOf(world, via, { fromMs, untilMs });
    return [via, latencyOf(reads.map(({ sentAtMs, receivedAtMs }) => receivedAtMs - sentAtMs))];
  });
}

function worst(reads: Reads): number {
  return Math.round(Math.max(...reads.map(([, { p99 }]) => p99)));
}

/** The most calls to Datadog in one second, of all replicas. */
function mostCalls({ datadogs, fleet }: FaultWorld, fromMs: number): number {
  const counts = new Map<number, number>();
  for (const { atMonotonicMs } of fleet.names().flatMap((name) => datadogs.queriesOf(name))) {
    const atMs = performance.timeOrigin + atMonotonicMs;
    const second = Math.floor(atMs / 1_000);
    if (atMs >= fromMs) counts.set(second, (counts.get(second) ?? 0) + 1);
  }
  return Math.max(0, ...counts.values());
}

/** What the replica that needs most holds on to. */
async function mostLive({ fleet }: FaultWorld): Promise<Memory> {
  const all = await Promise.all(fleet.names().map((name) => liveMemory(fleet.replica(name))));
  const most = (field: keyof Memory): number => Math.max(...all.map((memory) => memory[field]));
  return { heap: most('heap'), resident: most('resident') };
}

/** Some code was compiled and some answers are remembered for a while; beyond that nothing may be left. */
function untilFreed(world: FaultWorld, before: Memory): Promise<Memory> {
  const bound = 1.2 * before.heap + 5;
  return until(
    `the heaps to hold ${bound.toFixed(0)} MiB`,
    async () => {
      const now = await mostLive(world);
      return now.heap <= bound ? now : undefined;
    },
    { timeoutMs: 30_000, pollMs: 1_000 },
  );
}
