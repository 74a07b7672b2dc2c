/** Bounds of an exponential backoff. */
export interface BackoffBounds {
  readonly firstMs: number;
  readonly capMs: number;
}

/**
 * The wait before attempt `failures + 1`: doubled each time up to the cap, then spread over its upper half
 * so that replicas that failed together do not come back together.
 *
 * @param failures consecutive failures so far, from 1
 * @param random a number in [0, 1)
 */
export function backoffMs(failures: number, bounds: BackoffBounds, random: number): number {
  const exponent = Math.min(Math.max(failures - 1, 0), 30);
  const full = Math.min(bounds.capMs, bounds.firstMs * 2 ** exponent);
  return full / 2 + (full / 2) * random;
}
