import { isRecordKey } from './codec.js';
import { isOriginalsKey } from './originals.js';
import { entryBytes, type Shard } from './shards.js';

/** A ConfigMap of the store as the cluster holds it. */
export interface StoredShard {
  readonly data: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly revision: string;
}

/** On the first shard: how many there are. */
export const shardCountAnnotation = 'custom-metrics.datadoghq.com/shards';
/** When the content last changed, RFC 3339; the original agent's name for it. */
export const lastUpdatedAnnotation = 'custom-metrics.datadoghq.com/last-updated';

/** The ConfigMap of shard `index`; the first has the name that the original agent uses. */
export function shardName(base: string, index: number): string {
  return index === 0 ? base : `${base}-${index}`;
}

/** How many shards there are according to the first; `undefined` when it does not say, or says nonsense. */
export function shardCount(first: StoredShard | undefined, maxShards: number): number | undefined {
  const count = Number(first?.annotations[shardCountAnnotation]);
  return Number.isInteger(count) && count >= 1 ? Math.min(count, maxShards) : undefined;
}

/** Our entries of a shard. */
export function recordEntries(shard: StoredShard | undefined): Shard {
  return new Map(Object.entries(shard?.data ?? {}).filter(([key]) => isRecordKey(key)));
}

/** Entries that are neither ours nor the original agent's; they are carried along. */
export function foreignEntries(shard: StoredShard | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(shard?.data ?? {}).filter(([key]) => !isRecordKey(key) && !isOriginalsKey(key)),
  );
}

export function foreignBytes(shard: StoredShard | undefined): number {
  return Object.entries(foreignEntries(shard)).reduce((sum, [key, value]) => sum + entryBytes(key, value), 0);
}

/** Whether a stored shard says exactly `entries`, and nothing of the original agent's is left in it. */
export function saysExactly(shard: StoredShard | undefined, entries: Shard): boolean {
  if (shard === undefined) return false;
  const keys = Object.keys(shard.data).filter((key) => isRecordKey(key) || isOriginalsKey(key));
  return keys.length === entries.size && keys.every((key) => entries.get(key) === shard.data[key]);
}
