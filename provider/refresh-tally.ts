import type { Clock } from '../core/clock.js';
import { counter, gauge, histogram, type Registry } from '../core/telemetry.js';

/** A refresh that ended. */
export interface RefreshReport {
  /** RFC 3339. */
  readonly endedAt: string;
  readonly scope: 'all' | 'new';
  readonly tookSeconds: number;
  /** Different queries that were due. */
  readonly queries: number;
  /** To Datadog, those of the search for bad queries among them. */
  readonly calls: number;
  /** Refused batches that were halved. */
  readonly splits: number;
}

/** Follows one refresh from its beginning. */
export interface RefreshCount {
  /** A call to Datadog with so many queries. */
  called(queries: number): void;
  /** A refused batch was halved. */
  split(): void;
}

/** What refreshes cost and brought: for `/metrics`, where two have the names of the original agent, and for people. */
export class RefreshTally {
  readonly #clock: Clock;
  readonly #metrics: ReturnType<typeof refreshMetrics>;
  #last: RefreshReport | undefined;

  constructor({ clock, registry }: { readonly clock: Clock; readonly registry: Registry }) {
    this.#clock = clock;
    this.#metrics = refreshMetrics(registry);
  }

  /** The last refresh that ended while this replica led; `undefined` before the first. */
  last(): RefreshReport | undefined {
    return this.#last;
  }

  /** A refresh begins. The answer counts it; `ended` is called when it has brought records, and only then. */
  begin(
    scope: 'all' | 'new',
    queries: number,
  ): RefreshCount & { ended(records: { readonly all: number; readonly valid: number }): void } {
    const startedAtMs = this.#clock.monotonicMs();
    let calls = 0;
    let splits = 0;
    return {
      called: (size) => {
        calls += 1;
        this.#metrics.batch.observe(size);
      },
      split: () => {
        splits += 1;
        this.#metrics.splits.inc();
      },
      ended: (records) => {
        const tookSeconds = (this.#clock.monotonicMs() - startedAtMs) / 1000;
        const endedAt = new Date(this.#clock.nowMs()).toISOString();
        this.#last = { endedAt, scope, tookSeconds, queries, calls, splits };
        this.#metrics.elapsed.observe(tookSeconds);
        this.#count(records);
      },
    };
  }

  /** The leader counts what is wanted; one that was must not go on saying what it counted then. */
  notLeading(): void {
    this.#metrics.records.reset();
  }

  #count({ all, valid }: { readonly all: number; readonly valid: number }): void {
    this.#metrics.records.set({ valid: 'true' }, valid);
    this.#metrics.records.set({ valid: 'false' }, all - valid);
  }
}

function refreshMetrics(registry: Registry) {
  return {
    records: gauge(
      registry,
      'external_metrics',
      'Wanted external metrics, by whether they have a value to serve.',
      ['valid'],
    ),
    elapsed: histogram(
      registry,
      'external_metrics_retriever_elapsed',
      'Seconds that a refresh took.',
      [],
      [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    ),
    batch: histogram(
      registry,
      'external_metrics_batch_queries',
      'Queries in a call to Datadog.',
      [],
      [1, 2, 5, 10, 20, 35],
    ),
    splits: counter(
      registry,
      'external_metrics_batch_splits_total',
      'Batches that Datadog refused and that were halved to find the bad query.',
      [],
    ),
  };
}
