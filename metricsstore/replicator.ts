import { backoffMs } from '../core/backoff.js';
import type { Clock } from '../core/clock.js';
import type { Component, Health } from '../core/component.js';
import type { Fault } from '../core/fault.js';
import { linkAbort } from '../core/linked-abort.js';
import { Listeners } from '../core/listeners.js';
import type { Logger } from '../core/log.js';
import type { Pace } from '../core/pace.js';
import { ok, type Result } from '../core/result.js';
import { Wake } from '../core/wake.js';
import { Adoption } from './adoption.js';
import { type CopyReport, describeShards, lagOf, measuring } from './copy-report.js';
import { type StoredShard, shardCount, shardName } from './shard-content.js';
import { ShardMemory } from './shard-memory.js';
import type { ShardReader } from './shard-reader.js';
import type { ShardWriter } from './shard-writer.js';
import { SharingTrouble } from './sharing-trouble.js';
import type { Store } from './store.js';

/** ConfigMaps by name. */
export interface ShardBox {
  /** `undefined` when there is no such object. */
  read(name: string, signal: AbortSignal): Promise<Result<StoredShard | undefined, Fault>>;
  /** Tells `listener` of the object now and at each change, `undefined` while it does not exist, until `signal` aborts. */
  follow(
    name: string,
    listener: (shard: StoredShard | undefined) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /** How long the watches have been silent, bookmarks counted; Infinity before the first answer. */
  heardAgoMs(): number;
}

export interface Leadership {
  isLeader(): boolean;
  onChange(listener: () => void): () => void;
}

export interface ReplicatorPorts {
  readonly box: ShardBox;
  readonly store: Store;
  readonly reader: ShardReader;
  readonly writer: ShardWriter;
  readonly leadership: Leadership;
  readonly clock: Clock;
  readonly pace: Pace;
  readonly log: Logger;
  readonly random: () => number;
}

export interface ReplicatorOptions {
  /** Name of the first ConfigMap. */
  readonly name: string;
  readonly maxShards: number;
  /** A follower whose watch is silent for so long reads the ConfigMaps itself. */
  readonly localCopyRefreshMs: number;
  /** A replica that has not heard from the store for so long must get no traffic. */
  readonly maxSilenceMs: number;
}

const retryBounds = { firstMs: 500, capMs: 15_000 };

/** Keeps the store and the cluster's ConfigMaps in step: the leader writes what it knows, the others take it over. */
export class Replicator implements Component {
  readonly name = 'replicator';
  readonly #ports: ReplicatorPorts;
  readonly #options: ReplicatorOptions;
  readonly #wake = new Wake();
  readonly #memory = new ShardMemory();
  readonly #adoption: Adoption;
  readonly #trouble: SharingTrouble;
  #count = 1;
  #follows = new Map<number, AbortController>();
  /** In a row, of looks at the ConfigMaps. */
  #readFailures = 0;
  #endLook = (): void => {};
  /**
   * A new leader first looks at what there is, then writes all of it anew, be it the same: what its predecessor sent, and
   * the network still holds, finds another revision and is refused.
   */
  #office: 'none' | 'taken over' | 'confirmed' = 'none';
  /** Another whenever the lead was taken or lost: what was begun in one is not finished in the next. */
  #term = 0;
  #lastChangeAtMs: number | undefined;
  #lagMs: number | undefined;
  #readAtMs = Number.NEGATIVE_INFINITY;
  readonly #primedListeners = new Listeners();
  #isPrimed = false;

  constructor(ports: ReplicatorPorts, options: ReplicatorOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#adoption = new Adoption(ports);
    this.#trouble = new SharingTrouble(ports.log);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { store, leadership, clock } = this.#ports;
    const onLeadership = (): void => {
      if (!leadership.isLeader()) this.#office = 'none';
      this.#term += 1;
      this.#lagMs = undefined;
      this.#wake.wake();
    };
    const stops = [store.onChange(() => this.#wake.wake()), leadership.onChange(onLeadership)];
    this.#follow(signal);
    while (!signal.aborted) {
      await this.#turn(signal);
      await this.#wake.wait(this.#pauseMs(), clock, signal);
    }
    for (const stop of stops) stop();
  }

  /** Whether this replica has seen what the cluster holds, be it nothing. */
  hasSynced(): boolean {
    return this.#indexes().every((index) => this.#memory.hasSeen(index));
  }

  /** Whether the store has been given what the cluster held, so that a new leader begins where the last one ended. */
  isPrimed(): boolean {
    return this.#isPrimed;
  }

  /** Calls `listener` when the store has been primed. */
  onPrimed(listener: () => void): () => void {
    return this.#primedListeners.add(listener);
  }

  /** How long the cluster's copy has stood unchanged, as far as this replica saw; `undefined` before it saw any. */
  unchangedForMs(): number | undefined {
    return this.#lastChangeAtMs === undefined
      ? undefined
      : this.#ports.clock.monotonicMs() - this.#lastChangeAtMs;
  }

  /** For a status page. */
  describe(): CopyReport {
    const configMaps = describeShards(this.#memory, { name: this.#options.name, count: this.#count });
    const unchangedForMs = this.unchangedForMs();
    const silentMs = this.#silentMs();
    return {
      configMaps,
      bytes: configMaps.reduce((sum, { bytes }) => sum + bytes, 0),
      unchangedSeconds: unchangedForMs === undefined ? null : unchangedForMs / 1000,
      lagSeconds: this.#lagMs === undefined ? null : this.#lagMs / 1000,
      silentSeconds: silentMs === Number.POSITIVE_INFINITY ? null : silentMs / 1000,
    };
  }

  /** Milliseconds, by both replicas' clocks; `undefined` for the leader, and before a change came. */
  lagMs(): number | undefined {
    return this.#lagMs;
  }

  health(): Health {
    if (!this.#isPrimed) return { state: 'starting', detail: 'the stored metrics have not been read yet' };
    const silentMs = this.#silentMs();
    if (silentMs > this.#options.maxSilenceMs) {
      return {
        state: 'unready',
        detail: `no word from the API server about the stored metrics for ${Math.round(silentMs / 1000)} s`,
      };
    }
    const { detail } = this.#trouble;
    return detail === undefined ? { state: 'ready' } : { state: 'degraded', detail };
  }

  async #turn(signal: AbortSignal): Promise<void> {
    const { leadership } = this.#ports;
    const isLeader = leadership.isLeader();
    const term = this.#term;
    const isStill = (): boolean =>
      this.#term === term && leadership.isLeader() === isLeader && !signal.aborted;
    if (!isLeader) {
      this.#office = 'none';
      this.#ports.writer.forget();
    }
    const isNew = isLeader && this.#office === 'none';
    const read = isNew ? await this.#readAll(signal) : await this.#lookIfSilent(signal);
    this.#readFailures = read.ok ? 0 : this.#readFailures + 1;
    if (isNew && !read.ok) return this.#trouble.settle(read.error);
    this.#follow(signal);
    if (!this.hasSynced()) return;
    if (isNew) await this.#takeOver(isStill);
    else if (!isLeader) await this.#adopt(isStill);
    if (!isStill()) return this.#wake.wake();
    this.#prime();
    if (isLeader) await this.#publish(signal);
    await this.#ports.pace.run(measuring(this.#memory, this.#count));
  }

  #prime(): void {
    if (this.#isPrimed) return;
    this.#isPrimed = true;
    this.#primedListeners.notify();
  }

  async #takeOver(isStill: () => boolean): Promise<void> {
    const done = await this.#adoption.takeOver(() => this.#lastWords(), isStill);
    if (done) this.#office = 'taken over';
  }

  async #adopt(isStill: () => boolean): Promise<void> {
    this.#trouble.settle(undefined);
    await this.#adoption.adopt(() => this.#lastWords(), isStill);
  }

  #pauseMs(): number {
    const failures = Math.max(this.#trouble.failures, this.#readFailures);
    if (failures === 0) return this.#options.localCopyRefreshMs;
    return Math.min(backoffMs(failures, retryBounds, this.#ports.random()), this.#options.localCopyRefreshMs);
  }

  async #publish(signal: AbortSignal): Promise<void> {
    const { writer, store, leadership } = this.#ports;
    const isFirst = this.#office === 'taken over';
    const mayWrite = (): boolean => leadership.isLeader() && this.#office !== 'none' && !signal.aborted;
    const view = { known: this.#known(), written: this.#lastWords(), mayWrite, isFirst };
    const done = await writer.write(store.snapshot, view, signal);
    for (const [index, shard] of done.shards) this.#note(index, shard);
    if (done.fault === undefined && mayWrite()) this.#office = 'confirmed';
    this.#trouble.settle(done.fault);
    this.#follow(signal);
  }

  async #lookIfSilent(signal: AbortSignal): Promise<Result<undefined, Fault>> {
    return this.#silentMs() < this.#options.localCopyRefreshMs ? ok(undefined) : this.#lookAround(signal);
  }

  /** The bound of last resort, for when the watches are silent. If one brings news after all, nothing else is waited for. */
  async #lookAround(signal: AbortSignal): Promise<Result<undefined, Fault>> {
    const look = linkAbort(signal);
    this.#endLook = () => look.abort();
    const read = await this.#readAll(look.signal);
    this.#endLook = () => {};
    look.release();
    return look.signal.aborted && !signal.aborted ? ok(undefined) : read;
  }

  /** The first shard says how many there are. */
  async #readAll(signal: AbortSignal): Promise<Result<undefined, Fault>> {
    for (let index = 0; index < this.#count; index += 1) {
      const shard = await this.#ports.box.read(shardName(this.#options.name, index), signal);
      if (!shard.ok) return shard;
      this.#note(index, shard.value);
    }
    this.#readAtMs = this.#ports.clock.monotonicMs();
    return ok(undefined);
  }

  /** Since the cluster's copy was last known to be as we have it, by whichever way. */
  #silentMs(): number {
    return Math.min(this.#ports.box.heardAgoMs(), this.#ports.clock.monotonicMs() - this.#readAtMs);
  }

  /** Follows just the shards that there are. */
  #follow(signal: AbortSignal): void {
    for (const [index, stop] of this.#follows) {
      if (index < this.#count) continue;
      stop.abort();
      this.#follows.delete(index);
      this.#memory.forget(index);
    }
    for (const index of this.#indexes()) {
      if (this.#follows.has(index)) continue;
      const stop = new AbortController();
      this.#follows.set(index, stop);
      const listener = (shard: StoredShard | undefined): void => {
        this.#note(index, shard);
        this.#endLook();
        this.#wake.wake();
      };
      void this.#ports.box.follow(
        shardName(this.#options.name, index),
        listener,
        AbortSignal.any([signal, stop.signal]),
      );
    }
  }

  #note(index: number, shard: StoredShard | undefined): void {
    const sighting = this.#memory.note(index, shard);
    if (sighting === 'known') return;
    const isFirst = this.#lastChangeAtMs === undefined;
    this.#lastChangeAtMs = this.#ports.clock.monotonicMs();
    // What was there at the start was written whenever it was.
    if (sighting === 'leaders' && !isFirst && !this.#ports.leadership.isLeader())
      this.#lagMs = lagOf(shard, this.#ports.clock);
    if (sighting === 'foreign') this.#tellForeign(index, shard);
    // A first shard that does not say leaves the count as it was.
    else if (index === 0) this.#count = shardCount(shard, this.#options.maxShards) ?? this.#count;
  }

  #tellForeign(index: number, shard: StoredShard | undefined): void {
    // The leader gives further shards up by itself.
    if (index > 0 && shard === undefined) return;
    const configMap = shardName(this.#options.name, index);
    const what = shard === undefined ? 'deleted' : 'changed';
    this.#ports.log.warn(
      { configMap },
      `somebody ${what} a ConfigMap of the stored metrics; what the leader wrote last counts until it has written again`,
    );
  }

  #known(): (StoredShard | undefined)[] {
    return this.#indexes().map((index) => this.#memory.seen(index));
  }

  #lastWords(): (StoredShard | undefined)[] {
    return this.#indexes().map((index) => this.#memory.written(index));
  }

  #indexes(): number[] {
    return Array.from({ length: this.#count }, (_, index) => index);
  }
}
