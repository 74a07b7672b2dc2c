import type { Clock } from '../core/clock.js';
import { type HeldRecord, lastPointOf, type MetricId, type MetricRecord } from '../core/metric.js';

/** All records of one moment. Never changed: a new one takes its place. */
export type Snapshot = ReadonlyMap<MetricId, HeldRecord>;

/** The next snapshot while it is being made, which may take a while. Nobody sees it before it is swapped in, whole. */
export class Draft {
  /** What it is to replace. */
  readonly base: Snapshot;
  readonly #swap: (draft: Draft) => boolean;
  readonly #next = new Map<MetricId, HeldRecord>();
  readonly #nowMs: number;
  readonly #monotonicMs: number;
  #differs = false;

  constructor(base: Snapshot, clock: Clock, swap: (draft: Draft) => boolean) {
    this.base = base;
    this.#swap = swap;
    this.#nowMs = clock.nowMs();
    this.#monotonicMs = clock.monotonicMs();
  }

  get next(): Snapshot {
    return this.#next;
  }

  get differs(): boolean {
    return this.#differs || this.#next.size !== this.base.size;
  }

  /** What is known so far. */
  before(id: MetricId): MetricRecord | undefined {
    return this.base.get(id)?.record;
  }

  put(id: MetricId, record: MetricRecord): void {
    const held = this.base.get(id);
    const kept = held?.record === record ? held : this.#hold(record, held);
    if (kept !== held) this.#differs = true;
    this.#next.set(id, kept);
  }

  /** Leaves a record of the base as it is. */
  keep(id: MetricId, held: HeldRecord): void {
    this.#next.set(id, held);
  }

  /** Takes the place of its base, unless another did so meanwhile: then it is worth nothing and is to be made anew. */
  commit(): boolean {
    return this.#swap(this);
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
    const ageOnArrivalMs = point === undefined ? 0 : this.#nowMs - point.observedAtMs;
    return { record, ageOnArrivalMs, arrivedAtMonotonicMs: this.#monotonicMs };
  }
}
