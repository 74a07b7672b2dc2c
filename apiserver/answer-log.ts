import type { Clock } from '../core/clock.js';
import { createCountedCache } from '../core/counted-cache.js';
import type { Logger } from '../core/log.js';
import type { MetricId } from '../core/metric.js';
import { createTtlCache } from '../core/ttl-cache.js';

const maxRemembered = 10_000;
const refusalQuiet = { max: 1_000, ttlMs: 600_000 };
const spoken = {};

/**
 * Writes what went wrong with answers when it changes, not each time it is asked: an HPA asks every few seconds, for
 * as long as its metric fails.
 */
export class AnswerLog {
  readonly #log: Logger;
  readonly #failing = createCountedCache<MetricId, string>(maxRemembered);
  readonly #refusals;

  constructor(ports: { readonly log: Logger; readonly clock: Clock }) {
    this.#log = ports.log;
    this.#refusals = createTtlCache<object>(ports.clock, refusalQuiet);
  }

  served(id: MetricId): void {
    if (this.#failing.size === 0 || !this.#failing.delete(id)) return;
    this.#log.info({ metric: id }, 'metric is served again');
  }

  /** @param reason a word that stays the same as long as the trouble does */
  notServed(id: MetricId, reason: string, message: string): void {
    if (this.#failing.get(id) === reason) return;
    this.#failing.set(id, reason);
    this.#log.warn({ metric: id, reason }, `metric is not served: ${message}`);
  }

  /** A credential that did not hold; the same one is told again after ten minutes. */
  refused(refusals: readonly string[]): void {
    const text = refusals.join('; ');
    if (this.#refusals.has(text)) return;
    this.#refusals.set(text, spoken);
    this.#log.warn({ refusals }, 'request refused: none of its credentials holds');
  }

  /** The cluster could not be asked about a request. */
  reviewFailed(message: string): void {
    if (this.#refusals.has(message)) return;
    this.#refusals.set(message, spoken);
    this.#log.error({}, message);
  }

  /** An error that nobody foresaw. */
  failed(error: unknown, target: string): void {
    this.#log.error({ err: error, target }, 'request failed by a bug; the client got status 500');
  }
}
