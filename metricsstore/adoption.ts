import type { Clock } from '../core/clock.js';
import type { MetricId } from '../core/metric.js';
import type { Pace, Steps } from '../core/pace.js';
import type { Draft, Snapshot } from './draft.js';
import { isNewer, newest } from './newest.js';
import type { StoredShard } from './shard-content.js';
import type { ShardReader } from './shard-reader.js';

export interface AdoptionPorts {
  readonly store: { readonly snapshot: Snapshot; draft(): Draft };
  readonly reader: ShardReader;
  readonly clock: Clock;
  readonly pace: Pace;
}

/** What a leader wrote last, asked for again at each look: watches bring news while a large world is being read. */
export type LastWords = () => readonly (StoredShard | undefined)[];

/** Whether a point lies too far in the future depends on the clock: unchanged records are looked at again so often. */
const allAgainMs = 30_000;

/** Brings the store to say what the ConfigMaps say, or a new leader to know it. */
export class Adoption {
  readonly #ports: AdoptionPorts;
  /** The snapshot that was made of all that was read so far; `undefined`: not all of it is in one. */
  #adopted: Snapshot | undefined;
  #allAtMs = Number.NEGATIVE_INFINITY;

  constructor(ports: AdoptionPorts) {
    this.#ports = ports;
  }

  /**
   * Takes over what a leader wrote, but for what this replica knows newer. After a change of one shard only its metrics
   * are looked at; when somebody else has filled the store, and once in a while, everything is.
   *
   * @param isStill asked before the store is changed: whether this replica still follows
   */
  async adopt(words: LastWords, isStill: () => boolean): Promise<void> {
    const { store, reader, clock, pace } = this.#ports;
    const adopted = this.#adopted;
    const isDue = clock.monotonicMs() - this.#allAtMs >= allAgainMs;
    if (!isDue && adopted === store.snapshot && reader.hasRead(words())) return;
    this.#adopted = undefined;
    const touched = await pace.run(reader.read(words()));
    if (!isStill()) return;
    const draft = store.draft();
    const isAll = isDue || draft.base !== adopted;
    const nowMs = clock.nowMs();
    const put = (id: MetricId): void => this.#put(draft, id, nowMs);
    await pace.run(isAll ? each(reader.ids(), put) : renewed(draft, touched, put));
    if (!isStill() || !draft.commit()) return;
    this.#adopted = store.snapshot;
    if (isAll) this.#allAtMs = clock.monotonicMs();
  }

  /**
   * A new leader goes on from what the last one left, which it may have heard of late. What is wanted it knows itself.
   * Answers whether it did: `isStill` is asked before the store is changed.
   */
  async takeOver(words: LastWords, isStill: () => boolean): Promise<boolean> {
    const { store, reader, clock, pace } = this.#ports;
    this.#adopted = undefined;
    while (isStill()) {
      await pace.run(reader.read(words()));
      const draft = store.draft();
      const nowMs = clock.nowMs();
      const isEmpty = draft.base.size === 0;
      const putLeft = (id: MetricId): void => this.#put(draft, id, nowMs);
      await pace.run(isEmpty ? each(reader.ids(), putLeft) : merged(draft, reader, nowMs));
      // Nothing that came meanwhile may be passed over: this replica is about to write over it.
      if (!isStill() || !reader.hasRead(words()) || !draft.commit()) continue;
      reader.forget();
      return true;
    }
    return false;
  }

  #put(draft: Draft, id: MetricId, nowMs: number): void {
    const told = this.#ports.reader.record(id);
    if (told === undefined) return;
    const held = draft.before(id);
    draft.put(id, held !== undefined && isNewer(held, told, nowMs) ? held : told);
  }
}

function* each(ids: Iterable<MetricId>, put: (id: MetricId) => void): Steps<void> {
  for (const id of ids) {
    put(id);
    yield;
  }
}

function* renewed(draft: Draft, touched: ReadonlySet<MetricId>, put: (id: MetricId) => void): Steps<void> {
  for (const [id, held] of draft.base) {
    if (touched.has(id)) put(id);
    else draft.keep(id, held);
    yield;
  }
  for (const id of touched) {
    if (!draft.base.has(id)) put(id);
    yield;
  }
}

function* merged(draft: Draft, reader: ShardReader, nowMs: number): Steps<void> {
  for (const [id, { record }] of draft.base) {
    draft.put(id, newest(record, reader.record(id), nowMs));
    yield;
  }
}
