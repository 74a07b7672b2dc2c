import type { Clock } from '../core/clock.js';
import type { MetricId } from '../core/metric.js';
import { createTtlCache } from '../core/ttl-cache.js';
import type { RecordReader, WantedMetrics } from './external-metrics.js';

/** How long a request may wait for a metric's first record. */
export interface FirstRecordOptions {
  /** For a metric that somebody asks for; 0 never waits. */
  readonly firstRecordWaitMs: number;
  /** For one that nobody is known to ask for: the HPA controller may see a new autoscaler before this replica does. */
  readonly unknownWaitMs: number;
  /** Requests beyond these do not wait. */
  readonly maxWaiters: number;
}

const patience = { max: 10_000, ttlMs: 300_000 };
const spent = {};

/**
 * Lets a request wait until its metric is decided on. Each metric is waited for in vain once in five minutes: the HPA
 * controller has few workers, and a metric that stays undecided must not hold one at every turn.
 */
export class FirstRecord {
  readonly #records: RecordReader;
  readonly #wanted: WantedMetrics;
  readonly #clock: Clock;
  readonly #options: FirstRecordOptions;
  readonly #inVain;
  readonly #checks = new Set<() => void>();
  #unfollow: (() => void) | undefined;

  constructor(
    ports: { readonly records: RecordReader; readonly wanted: WantedMetrics; readonly clock: Clock },
    options: FirstRecordOptions,
  ) {
    this.#records = ports.records;
    this.#wanted = ports.wanted;
    this.#clock = ports.clock;
    this.#options = options;
    this.#inVain = createTtlCache<object>(ports.clock, patience);
  }

  /** Requests that wait now. */
  get waiting(): number {
    return this.#checks.size;
  }

  /** Resolves when the metric has a record that is not pending, when there is no more to wait for, or with `signal`. */
  async wait(id: MetricId, signal: AbortSignal): Promise<void> {
    if (!this.#isKnown(id)) {
      await this.#waitOnce(`unknown ${id}`, () => this.#isKnown(id), this.#options.unknownWaitMs, signal);
    }
    if (this.#isKnown(id)) {
      await this.#waitOnce(id, () => this.#isDecided(id), this.#options.firstRecordWaitMs, signal);
    }
  }

  async #waitOnce(matter: string, isOver: () => boolean, waitMs: number, signal: AbortSignal): Promise<void> {
    if (isOver() || this.#inVain.has(matter) || this.#checks.size >= this.#options.maxWaiters) return;
    await this.#sleepUntil(isOver, waitMs, signal);
    if (!isOver() && !signal.aborted) this.#inVain.set(matter, spent);
  }

  async #sleepUntil(isOver: () => boolean, waitMs: number, signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    const check = (): void => {
      if (isOver()) woken.abort();
    };
    this.#checks.add(check);
    this.#unfollow ??= this.#records.onChange(() => {
      for (const each of [...this.#checks]) each();
    });
    await this.#clock.sleep(waitMs, AbortSignal.any([signal, woken.signal]));
    this.#checks.delete(check);
    if (this.#checks.size > 0) return;
    this.#unfollow?.();
    this.#unfollow = undefined;
  }

  #isKnown(id: MetricId): boolean {
    return this.#records.get(id) !== undefined || this.#wanted.isWanted(id);
  }

  #isDecided(id: MetricId): boolean {
    const held = this.#records.get(id);
    return held !== undefined && held.record.state !== 'pending';
  }
}
