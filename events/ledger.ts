import type { LRUCache } from 'lru-cache';
import { type ClusterEvent, compareRevisions } from '../core/cluster-event.js';
import { createCountedCache } from '../core/counted-cache.js';

/**
 * The events that Datadog has, as far as this process delivered them and remembers: the latest `max`, by uid. What is not
 * in it may have been delivered all the same; that costs a repeat, never a loss.
 */
export class Ledger {
  readonly #revisions: LRUCache<string, string>;

  constructor(options: { readonly max: number }) {
    this.#revisions = createCountedCache(options.max);
  }

  /** Whether this version of the event, or a later one, was delivered. Each count of a repeated event is a version. */
  has({ uid, revision }: ClusterEvent): boolean {
    const known = this.#revisions.get(uid);
    return known !== undefined && (known === revision || compareRevisions(revision, known) === -1);
  }

  add({ uid, revision }: ClusterEvent): void {
    this.#revisions.set(uid, revision);
  }
}
