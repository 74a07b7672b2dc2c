import type { MetricsQueryMetadata } from '@datadog/datadog-api-client/dist/packages/datadog-api-client-v1/models/MetricsQueryMetadata.js';
import { isCalendarTime } from '../core/metric.js';
import { bareNumber } from './bare-numbers.js';

/** The newest points of one query as Datadog sent them, oldest first: for people, nothing is judged by it. */
export interface RecentPoints {
  /** How many series came; the points are those of the first. */
  readonly series: number;
  /** How many points the whole window held, those without a value included. */
  readonly count: number;
  readonly timesMs: readonly number[];
  /** `null`: Datadog has no value for that time. NaN: what came is no number. */
  readonly values: readonly (number | null)[];
}

/** So many points of a query are remembered. */
const kept = 5;

/**
 * The last points of a series, with the one at `chosenMs` always among them. Their own two lists, so that nothing of the
 * answer that they came in is kept alive.
 */
export function recentPoints(
  series: readonly MetricsQueryMetadata[],
  chosenMs: number | undefined,
): RecentPoints {
  const all: readonly unknown[] = series[0]?.pointlist ?? [];
  const points = all.slice(-kept).flatMap(toPoint);
  const isThere = chosenMs === undefined || points.some(({ timeMs }) => timeMs === chosenMs);
  const chosen = isThere ? undefined : all.flatMap(toPoint).find(({ timeMs }) => timeMs === chosenMs);
  const shown = chosen === undefined ? points : [chosen, ...points.slice(-kept + 1)];
  shown.sort((a, b) => a.timeMs - b.timeMs);
  return {
    series: series.length,
    count: all.length,
    timesMs: shown.map(({ timeMs }) => timeMs),
    values: shown.map(({ value }) => value),
  };
}

function toPoint(point: unknown): { readonly timeMs: number; readonly value: number | null }[] {
  if (!Array.isArray(point)) return [];
  const [time, value]: readonly unknown[] = point;
  if (typeof time !== 'number' || !isCalendarTime(time)) return [];
  if (value === null || value === undefined) return [{ timeMs: time, value: null }];
  return [{ timeMs: time, value: typeof value === 'number' ? bareNumber(value) : Number.NaN }];
}
