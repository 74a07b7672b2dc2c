import { type MetricId, type MetricRecord, metricId } from '../core/metric.js';
import type { Steps } from '../core/pace.js';
import { decodeRecord, isRecordKey } from './codec.js';
import { decodeOriginals, isOriginalsKey } from './originals.js';
import type { StoredShard } from './shard-content.js';

interface Entry {
  readonly value: string;
  readonly record: MetricRecord | undefined;
  /** Of the record's metric. */
  readonly id: MetricId | undefined;
  /** In the order of all entries of all shards. */
  place: number;
}

type Shards = readonly (StoredShard | undefined)[];

const nothing: ReadonlyMap<string, Entry> = new Map();
/** More entries than a ConfigMap can hold. */
const placesOfShard = 2 ** 20;

/**
 * Decodes shards, remembering what each entry said: an unchanged shard costs nothing, and an unchanged entry next to
 * nothing and keeps its record.
 */
export class ShardReader {
  readonly #onDamage: (entry: string, problem: string) => void;
  #shards: { shard: StoredShard | undefined; entries: ReadonlyMap<string, Entry> }[] = [];
  /** Nearly every metric has one entry. */
  readonly #entries = new Map<MetricId, Entry | readonly Entry[]>();

  constructor(onDamage: (entry: string, problem: string) => void) {
    this.#onDamage = onDamage;
  }

  /**
   * Reads all shards; answers which metrics may have another record than before. A damaged entry is reported when it is
   * first seen, and costs only itself. Only one reading at a time, which must be brought to its end.
   */
  *read(shards: Shards): Steps<ReadonlySet<MetricId>> {
    const touched = new Set<MetricId>();
    for (let index = 0; index < Math.max(shards.length, this.#shards.length); index += 1) {
      const shard = shards[index];
      if (this.#shards[index]?.shard !== shard) yield* this.#take(index, shard, touched);
    }
    return touched;
  }

  /** Whether the shards are just those that were read last. */
  hasRead(shards: Shards): boolean {
    const longer = Math.max(shards.length, this.#shards.length);
    return Array.from({ length: longer }).every((_, index) => this.#shards[index]?.shard === shards[index]);
  }

  /** Lets go of all that was read, for as long as nobody reads: it takes as much memory as the shards themselves. */
  forget(): void {
    this.#shards = [];
    this.#entries.clear();
  }

  ids(): Iterable<MetricId> {
    return this.#entries.keys();
  }

  record(id: MetricId): MetricRecord | undefined {
    const entries = this.#entries.get(id);
    if (entries === undefined || !isMany(entries)) return entries?.record;
    return [...entries]
      .sort((a, b) => a.place - b.place)
      .reduce<MetricRecord | undefined>((kept, { record }) => newer(kept, record), undefined);
  }

  *#take(index: number, shard: StoredShard | undefined, touched: Set<MetricId>): Steps<void> {
    const before = this.#shards[index]?.entries ?? nothing;
    const entries = new Map<string, Entry>();
    for (const [key, value] of Object.entries(shard?.data ?? {})) {
      const known = before.get(key);
      const entry = known?.value === value ? known : this.#decode(key, value, known);
      entry.place = index * placesOfShard + entries.size;
      entries.set(key, entry);
      if (entry !== known) this.#swap(known, entry, touched);
      yield;
    }
    for (const [key, entry] of before) if (!entries.has(key)) this.#swap(entry, undefined, touched);
    this.#shards[index] = { shard, entries };
  }

  #swap(gone: Entry | undefined, come: Entry | undefined, touched: Set<MetricId>): void {
    if (gone?.id !== undefined) {
      touched.add(gone.id);
      const others = toList(this.#entries.get(gone.id)).filter((other) => other !== gone);
      this.#keep(gone.id, others);
    }
    if (come?.id === undefined) return;
    touched.add(come.id);
    this.#keep(come.id, [...toList(this.#entries.get(come.id)), come]);
  }

  #keep(id: MetricId, entries: readonly Entry[]): void {
    const [only] = entries;
    if (only === undefined) this.#entries.delete(id);
    else this.#entries.set(id, entries.length === 1 ? only : entries);
  }

  #decode(key: string, value: string, before: Entry | undefined): Entry {
    const record = this.#recordOf(key, value, before?.record);
    const isSame = record !== undefined && record.key === before?.record?.key;
    const id = isSame ? before?.id : record && metricId(record.key);
    return { value, record, id, place: 0 };
  }

  #recordOf(key: string, value: string, before: MetricRecord | undefined): MetricRecord | undefined {
    if (isOriginalsKey(key)) return decodeOriginals(value);
    if (!isRecordKey(key)) return undefined;
    const decoded = decodeRecord({ key, value }, before);
    if (decoded.ok) return decoded.value;
    this.#onDamage(key, decoded.error);
    return undefined;
  }
}

function isMany(entries: Entry | readonly Entry[]): entries is readonly Entry[] {
  return Array.isArray(entries);
}

function toList(entries: Entry | readonly Entry[] | undefined): readonly Entry[] {
  if (entries === undefined) return [];
  return isMany(entries) ? entries : [entries];
}

/** An entry on its way from one shard to another may stand in both for a moment, and an original's beside ours. */
function newer(before: MetricRecord | undefined, record: MetricRecord | undefined): MetricRecord | undefined {
  const isOlder =
    before?.state === 'valid' &&
    record?.state === 'valid' &&
    before.point.observedAtMs > record.point.observedAtMs;
  return isOlder ? before : record;
}
