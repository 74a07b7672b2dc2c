import { Listeners } from '../../../core/listeners.js';
import { type HeldRecord, type MetricId, type MetricRecord, metricId } from '../../../core/metric.js';
import type { Selector } from '../../../core/selector.js';
import { parseSelector } from '../../../core/selector-text.js';

/** Records that a test sets by hand; a literal for the port `RecordReader`. */
export class TestRecords {
  readonly #held = new Map<MetricId, HeldRecord>();
  readonly #listeners = new Listeners();
  /** How often the whole was read. */
  lists = 0;
  listeners = 0;

  get(id: MetricId): HeldRecord | undefined {
    return this.#held.get(id);
  }

  list(): Iterable<HeldRecord> {
    this.lists += 1;
    return this.#held.values();
  }

  onChange(listener: () => void): () => void {
    const remove = this.#listeners.add(listener);
    this.listeners += 1;
    return () => {
      this.listeners -= 1;
      remove();
    };
  }

  /** @param monotonicMs when the record came to this process */
  set(record: MetricRecord, { ageMs = 0, monotonicMs = 0 } = {}): MetricRecord {
    this.#held.set(metricId(record.key), {
      record,
      ageOnArrivalMs: ageMs,
      arrivedAtMonotonicMs: monotonicMs,
    });
    this.#listeners.notify();
    return record;
  }

  delete(id: MetricId): void {
    this.#held.delete(id);
    this.#listeners.notify();
  }
}

/** A selector from its text form. */
export function selectorOf(text: string): Selector {
  const selector = parseSelector(text);
  if (!selector.ok) throw new RangeError(selector.error);
  return selector.value;
}

/** A record of namespace `shop` with a value of 1 unless told otherwise. */
export function validRecord(
  name: string,
  wish: {
    readonly selector?: string;
    readonly value?: number;
    readonly observedAtMs?: number;
    readonly trouble?: string;
  } = {},
): Extract<MetricRecord, { state: 'valid' }> {
  const key = { namespace: 'shop', name, selector: selectorOf(wish.selector ?? '') };
  const point = { value: wish.value ?? 1, observedAtMs: wish.observedAtMs ?? 0 };
  const query = `avg:${name}{*}.rollup(30)`;
  const base = { state: 'valid', key, query, point } as const;
  return wish.trouble === undefined ? base : { ...base, trouble: wish.trouble };
}

/** A record of namespace `shop` without a value so far. */
export function pendingRecord(name: string, trouble?: string): Extract<MetricRecord, { state: 'pending' }> {
  const key = { namespace: 'shop', name, selector: [] };
  const base = { state: 'pending', key, query: `avg:${name}{*}.rollup(30)` } as const;
  return trouble === undefined ? base : { ...base, trouble };
}
