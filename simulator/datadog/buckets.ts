import type { MetricQuery, RollupMethod } from '../datadog-query.js';
import type { Series } from './series-store.js';

/** Which stretch of time a request asks for, and how finely the series were sampled. */
export interface Window {
  readonly fromSeconds: number;
  readonly toSeconds: number;
  /** Nothing later than this has arrived yet. */
  readonly knownUntilSeconds: number;
  readonly sampleSeconds: number;
}

/** Milliseconds of the bucket's start, and its value. */
export type Point = readonly [bucketMs: number, value: number | null];

/** More samples in a bucket change nothing that a test could see. */
const maxSamplesPerBucket = 60;

/** Interval by length of the window, when the query names none: https://docs.datadoghq.com/dashboards/functions/rollup/. */
const defaultIntervals: readonly (readonly [windowSeconds: number, intervalSeconds: number])[] = [
  [3_600, 20],
  [4 * 3_600, 60],
  [86_400, 300],
  [2 * 86_400, 600],
  [7 * 86_400, 3_600],
];

/** Seconds of a bucket: the rollup's, else what Datadog takes for a window of this length. */
export function intervalOf(query: MetricQuery, window: Window): number {
  const lengthSeconds = window.toSeconds - window.fromSeconds;
  const byLength = defaultIntervals.find(([longestSeconds]) => lengthSeconds <= longestSeconds)?.[1];
  return query.rollup?.seconds ?? byLength ?? 14_400;
}

/**
 * The points of one answered series: each tag set rolled up in time, then all of them aggregated. Buckets begin at
 * multiples of the interval, the first at or after `from`; the newest one holds what has arrived so far. A bucket
 * in which no series had begun is left out, one with gaps only is `null`.
 */
export function pointsOf(series: readonly Series[], query: MetricQuery, window: Window): readonly Point[] {
  const intervalSeconds = intervalOf(query, window);
  const rollup = query.rollup?.method ?? 'avg';
  const untilSeconds = Math.min(window.knownUntilSeconds, window.toSeconds + 1);
  const bucket = { intervalSeconds, untilSeconds, rollup, sampleSeconds: window.sampleSeconds };
  const points: Point[] = [];
  let start = Math.ceil(window.fromSeconds / intervalSeconds) * intervalSeconds;
  for (; start <= Math.min(untilSeconds, window.toSeconds); start += intervalSeconds) {
    const values = series.map((one) => rollUp(one, start, bucket)).filter((value) => value !== undefined);
    if (values.length === 0) continue;
    const known = values.filter((value) => value !== null);
    points.push([start * 1000, known.length === 0 ? null : aggregate(query.aggregator ?? 'avg', known)]);
  }
  return points;
}

interface Bucket {
  readonly intervalSeconds: number;
  readonly untilSeconds: number;
  readonly rollup: RollupMethod;
  readonly sampleSeconds: number;
}

function rollUp(series: Series, startSeconds: number, bucket: Bucket): number | null | undefined {
  const { intervalSeconds, untilSeconds, rollup } = bucket;
  const stepSeconds = Math.max(
    Math.min(bucket.sampleSeconds, intervalSeconds),
    intervalSeconds / maxSamplesPerBucket,
  );
  const endSeconds = startSeconds + intervalSeconds;
  const values: number[] = [];
  let isKnown = false;
  for (let at = startSeconds; at < endSeconds && at <= untilSeconds; at += stepSeconds) {
    const value = series.valueAt(at);
    if (value === undefined) continue;
    isKnown = true;
    if (value !== null) values.push(value);
  }
  if (values.length > 0) return aggregate(rollup, values);
  // A value set since the last sample shows at once, so that nobody has to wait for the next one.
  const latest = untilSeconds < endSeconds ? series.valueAt(untilSeconds) : undefined;
  if (typeof latest === 'number') return aggregate(rollup, [latest]);
  return isKnown || latest === null ? null : undefined;
}

function aggregate(method: RollupMethod, values: readonly number[]): number {
  const [only] = values;
  if (only !== undefined && values.length === 1) return method === 'count' ? 1 : only;
  switch (method) {
    case 'avg':
      return sum(values) / values.length;
    case 'sum':
      return sum(values);
    case 'max':
      return Math.max(...values);
    case 'min':
      return Math.min(...values);
    case 'count':
      return values.length;
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
