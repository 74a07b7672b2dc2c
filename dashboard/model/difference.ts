import type { AutoscalerRow, Change, MetricRow, PageState } from './state.js';

/** What makes one state of another. */
export interface Difference {
  readonly nowMs: number;
  readonly overview?: PageState['overview'];
  readonly unshownMetrics?: number;
  readonly metrics: readonly MetricRow[];
  readonly goneMetrics: readonly string[];
  readonly autoscalers: readonly AutoscalerRow[];
  readonly goneAutoscalers: readonly string[];
  /** Those that are new. */
  readonly changes: readonly Change[];
}

/** How many changes are kept, on either side. */
export const keptChanges = 200;

export function difference(before: PageState, after: PageState): Difference {
  const last = before.changes.at(-1)?.number ?? 0;
  return {
    nowMs: after.nowMs,
    ...(isSame(before.overview, after.overview) ? {} : { overview: after.overview }),
    ...(before.unshownMetrics === after.unshownMetrics ? {} : { unshownMetrics: after.unshownMetrics }),
    metrics: changed(before.metrics, after.metrics),
    goneMetrics: gone(before.metrics, after.metrics),
    autoscalers: changed(before.autoscalers, after.autoscalers),
    goneAutoscalers: gone(before.autoscalers, after.autoscalers),
    changes: after.changes.filter(({ number }) => number > last),
  };
}

/** Whether there is nothing to tell but the time. */
export function isEmpty(found: Difference): boolean {
  return (
    found.overview === undefined &&
    found.unshownMetrics === undefined &&
    [found.metrics, found.goneMetrics, found.autoscalers, found.goneAutoscalers, found.changes].every(
      (list) => list.length === 0,
    )
  );
}

export function apply(state: PageState, found: Difference): PageState {
  return {
    nowMs: found.nowMs,
    overview: found.overview ?? state.overview,
    unshownMetrics: found.unshownMetrics ?? state.unshownMetrics,
    metrics: renewed(state.metrics, found.metrics, found.goneMetrics),
    autoscalers: renewed(state.autoscalers, found.autoscalers, found.goneAutoscalers),
    changes:
      found.changes.length === 0 ? state.changes : [...state.changes, ...found.changes].slice(-keptChanges),
  };
}

type ById<T> = Readonly<Record<string, T>>;

function changed<T>(before: ById<T>, after: ById<T>): readonly T[] {
  return Object.entries(after)
    .filter(([id, row]) => !Object.hasOwn(before, id) || !isSame(before[id], row))
    .map(([, row]) => row);
}

function gone(before: ById<unknown>, after: ById<unknown>): readonly string[] {
  return Object.keys(before).filter((id) => !Object.hasOwn(after, id));
}

function renewed<T extends { readonly id: string }>(
  rows: ById<T>,
  put: readonly T[],
  taken: readonly string[],
): ById<T> {
  if (put.length === 0 && taken.length === 0) return rows;
  const left = new Set(taken);
  const kept = Object.entries(rows).filter(([id]) => !left.has(id));
  return Object.fromEntries([...kept, ...put.map((row): [string, T] => [row.id, row])]);
}

/** Both sides are plain JSON, made by the same code and so with their fields in one order. */
function isSame(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
