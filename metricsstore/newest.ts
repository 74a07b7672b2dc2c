import { futureToleranceMs, lastPointOf, type MetricRecord } from '../core/metric.js';

/**
 * Whether a replica knows better than what it is told: values never go back in time, as after a ConfigMap was brought
 * back from a copy. A point that lies in the future was never served, and nothing is kept for its sake.
 */
export function isNewer(held: MetricRecord, told: MetricRecord, nowMs: number): boolean {
  if (held.state !== 'valid' || told.state !== 'valid' || held.query !== told.query) return false;
  const heldAtMs = held.point.observedAtMs;
  return heldAtMs > told.point.observedAtMs && heldAtMs <= nowMs + futureToleranceMs;
}

/**
 * What a new leader knows, or what the last one left where that says more. What answers another query (the rollup was
 * changed) says nothing; an entry of the original agent names none.
 */
export function newest(held: MetricRecord, left: MetricRecord | undefined, nowMs: number): MetricRecord {
  if (left === undefined || (left.query !== undefined && left.query !== held.query)) return held;
  if (held.state === 'pending') return left;
  if (left.state !== 'valid') return held;
  const leftAtMs = left.point.observedAtMs;
  const heldAtMs = lastPointOf(held)?.observedAtMs ?? Number.NEGATIVE_INFINITY;
  return leftAtMs > heldAtMs && leftAtMs <= nowMs + futureToleranceMs ? left : held;
}
