import type { Clock } from '../core/clock.js';
import type { Fault } from '../core/fault.js';
import type { Logger } from '../core/log.js';
import type { MetricId, MetricRecord } from '../core/metric.js';
import type { Pace, Steps } from '../core/pace.js';
import { ok, type Result } from '../core/result.js';
import { type Entry, entryKey, entryValue } from './codec.js';
import type { Snapshot } from './draft.js';
import {
  foreignBytes,
  foreignEntries,
  lastUpdatedAnnotation,
  recordEntries,
  type StoredShard,
  saysExactly,
  shardCountAnnotation,
  shardName,
} from './shard-content.js';
import { planning, type Shard, type ShardLimits, type ShardPlan } from './shards.js';

/** ConfigMaps by name, written by compare-and-swap. */
export interface WritableShards {
  read(name: string, signal: AbortSignal): Promise<Result<StoredShard | undefined, Fault>>;
  /** `revision` `undefined` creates. Faults: `kube.conflict` when the object is not as that revision left it. */
  write(
    name: string,
    content: {
      readonly data: Readonly<Record<string, string>>;
      readonly annotations: Readonly<Record<string, string>>;
    },
    revision: string | undefined,
    signal: AbortSignal,
  ): Promise<Result<StoredShard, Fault>>;
  remove(name: string, revision: string, signal: AbortSignal): Promise<Result<undefined, Fault>>;
}

export interface ShardWriterPorts {
  readonly box: WritableShards;
  readonly clock: Clock;
  readonly pace: Pace;
  readonly log: Logger;
}

interface Encoded {
  readonly record: MetricRecord;
  readonly entry: Entry;
}

/** What a write goes by. */
export interface WriteView {
  /** The shards as last seen; those that differ by then cost another attempt, nothing else. */
  readonly known: readonly (StoredShard | undefined)[];
  /** The shards as a leader wrote them last, be they gone since: none of their dates is used again. */
  readonly written: readonly (StoredShard | undefined)[];
  /** Asked again before each write. */
  readonly mayWrite: () => boolean;
  /** Writes also what is there already, so that its revision changes. */
  readonly isFirst?: boolean;
}

export interface Written {
  /** What each shard that was touched is now. */
  readonly shards: ReadonlyMap<number, StoredShard | undefined>;
  /** What kept the rest from being written, if anything. */
  readonly fault: Fault | undefined;
}

/** A write that lost against another writer is tried again on what that one left. */
const maxAttempts = 6;

/** A date that is so far ahead is not due to haste: the clock was set back, and dates follow it. */
const clockStepMs = 1_000;

/** Brings the cluster's ConfigMaps to say a snapshot, writing only those that differ. */
export class ShardWriter {
  readonly #ports: ShardWriterPorts;
  readonly #options: ShardLimits & { readonly name: string };
  /** The records of the last write. */
  #encoded: ReadonlyMap<MetricId, Encoded> = new Map();
  #refused = 0;
  #lastDateMs = 0;

  constructor(ports: ShardWriterPorts, options: ShardLimits & { readonly name: string }) {
    this.#ports = ports;
    this.#options = options;
  }

  async write(snapshot: Snapshot, view: WriteView, signal: AbortSignal): Promise<Written> {
    const { known, mayWrite } = view;
    const plan = await this.#ports.pace.run(this.#plan(snapshot, known));
    this.#nameRefused(plan.refused);
    const shards = new Map<number, StoredShard | undefined>();
    const toWrite = plan.shards.map((_, index) => index);
    const toRemove = known.map((_, index) => index).slice(plan.shards.length);
    // The first shard says how many there are, so it comes last: what it speaks of exists by then, or is gone.
    for (const index of [...toWrite.slice(1), ...toRemove, 0]) {
      const done =
        index < plan.shards.length
          ? await this.#writeShard(index, plan.shards, view, signal)
          : await this.#removeShard(index, known[index], mayWrite, signal);
      if (!done.ok) return { shards, fault: done.error };
      if (done.value !== 'untouched') shards.set(index, done.value);
    }
    return { shards, fault: undefined };
  }

  /** Lets go of what was written, when others write from now on. */
  forget(): void {
    this.#encoded = new Map();
  }

  async #removeShard(
    index: number,
    known: StoredShard | undefined,
    mayWrite: () => boolean,
    signal: AbortSignal,
  ): Promise<Result<StoredShard | undefined | 'untouched', Fault>> {
    if (known === undefined || !mayWrite()) return ok('untouched');
    const removed = await this.#ports.box.remove(
      shardName(this.#options.name, index),
      known.revision,
      signal,
    );
    return removed.ok ? ok(undefined) : removed;
  }

  async #writeShard(
    index: number,
    planned: readonly Shard[],
    { known, written: dated, mayWrite, isFirst = false }: WriteView,
    signal: AbortSignal,
  ): Promise<Result<StoredShard | 'untouched', Fault>> {
    const { box, clock, pace } = this.#ports;
    const name = shardName(this.#options.name, index);
    const entries = planned[index] ?? new Map<string, string>();
    const countText = String(planned.length);
    let current = known[index];
    for (let attempt = 1; ; attempt += 1) {
      // Reading the last answer took some time, and making what is to be sent does: others have a turn in between.
      const isSaid = await pace.run(saying(current, entries));
      if (!mayWrite()) return ok('untouched');
      const isCountRight = index !== 0 || current?.annotations[shardCountAnnotation] === countText;
      if (isCountRight && isSaid && !isFirst && current !== undefined) return ok(current);
      const annotations = {
        [lastUpdatedAnnotation]: this.#date([current, dated[index]], clock.nowMs()),
        ...(index === 0 ? { [shardCountAnnotation]: countText } : {}),
      };
      const data = { ...foreignEntries(current), ...Object.fromEntries(entries) };
      const written = await box.write(name, { data, annotations }, current?.revision, signal);
      if (written.ok || attempt >= maxAttempts || !isLost(written.error)) return written;
      const fresh = await box.read(name, signal);
      if (!fresh.ok) return fresh;
      current = fresh.value;
    }
  }

  /** Never the same twice, be it by another leader, by which replicas know its write from a stranger's; else the time. */
  #date(before: readonly (StoredShard | undefined)[], nowMs: number): string {
    const isTaken = nowMs <= this.#lastDateMs && this.#lastDateMs - nowMs < clockStepMs;
    const spent = before.map((shard) => shard?.annotations[lastUpdatedAnnotation]);
    let ms = isTaken ? this.#lastDateMs + 1 : nowMs;
    while (spent.includes(new Date(ms).toISOString())) ms += 1;
    this.#lastDateMs = ms;
    return new Date(ms).toISOString();
  }

  *#plan(snapshot: Snapshot, known: WriteView['known']): Steps<ShardPlan> {
    const entries = yield* this.#encode(snapshot);
    const current: Shard[] = [];
    const foreign: number[] = [];
    for (const shard of known) {
      current.push(recordEntries(shard));
      foreign.push(foreignBytes(shard));
      yield;
    }
    return yield* planning(current, entries, this.#options, foreign);
  }

  *#encode(snapshot: Snapshot): Steps<Shard> {
    const entries = new Map<string, string>();
    const encoded = new Map<MetricId, Encoded>();
    for (const [id, { record }] of snapshot) {
      const known = this.#encoded.get(id);
      const now = known?.record === record ? known : encode(record, known);
      encoded.set(id, now);
      entries.set(now.entry.key, now.entry.value);
      yield;
    }
    this.#encoded = encoded;
    return entries;
  }

  #nameRefused(refused: readonly string[]): void {
    if (refused.length !== this.#refused && refused.length > 0) {
      this.#ports.log.error(
        { count: refused.length, first: refused.slice(0, 10) },
        'more metrics than the ConfigMaps may hold: these are served by the leader only; ask for fewer',
      );
    }
    this.#refused = refused.length;
  }
}

/** The object is not as we knew it: changed, created or deleted by another. */
function isLost(fault: Fault): boolean {
  return fault.code === 'kube.conflict' || fault.code === 'kube.not_found';
}

function* saying(shard: StoredShard | undefined, entries: Shard): Steps<boolean> {
  yield;
  return saysExactly(shard, entries);
}

/** A metric's key is made of a hash, so one that is there is not made again. */
function encode(record: MetricRecord, known: Encoded | undefined): Encoded {
  const key = known?.record.key === record.key ? known.entry.key : entryKey(record.key);
  return { record, entry: { key, value: entryValue(record) } };
}
