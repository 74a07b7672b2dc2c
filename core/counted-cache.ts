import { LRUCache } from 'lru-cache';

/**
 * A cache of the `max` entries that were used last. It takes memory for those that it holds, where `max` of the library's
 * own makes place for all of them from the beginning.
 */
export function createCountedCache<K extends {}, V extends {}>(max: number): LRUCache<K, V> {
  return new LRUCache<K, V>(countedTo(max));
}

/** Bounds a cache by its entries, as `max` does, but lets it grow. */
export function countedTo(max: number): { readonly maxSize: number; readonly sizeCalculation: () => number } {
  return { maxSize: max, sizeCalculation: () => 1 };
}
