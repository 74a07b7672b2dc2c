import type { Clock } from '../core/clock.js';
import type { Steps } from '../core/pace.js';
import { lastUpdatedAnnotation, type StoredShard, shardName } from './shard-content.js';
import type { ShardMemory } from './shard-memory.js';
import { entryBytes } from './shards.js';

/** The cluster's copy of the metrics, as this replica last saw it. */
export interface CopyReport {
  readonly configMaps: readonly ConfigMapReport[];
  readonly bytes: number;
  /** Since it last changed, as far as this replica saw; `null` before it saw any. */
  readonly unchangedSeconds: number | null;
  /** From the leader's writing of the last change to its coming here, by both replicas' clocks; `null` while none came from another. */
  readonly lagSeconds: number | null;
  /** Since the API server was last heard of about it; `null` before the first time. */
  readonly silentSeconds: number | null;
}

export interface ConfigMapReport {
  readonly name: string;
  readonly exists: boolean;
  readonly entries: number;
  readonly bytes: number;
  /** As the leader dated its last write, RFC 3339. */
  readonly updatedAt: string | null;
}

/** How late a leader's write came here; `undefined` for one that is not dated. Clocks that differ make it no less than 0. */
export function lagOf(shard: StoredShard | undefined, clock: Clock): number | undefined {
  const writtenAtMs = Date.parse(shard?.annotations[lastUpdatedAnnotation] ?? '');
  return Number.isNaN(writtenAtMs) ? undefined : Math.max(0, clock.nowMs() - writtenAtMs);
}

/** What the ConfigMaps hold, one by one. */
export function describeShards(
  memory: ShardMemory,
  { name, count }: { readonly name: string; readonly count: number },
): readonly ConfigMapReport[] {
  return Array.from({ length: count }, (_, index) => {
    const shard = memory.seen(index);
    return {
      name: shardName(name, index),
      exists: shard !== undefined,
      ...sizeOf(shard),
      updatedAt: shard?.annotations[lastUpdatedAnnotation] ?? null,
    };
  });
}

interface Size {
  readonly entries: number;
  readonly bytes: number;
}

/** Finds out what each ConfigMap holds, one a step, so that whoever describes them later need not. */
export function* measuring(memory: ShardMemory, count: number): Steps<void> {
  for (let index = 0; index < count; index += 1) {
    sizeOf(memory.seen(index));
    yield;
  }
}

/** Each scrape asks several times; a shard never changes. */
const sizes = new WeakMap<StoredShard, Size>();

function sizeOf(shard: StoredShard | undefined): Size {
  if (shard === undefined) return { entries: 0, bytes: 0 };
  const known = sizes.get(shard);
  if (known !== undefined) return known;
  const entries = Object.entries(shard.data);
  const bytes = entries.reduce((sum, [key, value]) => sum + entryBytes(key, value), 0);
  const size = { entries: entries.length, bytes };
  sizes.set(shard, size);
  return size;
}
