import type { Clock } from '../core/clock.js';
import { Listeners } from '../core/listeners.js';
import { type HeldRecord, lastPointOf, type MetricId, type MetricRecord } from '../core/metric.js';

/** All records of one moment. Never changed: a new one takes its place. */
export type Snapshot = ReadonlyMap<MetricId, HeldRecord>;

/** The current snapshot, in memory. Readers keep what they took; writers swap it whole. */
export class Store {
  readonly #clock: Clock;
  readonly #listeners = new Listeners();
  #snapshot: Snapshot = new Map();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(id: MetricId): HeldRecord | undefined {
    return this.#snapshot.get(id);
  }

  list(): Iterable<HeldRecord> {
    return this.#snapshot.values();
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  /** Takes `records` for all that is known now. Listeners hear of it only when something differs. */
  replace(records: ReadonlyMap<MetricId, MetricRecord>): void {
    const previous = this.#snapshot;
    const next = new Map<MetricId, HeldRecord>();
    let differs = records.size !== previous.size;
    for (const [id, record] of records) {
      const held = previous.get(id);
      const kept = held?.record === record ? held : this.#hold(record, held);
      if (kept !== held) differs = true;
      next.set(id, kept);
    }
    if (!differs) return;
    this.#snapshot = next;
    this.#listeners.notify();
  }

  onChange(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  /** A point that was here already keeps its arrival, so that its age never shrinks, whatever the wall clock says. */
  #hold(record: MetricRecord, before: HeldRecord | undefined): HeldRecord {
    const point = lastPointOf(record);
    const known = before === undefined ? undefined : lastPointOf(before.record);
    if (before !== undefined && point !== undefined && known?.observedAtMs === point.observedAtMs) {
      return {
        record,
        ageOnArrivalMs: before.ageOnArrivalMs,
        arrivedAtMonotonicMs: before.arrivedAtMonotonicMs,
      };
    }
    const ageOnArrivalMs = point === undefined ? 0 : this.#clock.nowMs() - point.observedAtMs;
    return { record, ageOnArrivalMs, arrivedAtMonotonicMs: this.#clock.monotonicMs() };
  }
}
