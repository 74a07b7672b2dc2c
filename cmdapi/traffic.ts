import type { Counter, Histogram } from 'prom-client';
import { counter, histogram, type Registry } from '../core/telemetry.js';

/** Who answered, and what. */
export interface AnsweredRequest {
  readonly handler: string;
  readonly status: number;
  /** By the leader, to which it was passed on. */
  readonly isForwarded: boolean;
}

const elapsedBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Counts what the node agents' and operators' API answers: `api_requests` and `api_elapsed` (seconds). */
export class CommandTraffic {
  readonly #requests: Counter<'handler' | 'status' | 'forwarded'>;
  readonly #seconds: Histogram<'handler' | 'status' | 'forwarded'>;

  constructor({ registry }: { readonly registry: Registry }) {
    const labels = ['handler', 'status', 'forwarded'] as const;
    this.#requests = counter(
      registry,
      'api_requests',
      'Requests by handler, HTTP status, and whether the leader answered for this replica',
      labels,
    );
    this.#seconds = histogram(
      registry,
      'api_elapsed',
      'Seconds from receiving a request of the node agents to writing its answer',
      labels,
      elapsedBuckets,
    );
  }

  answered({ handler, status, isForwarded }: AnsweredRequest, elapsedMs: number): void {
    const labels = { handler, status, forwarded: String(isForwarded) };
    this.#requests.inc(labels);
    this.#seconds.observe(labels, elapsedMs / 1000);
  }
}
