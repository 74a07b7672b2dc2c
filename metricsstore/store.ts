import type { Clock } from '../core/clock.js';
import { Listeners } from '../core/listeners.js';
import type { HeldRecord, MetricId, MetricRecord } from '../core/metric.js';
import { Draft, type Snapshot } from './draft.js';

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

  /** Begins the next snapshot: what is put into it is all that will be known when it is committed. */
  draft(): Draft {
    return new Draft(this.#snapshot, this.#clock, (draft) => this.#swap(draft));
  }

  /** Takes `records` for all that is known now. */
  replace(records: ReadonlyMap<MetricId, MetricRecord>): void {
    const draft = this.draft();
    for (const [id, record] of records) draft.put(id, record);
    draft.commit();
  }

  /** Calls `listener` when something differs, and only then. */
  onChange(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  #swap(draft: Draft): boolean {
    if (draft.base !== this.#snapshot) return false;
    if (!draft.differs) return true;
    this.#snapshot = draft.next;
    this.#listeners.notify();
    return true;
  }
}
