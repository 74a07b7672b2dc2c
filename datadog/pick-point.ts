import { isCalendarTime } from '../core/metric.js';
import { bareNumber } from './bare-numbers.js';

/** A series' points as Datadog sends them: `[milliseconds, value | null]`; nothing of it is taken for granted. */
export type PointList = readonly unknown[];

export type Picked =
  | { readonly kind: 'point'; readonly point: { readonly value: number; readonly observedAtMs: number } }
  | { readonly kind: 'only_nulls'; readonly count: number };

/**
 * The newest point but one, nulls left out: the newest bucket still changes while late points come in. A lone point
 * is taken as it is. By the points' own times, whatever their order. A value that is no number becomes NaN.
 */
export function pickPoint(points: PointList): Picked {
  let newest: readonly [number, unknown] | undefined;
  let newestButOne: readonly [number, unknown] | undefined;
  for (const point of points) {
    if (!Array.isArray(point)) continue;
    const [time, value]: readonly unknown[] = point;
    if (value === null || value === undefined || typeof time !== 'number' || !isCalendarTime(time)) continue;
    if (newest === undefined || time >= newest[0]) {
      newestButOne = newest;
      newest = [time, value];
    } else if (newestButOne === undefined || time >= newestButOne[0]) {
      newestButOne = [time, value];
    }
  }
  const picked = newestButOne ?? newest;
  if (picked === undefined) return { kind: 'only_nulls', count: points.length };
  const [observedAtMs, value] = picked;
  return {
    kind: 'point',
    point: { observedAtMs, value: typeof value === 'number' ? bareNumber(value) : Number.NaN },
  };
}
