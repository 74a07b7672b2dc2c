import type { Instant } from './clock.js';
import { canonicalSelector, type Selector } from './selector.js';

declare const metricIdBrand: unique symbol;

/** The identity of a metric for map look-ups and logs; minted only by `metricId`. */
export type MetricId = string & { readonly [metricIdBrand]: true };

/** What an autoscaler asks for: one external metric in one namespace under one selector. */
export interface MetricKey {
  readonly namespace: string;
  /** As the autoscaler's spec writes it; Datadog's names know case. */
  readonly name: string;
  readonly selector: Selector;
}

/**
 * One text per question. The HPA controller lower-cases the name in its request path, so case does not count.
 * Distinct keys get distinct ids: a namespace holds no `/` and a canonical selector no `?`.
 */
export function metricId(key: MetricKey): MetricId {
  return `${key.namespace}/${key.name.toLowerCase()}?${canonicalSelector(key.selector)}` as MetricId;
}

/** A value of Datadog's and the instant it describes (the start of its time bucket). */
export interface Point {
  readonly value: number;
  readonly observedAtMs: number;
}

/** Whether milliseconds since the epoch are an instant that can be written as a date. */
export function isCalendarTime(ms: number): boolean {
  return Math.abs(ms) <= 8.64e15;
}

/** Why a metric has no value that could be served. `docs/troubleshooting.md` holds the remedy of each. */
export type InvalidReason =
  | 'unaskable'
  | 'ambiguous'
  | 'rejected'
  | 'no_series'
  | 'several_series'
  | 'only_nulls'
  | 'not_a_number'
  | 'infinite'
  | 'negative'
  | 'out_of_range'
  | 'stale'
  | 'future';

/**
 * What is known of one metric. `trouble` is what went wrong with the last attempt to refresh it, when the outside
 * (not the metric) was at fault: the last point is then kept until it is too old.
 */
export type MetricRecord =
  | {
      readonly state: 'pending';
      readonly key: MetricKey;
      readonly query: string | undefined;
      readonly trouble?: string;
    }
  | {
      readonly state: 'valid';
      readonly key: MetricKey;
      readonly query: string | undefined;
      readonly point: Point;
      readonly trouble?: string;
    }
  | {
      readonly state: 'invalid';
      readonly key: MetricKey;
      readonly query: string | undefined;
      readonly reason: InvalidReason;
      /** One sentence for a person: what was seen. */
      readonly detail: string;
      /** The last point that could have been served, for its age. */
      readonly lastPoint?: Point;
    };

/** The last point of a record, whatever its state. */
export function lastPointOf(record: MetricRecord): Point | undefined {
  switch (record.state) {
    case 'pending':
      return undefined;
    case 'valid':
      return record.point;
    case 'invalid':
      return record.lastPoint;
  }
}

/** A record and when its point came to this process. */
export interface HeldRecord {
  readonly record: MetricRecord;
  /** How old the point was by this replica's wall clock on arrival; 0 without a point. */
  readonly ageOnArrivalMs: number;
  readonly arrivedAtMonotonicMs: number;
}

/**
 * The age of a held record's last point: by wall time, but never less than its age on arrival plus the time since.
 * So a clock that is set back makes no value younger. Negative for a point from the future.
 */
export function pointAgeMs(held: HeldRecord, clock: Instant): number | undefined {
  const point = lastPointOf(held.record);
  if (point === undefined) return undefined;
  const byWallTime = clock.nowMs() - point.observedAtMs;
  const byElapsedTime = held.ageOnArrivalMs + (clock.monotonicMs() - held.arrivedAtMonotonicMs);
  return Math.max(byWallTime, byElapsedTime);
}

/** A point may lie this far ahead of our clock before it is refused: two machines' clocks are never quite the same. */
export const futureToleranceMs = 5_000;

/** The largest value whose thousandfold still fits Kubernetes' 64-bit milli-units; the HPA controller wraps beyond it. */
export const largestValue = 9_223_372_036_854_774;

/**
 * Why a number must not be served to an autoscaler, or `undefined` when it may. A negative AverageValue reading
 * makes the HPA controller scale to the maximum (kubernetes/kubernetes#127050), so it is refused like NaN.
 */
export function valueProblem(
  value: number,
): Extract<InvalidReason, 'not_a_number' | 'infinite' | 'negative' | 'out_of_range'> | undefined {
  if (Number.isNaN(value)) return 'not_a_number';
  if (!Number.isFinite(value)) return 'infinite';
  if (value < 0) return 'negative';
  return value > largestValue ? 'out_of_range' : undefined;
}
