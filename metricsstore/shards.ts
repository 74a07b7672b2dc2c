/** The entries of one ConfigMap: key → value. */
export type Shard = ReadonlyMap<string, string>;

export interface ShardLimits {
  /** Of keys and values together; etcd's own bound for the whole object is 1 MiB. */
  readonly maxBytes: number;
  readonly maxShards: number;
}

export interface ShardPlan {
  /** At least one; only the first may be empty. */
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
  const shards = current.map((_, index) => new OpenShard(reservedBytes[index] ?? 0));
  const homeless: [string, string][] = [];
  const homes = new Map(
    current.flatMap((shard, index) => [...shard.keys()].map((key) => [key, index] as const)),
  );
  for (const [key, value] of entries) {
    const home = homes.get(key);
    const shard = home === undefined ? undefined : shards[home];
    if (shard?.take(key, value, limits.maxBytes) !== true) homeless.push([key, value]);
  }
  const refused: string[] = [];
  let first = 0;
  for (const [key, value] of homeless) {
    while (first < shards.length && shards[first]?.isFull(limits.maxBytes) === true) first += 1;
    if (!place(shards, first, key, value, limits)) refused.push(key);
  }
  while (shards.length > 1 && shards.at(-1)?.entries.size === 0) shards.pop();
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

/** An entry of ours is about this long; a shard with less room is not looked at again. */
const roomWorthTrying = 1_000;

class OpenShard {
  readonly entries = new Map<string, string>();
  #bytes: number;

  constructor(reservedBytes: number) {
    this.#bytes = reservedBytes;
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
