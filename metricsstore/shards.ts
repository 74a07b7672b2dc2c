import { atOnce, type Steps } from '../core/pace.js';

/** The entries of one ConfigMap: key → value. */
export type Shard = ReadonlyMap<string, string>;

export interface ShardLimits {
  /** Of keys and values together; etcd's own bound for the whole object is 1 MiB. */
  readonly maxBytes: number;
  readonly maxShards: number;
}

export interface ShardPlan {
  /** At least one; some may be empty for a while. */
  readonly shards: readonly Shard[];
  /** Keys of entries that found no room. */
  readonly refused: readonly string[];
}

/**
 * Spreads entries over ConfigMaps. An entry stays in the shard that holds it as long as it fits, so that a change
 * of one metric changes one shard; new entries go where there is room first.
 *
 * @param current what each shard holds now
 * @param reservedBytes what each shard holds besides, that is not ours
 */
export function planShards(
  current: readonly Shard[],
  entries: Shard,
  limits: ShardLimits,
  reservedBytes: readonly number[] = [],
): ShardPlan {
  return atOnce(planning(current, entries, limits, reservedBytes));
}

/** The same, step by step. */
export function* planning(
  current: readonly Shard[],
  entries: Shard,
  limits: ShardLimits,
  reservedBytes: readonly number[] = [],
): Steps<ShardPlan> {
  const shards = current.map((_, index) => new OpenShard(reservedBytes[index] ?? 0));
  const homeless: [string, string][] = [];
  const homes = new Map<string, OpenShard>();
  for (const [index, shard] of shards.entries()) {
    for (const key of current[index]?.keys() ?? []) homes.set(key, shard);
    yield;
  }
  for (const [key, value] of entries) {
    if (homes.get(key)?.take(key, value, limits.maxBytes) !== true) homeless.push([key, value]);
    yield;
  }
  const refused: string[] = [];
  let first = 0;
  for (const [key, value] of homeless) {
    while (first < shards.length && shards[first]?.isFull(limits.maxBytes) === true) first += 1;
    if (!place(shards, first, key, value, limits)) refused.push(key);
    yield;
  }
  while (shards.length > 1 && emptyLast(shards, limits.maxBytes * comfortablyFull)) shards.pop();
  if (shards.length === 0) shards.push(new OpenShard(0));
  return { shards: shards.map((shard) => shard.entries), refused };
}

function place(shards: OpenShard[], first: number, key: string, value: string, limits: ShardLimits): boolean {
  for (let index = first; index < limits.maxShards; index += 1) {
    const shard = shards[index] ?? new OpenShard(0);
    if (index === shards.length) shards.push(shard);
    if (shard.take(key, value, limits.maxBytes)) return true;
  }
  return false;
}

/** A shard is given up only if the others are not full then, so that the next few metrics do not bring it back. */
const comfortablyFull = 0.7;

/** Moves the last shard's entries to the others, if there is room for all of them; tells whether it is empty then. */
function emptyLast(shards: readonly OpenShard[], maxBytes: number): boolean {
  const last = shards.at(-1);
  const others = shards.slice(0, -1);
  const room = others.reduce((sum, shard) => sum + Math.max(0, shard.room(maxBytes) - roomWorthTrying), 0);
  if (last === undefined || last.hasForeign || last.ownBytes > room) return false;
  for (const [key, value] of last.entries) {
    if (!others.some((shard) => shard.take(key, value, maxBytes))) return false;
    last.drop(key);
  }
  return true;
}

/** An entry of ours is about this long; a shard with less room is not looked at again. */
const roomWorthTrying = 1_000;

class OpenShard {
  readonly entries = new Map<string, string>();
  readonly #reservedBytes: number;
  #bytes: number;

  constructor(reservedBytes: number) {
    this.#reservedBytes = reservedBytes;
    this.#bytes = reservedBytes;
  }

  /** Somebody else's entries keep a ConfigMap alive. */
  get hasForeign(): boolean {
    return this.#reservedBytes > 0;
  }

  get ownBytes(): number {
    return this.#bytes - this.#reservedBytes;
  }

  room(maxBytes: number): number {
    return maxBytes - this.#bytes;
  }

  drop(key: string): void {
    this.#bytes -= entryBytes(key, this.entries.get(key) ?? '');
    this.entries.delete(key);
  }

  take(key: string, value: string, maxBytes: number): boolean {
    const bytes = entryBytes(key, value);
    if (this.#bytes + bytes > maxBytes) return false;
    this.#bytes += bytes;
    this.entries.set(key, value);
    return true;
  }

  isFull(maxBytes: number): boolean {
    return this.#bytes + roomWorthTrying > maxBytes;
  }
}

/** What an entry weighs in an object, with the framing of protobuf, in which etcd keeps it. */
export function entryBytes(key: string, value: string): number {
  return Buffer.byteLength(key) + Buffer.byteLength(value) + 12;
}
