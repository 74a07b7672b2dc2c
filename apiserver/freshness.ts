import { futureToleranceMs } from '../core/metric.js';

/** Whether a point may still be served. */
export type Freshness = 'fresh' | 'stale' | 'future';

/**
 * Judges a point by its age at the moment of answering. An age that is not a number is stale: only a point that is
 * known to be young enough is served.
 *
 * @param ageMs negative for a point from the future
 */
export function freshnessOf(ageMs: number, maxAgeMs: number): Freshness {
  if (ageMs <= maxAgeMs && ageMs >= -futureToleranceMs) return 'fresh';
  return ageMs < 0 ? 'future' : 'stale';
}
