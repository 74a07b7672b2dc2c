import { scopeOf } from '../datadog-filter.js';
import { type MetricQuery, renderRollup } from '../datadog-query.js';
import { intervalOf, pointsOf, type Window } from './buckets.js';
import type { MetricUnit, SeriesGroup } from './series-store.js';

/** One series of an answer, with the field names of the wire. Values that are not finite are written as bare tokens. */
export interface AnsweredSeries {
  readonly end: number;
  readonly attributes: Readonly<Record<string, never>>;
  readonly metric: string;
  readonly interval: number;
  readonly tag_set: readonly string[];
  readonly start: number;
  readonly length: number;
  readonly query_index?: number;
  readonly aggr: string | null;
  readonly scope: string;
  readonly pointlist: readonly (readonly [number, number | null])[];
  readonly expression: string;
  readonly unit: readonly [MetricUnit, MetricUnit | null] | null;
  readonly display_name: string;
}

/** What of a request stands in its answer. */
export interface QueryRequest {
  readonly text: string;
  readonly window: Window;
}

/** The series of one query; none where no tag set has a point in the window. */
export function answerQuery(
  query: MetricQuery,
  groups: readonly SeriesGroup[],
  context: { readonly window: Window; readonly index: number; readonly unit: MetricUnit | undefined },
): readonly AnsweredSeries[] {
  const { window, index, unit } = context;
  return groups.flatMap((group) => {
    const pointlist = pointsOf(group.series, query, window);
    if (pointlist.length === 0) return [];
    const filterScope = scopeOf(query.filter);
    const scope = [
      ...group.tagSet,
      ...(filterScope === '*' && group.tagSet.length > 0 ? [] : [filterScope]),
    ].join(',');
    const aggregator = query.aggregator === undefined ? '' : `${query.aggregator}:`;
    const interval = intervalOf(query, window);
    return [
      {
        ...extentOf(pointlist, interval),
        attributes: {},
        metric: query.metric,
        interval,
        tag_set: group.tagSet,
        query_index: index,
        aggr: query.aggregator ?? null,
        scope,
        pointlist,
        expression: `${aggregator}${query.metric}{${scope}}${renderRollup(query.rollup)}`,
        unit: unit === undefined ? null : [unit, null],
        display_name: query.metric,
      },
    ];
  });
}

/** `start`, `end` and `length` of a point list; `end` is the last millisecond but 999 of the last bucket, as recorded. */
export function extentOf(
  pointlist: AnsweredSeries['pointlist'],
  intervalSeconds: number,
): Pick<AnsweredSeries, 'start' | 'end' | 'length'> {
  const start = pointlist[0]?.[0] ?? 0;
  const last = pointlist.at(-1)?.[0] ?? 0;
  return { start, end: last + (intervalSeconds - 1) * 1000, length: pointlist.length };
}

/** The body of a 200. `groupBy` names the tag keys of all its queries. */
export function renderAnswer(
  series: readonly AnsweredSeries[],
  request: QueryRequest,
  groupBy: readonly string[],
): string {
  return toJson(
    { status: 'ok', resp_version: 1, series, ...envelope(request), group_by: groupBy, values: [] },
    series,
  );
}

/** The body of a 200 that reports a failure of the whole batch. */
export function renderErrorAnswer(error: string, request: QueryRequest): string {
  return JSON.stringify({
    status: 'error',
    resp_version: 1,
    series: [],
    error,
    ...envelope(request),
    group_by: [],
    values: [],
  });
}

function envelope(request: QueryRequest): Readonly<Record<string, unknown>> {
  return {
    to_date: request.window.toSeconds * 1000,
    query: request.text,
    message: '',
    res_type: 'time_series',
    times: [],
    from_date: request.window.fromSeconds * 1000,
  };
}

/** Marks a number that JSON cannot spell until it is written bare; nothing else in an answer looks like it. */
const marker = 'bare token ';

function toJson(body: Readonly<Record<string, unknown>>, series: readonly AnsweredSeries[]): string {
  const isPlain = series.every(({ pointlist }) =>
    pointlist.every(([, value]) => value === null || Number.isFinite(value)),
  );
  // A replacer makes JSON.stringify many times slower, so only the answers that need it pay.
  if (isPlain) return JSON.stringify(body);
  const text = JSON.stringify(body, (_key, value: unknown) =>
    typeof value === 'number' ? spell(value) : value,
  );
  return text.replace(new RegExp(`"${marker}(NaN|-?1e999)"`, 'g'), '$1');
}

/** `NaN` is no JSON, but broken servers write it; `1e999` is JSON, and infinite to most parsers. */
function spell(value: number): number | string {
  if (Number.isFinite(value)) return value;
  if (Number.isNaN(value)) return `${marker}NaN`;
  return value > 0 ? `${marker}1e999` : `${marker}-1e999`;
}
