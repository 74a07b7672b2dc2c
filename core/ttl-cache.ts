import { LRUCache } from 'lru-cache';
import type { Clock } from './clock.js';
import { countedTo } from './counted-cache.js';

/**
 * A cache of at most `max` entries, each forgotten `ttlMs` after it was set. It goes by the clock that is passed in
 * and starts no timer.
 */
export function createTtlCache<V extends object>(
  clock: Clock,
  { max, ttlMs }: { readonly max: number; readonly ttlMs: number },
): LRUCache<string, V> {
  // An entry that is set at time 0 never expires in lru-cache, hence the 1.
  const perf = { now: (): number => clock.monotonicMs() + 1 };
  return new LRUCache<string, V>({ ...countedTo(max), ttl: ttlMs, ttlResolution: 0, perf });
}
