import { cpuUsage, memoryUsage } from 'node:process';
import { getHeapStatistics } from 'node:v8';
import type { Clock } from '../core/clock.js';
import type { Registry } from '../core/telemetry.js';

/** What tells the reader of `/debug/vars` which process it has found. */
export interface ProcessFacts {
  readonly version: string;
  readonly commit: string;
}

/**
 * The process as those read it who know expvar: version, uptime, memory under the names of Go's `memstats` where there is a
 * like figure, and every counter of `/metrics` summed over its labels. No command line and no environment, which Go tells
 * too: they may hold secrets.
 */
export class ProcessVars {
  readonly #facts: ProcessFacts;
  readonly #clock: Clock;
  readonly #registry: Registry;
  readonly #startedAtMs: number;

  constructor(ports: { readonly clock: Clock; readonly registry: Registry }, facts: ProcessFacts) {
    this.#facts = facts;
    this.#clock = ports.clock;
    this.#registry = ports.registry;
    this.#startedAtMs = ports.clock.monotonicMs();
  }

  async read(): Promise<object> {
    return {
      ...this.#facts,
      uptime: (this.#clock.monotonicMs() - this.#startedAtMs) / 1000,
      memstats: memoryStatistics(),
      cpu: cpuSeconds(),
      counters: await this.#counters(),
    };
  }

  async #counters(): Promise<Readonly<Record<string, number>>> {
    const metrics = await this.#registry.getMetricsAsJSON();
    return Object.fromEntries(
      metrics
        // The library's types call it a text, or a member of its enumeration of texts.
        .filter(({ type }) => String(type) === 'counter')
        .map(({ name, values }) => [name, values.reduce((sum, { value }) => sum + value, 0)]),
    );
  }
}

/** Bytes. */
function memoryStatistics(): Readonly<Record<string, number>> {
  const { rss, heapTotal, heapUsed, external, arrayBuffers } = memoryUsage();
  const { heap_size_limit: limit, total_physical_size: committed } = getHeapStatistics();
  return {
    Sys: rss,
    HeapSys: heapTotal,
    HeapAlloc: heapUsed,
    HeapInuse: committed,
    HeapLimit: limit,
    External: external,
    ArrayBuffers: arrayBuffers,
  };
}

function cpuSeconds(): Readonly<Record<string, number>> {
  const { user, system } = cpuUsage();
  return { userSeconds: user / 1e6, systemSeconds: system / 1e6 };
}
