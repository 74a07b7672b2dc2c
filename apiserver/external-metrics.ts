import type { Clock } from '../core/clock.js';
import {
  type HeldRecord,
  type InvalidReason,
  type MetricId,
  type MetricRecord,
  pointAgeMs,
} from '../core/metric.js';
import { freshnessOf } from './freshness.js';

/** The records that this replica holds. Reading costs no I/O. */
export interface RecordReader {
  get(id: MetricId): HeldRecord | undefined;
  list(): Iterable<HeldRecord>;
  /** Calls `listener` after each change until the returned function is called. */
  onChange(listener: () => void): () => void;
}

/** What autoscalers ask for, as far as this replica has seen. */
export interface WantedMetrics {
  isWanted(id: MetricId): boolean;
}

/** A record with a point that was good when it was judged. */
export type ValidRecord = Extract<MetricRecord, { readonly state: 'valid' }>;

/** What is known of a metric at one instant. */
export type Finding =
  | { readonly state: 'value'; readonly record: ValidRecord }
  /** Somebody asks for it, and its first reading has not ended. */
  | { readonly state: 'pending'; readonly held: HeldRecord | undefined }
  | {
      readonly state: 'invalid';
      readonly reason: InvalidReason;
      readonly held: HeldRecord;
      readonly ageMs: number | undefined;
    }
  /** No record, and no autoscaler that asks for it. */
  | { readonly state: 'unknown' };

/** Any finding that is no value. */
export type RefusedFinding = Exclude<Finding, { readonly state: 'value' }>;

/** Looks a metric up; its age is judged here, at the moment of answering, whatever the record's state says. */
export class ExternalMetrics {
  readonly #records: RecordReader;
  readonly #wanted: WantedMetrics;
  readonly #clock: Clock;
  readonly #maxAgeMs: number;

  constructor(
    ports: { readonly records: RecordReader; readonly wanted: WantedMetrics; readonly clock: Clock },
    options: { readonly maxAgeMs: number },
  ) {
    this.#records = ports.records;
    this.#wanted = ports.wanted;
    this.#clock = ports.clock;
    this.#maxAgeMs = options.maxAgeMs;
  }

  find(id: MetricId): Finding {
    const held = this.#records.get(id);
    if (held === undefined)
      return this.#wanted.isWanted(id) ? { state: 'pending', held } : { state: 'unknown' };
    const { record } = held;
    switch (record.state) {
      case 'pending':
        return { state: 'pending', held };
      case 'invalid':
        return { state: 'invalid', reason: record.reason, held, ageMs: pointAgeMs(held, this.#clock) };
      case 'valid':
        return this.#judgeAge(held, record);
    }
  }

  #judgeAge(held: HeldRecord, record: ValidRecord): Finding {
    const ageMs = pointAgeMs(held, this.#clock) ?? Number.NaN;
    const freshness = freshnessOf(ageMs, this.#maxAgeMs);
    return freshness === 'fresh'
      ? { state: 'value', record }
      : { state: 'invalid', reason: freshness, held, ageMs };
  }
}
