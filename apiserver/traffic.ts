import type { Counter, Histogram } from 'prom-client';
import { counter, histogram, type Registry } from '../core/telemetry.js';

const elapsedBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * Counts what is answered: `external_metrics_api_requests` and `external_metrics_api_elapsed` (seconds) for the
 * external metrics API, with the handler `get` for a metric and `list` for the resource list; `api_requests` for all.
 */
export class Traffic {
  readonly #metricRequests: Counter<'handler' | 'in_error'>;
  readonly #metricSeconds: Histogram<'handler' | 'in_error'>;
  readonly #requests: Counter<'handler' | 'status' | 'forwarded'>;

  constructor(registry: Registry) {
    const labels = ['handler', 'in_error'] as const;
    this.#metricRequests = counter(
      registry,
      'external_metrics_api_requests',
      'Requests to the external metrics API',
      labels,
    );
    this.#metricSeconds = histogram(
      registry,
      'external_metrics_api_elapsed',
      'Seconds from receiving a request to the external metrics API to writing its answer',
      labels,
      elapsedBuckets,
    );
    this.#requests = counter(
      registry,
      'api_requests',
      'Requests by handler, HTTP status, and whether the leader answered for this replica',
      ['handler', 'status', 'forwarded'],
    );
  }

  /** An answer of the external metrics API. */
  metricAnswered(handler: 'get' | 'list', status: number, elapsedMs: number): void {
    const labels = { handler, in_error: status < 400 ? 'false' : 'true' };
    this.#metricRequests.inc(labels);
    this.#metricSeconds.observe(labels, elapsedMs / 1000);
    this.answered(handler, status);
  }

  /** Any other answer. */
  answered(handler: string, status: number): void {
    this.#requests.inc({ handler, status, forwarded: 'false' });
  }
}
