import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from './client.js';
import { check } from './expect.js';

/** In milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

/** The middle and the 99th hundredth of some durations. */
export function latencyOf(durations: readonly number[]): Latency {
  const sorted = durations.toSorted((one, other) => one - other);
  const at = (part: number): number => sorted[Math.floor(part * (sorted.length - 1))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}

const discoveryPath = '/apis/external.metrics.k8s.io/v1beta1';

/** Asks all the time which metrics there are. */
export class DiscoveryWatch {
  readonly #client: Client;
  readonly #durations: number[] = [];
  readonly #refusals: string[] = [];
  readonly #stopping = new AbortController();
  #loop: Promise<void> = Promise.resolve();

  constructor(ports: { readonly client: Client }) {
    this.#client = ports.client;
  }

  start(): void {
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
  }

  /** Throws unless each answer was a list. */
  judge(): Latency {
    const { length } = this.#refusals;
    check(length === 0, () => `discovery failed ${length} times: ${this.#refusals[0]?.slice(0, 300)}`);
    return latencyOf(this.#durations);
  }

  async #run(): Promise<void> {
    for (; !this.#stopping.signal.aborted; await sleep(100)) {
      const startedAtMs = performance.now();
      const refusal = await this.#client.get(discoveryPath).then(
        ({ status, body }) => (status === 200 && isList(body) ? undefined : `${status} ${body}`),
        (error: unknown) => String(error),
      );
      this.#durations.push(performance.now() - startedAtMs);
      if (refusal !== undefined) this.#refusals.push(refusal);
    }
  }
}

function isList(body: string): boolean {
  const { kind, resources } = JSON.parse(body) as { readonly kind?: string; readonly resources?: unknown[] };
  return kind === 'APIResourceList' && resources !== undefined && resources.length > 0;
}
