import { lastUpdatedAnnotation, recordEntries, type StoredShard, saysExactly } from './shard-content.js';

/** What seeing a ConfigMap brought: no other entries, the leader's word, or somebody else's. */
export type Sighting = 'known' | 'leaders' | 'foreign';

/**
 * The ConfigMaps as last seen, and what the leader wrote into them last. The two differ while one is deleted, or
 * changed by somebody else: a leader dates each of its writes anew, and a person, a tool that brings a file's state
 * back, or a fault does not. Such a change is the leader's to undo; until it has, its last word is answered from here.
 */
export class ShardMemory {
  readonly #seen = new Map<number, StoredShard | undefined>();
  readonly #written = new Map<number, StoredShard>();

  /** Whether the shard was ever looked at, be it that there was none. */
  hasSeen(index: number): boolean {
    return this.#seen.has(index);
  }

  /** As the cluster holds it; `undefined` when there is none, or it was not looked at. */
  seen(index: number): StoredShard | undefined {
    return this.#seen.get(index);
  }

  /** As a leader wrote it last; the first one seen is taken for that. */
  written(index: number): StoredShard | undefined {
    return this.#written.get(index);
  }

  note(index: number, shard: StoredShard | undefined): Sighting {
    if (this.#seen.has(index) && this.#seen.get(index)?.revision === shard?.revision) return 'known';
    this.#seen.set(index, shard);
    const before = this.#written.get(index);
    if (shard === undefined) return before === undefined ? 'leaders' : 'foreign';
    if (before !== undefined && !isDatedAnew(before, shard))
      return saysExactly(shard, recordEntries(before)) ? 'known' : 'foreign';
    this.#written.set(index, shard);
    return 'leaders';
  }

  forget(index: number): void {
    this.#seen.delete(index);
    this.#written.delete(index);
  }
}

/** Without a date at first (as somebody made it by hand), whatever comes after counts. */
function isDatedAnew(before: StoredShard, after: StoredShard): boolean {
  const date = before.annotations[lastUpdatedAnnotation];
  const next = after.annotations[lastUpdatedAnnotation];
  return date === undefined || (next !== undefined && next !== date);
}
