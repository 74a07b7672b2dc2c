import {
  futureToleranceMs,
  type InvalidReason,
  lastPointOf,
  type MetricRecord,
  type Point,
  valueProblem,
} from '../core/metric.js';
import type { Outcome } from './reading.js';
import type { Want } from './wants.js';

/** What makes a point too old, and the time of judging by wall clock. */
export interface Judging {
  readonly nowMs: number;
  readonly maxAgeMs: number;
}

/** The oldest that a served point may be: a bucket that is still being filled must not make a metric stale. */
export function effectiveMaxAgeMs(maxAgeSeconds: number, rollupSeconds: number): number {
  return Math.max(maxAgeSeconds, 3 * rollupSeconds) * 1000;
}

/**
 * A want, what was known, and how asking ended → what is known now. What Datadog says of the metric counts at once;
 * what went wrong on the way leaves the last point in place until it is too old.
 *
 * What says the same as before is the very same record, so that nobody after has to compare.
 *
 * @param previous the record so far, if any; one that another query gave is not used
 * @param outcome how asking ended, or `undefined` when this want was not asked this time
 */
export function judge(
  want: Want,
  previous: MetricRecord | undefined,
  outcome: Outcome | undefined,
  judging: Judging,
): MetricRecord {
  const next = judgeAnew(want, previous, outcome, judging);
  return previous !== undefined && saysTheSame(previous, next) ? previous : next;
}

function judgeAnew(
  want: Want,
  previous: MetricRecord | undefined,
  outcome: Outcome | undefined,
  judging: Judging,
): MetricRecord {
  if (want.ask.kind === 'refused')
    return invalid(want, undefined, want.ask.reason, want.ask.detail, undefined);
  const known = sameQuestion(want, previous);
  if (outcome === undefined) return known ?? pending(want, undefined);
  switch (outcome.kind) {
    case 'oversized':
      return invalid(want, want.ask.query, 'unaskable', oversizedDetail(outcome), undefined);
    case 'failed':
      return outcome.fault.code === 'datadog.rejected'
        ? invalid(want, want.ask.query, 'rejected', outcome.fault.message, pointOf(known))
        : afterTrouble(want, known, outcome.fault.message, judging);
    case 'read':
      return outcome.reading.kind === 'none'
        ? invalid(want, want.ask.query, outcome.reading.reason, outcome.reading.detail, pointOf(known))
        : judgePoint(want, outcome.reading.point, pointOf(known), judging);
  }
}

/** A record counts for a want only if it answers the very same query; an entry that the original agent wrote names none. */
function sameQuestion(want: Want, previous: MetricRecord | undefined): MetricRecord | undefined {
  if (previous === undefined || want.ask.kind === 'refused') return undefined;
  const isOriginals = previous.query === undefined && previous.state === 'valid';
  return isOriginals || previous.query === want.ask.query ? previous : undefined;
}

function pointOf(known: MetricRecord | undefined): Point | undefined {
  return known === undefined ? undefined : lastPointOf(known);
}

function judgePoint(
  want: Want,
  point: Point,
  lastPoint: Point | undefined,
  { nowMs, maxAgeMs }: Judging,
): MetricRecord {
  const query = queryOf(want);
  const problem = valueProblem(point.value);
  if (problem !== undefined)
    return invalid(want, query, problem, `Datadog's point is ${point.value}`, lastPoint);
  const ageMs = nowMs - point.observedAtMs;
  const found = { value: point.value === 0 ? 0 : point.value, observedAtMs: point.observedAtMs };
  if (ageMs > maxAgeMs) return invalid(want, query, 'stale', 'Datadog has no newer point', found);
  if (ageMs < -futureToleranceMs) {
    return invalid(
      want,
      query,
      'future',
      `the point lies ${seconds(-ageMs)} ahead of this replica's clock`,
      lastPoint,
    );
  }
  return { state: 'valid', key: want.key, query, point: found };
}

function afterTrouble(
  want: Want,
  known: MetricRecord | undefined,
  trouble: string,
  judging: Judging,
): MetricRecord {
  if (known === undefined) return pending(want, trouble);
  switch (known.state) {
    case 'pending':
      return pending(want, trouble);
    case 'invalid':
      return known;
    case 'valid':
      return judging.nowMs - known.point.observedAtMs > judging.maxAgeMs
        ? invalid(want, known.query, 'stale', trouble, known.point)
        : { ...known, trouble };
  }
}

function pending(want: Want, trouble: string | undefined): MetricRecord {
  const base = { state: 'pending', key: want.key, query: queryOf(want) } as const;
  return trouble === undefined ? base : { ...base, trouble };
}

function invalid(
  want: Want,
  query: string | undefined,
  reason: InvalidReason,
  detail: string,
  lastPoint: Point | undefined,
): MetricRecord {
  const base = { state: 'invalid', key: want.key, query, reason, detail } as const;
  return lastPoint === undefined ? base : { ...base, lastPoint };
}

function queryOf(want: Want): string | undefined {
  return want.ask.kind === 'query' ? want.ask.query : undefined;
}

function oversizedDetail(outcome: { readonly urlLength: number; readonly maxUrlLength: number }): string {
  return `the query alone makes a URL of ${outcome.urlLength} characters, over the limit of ${outcome.maxUrlLength}; shorten the selector`;
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}

/** Of records of one want, whose keys are the same question; the spelling of the name may have changed. */
function saysTheSame(a: MetricRecord, b: MetricRecord): boolean {
  if (a.query !== b.query || a.key.name !== b.key.name) return false;
  if (a.state === 'pending') return b.state === 'pending' && a.trouble === b.trouble;
  if (a.state === 'valid')
    return b.state === 'valid' && a.trouble === b.trouble && isSamePoint(a.point, b.point);
  return (
    b.state === 'invalid' &&
    a.reason === b.reason &&
    a.detail === b.detail &&
    isSamePoint(a.lastPoint, b.lastPoint)
  );
}

function isSamePoint(a: Point | undefined, b: Point | undefined): boolean {
  return a?.value === b?.value && a?.observedAtMs === b?.observedAtMs;
}
