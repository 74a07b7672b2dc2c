import { type AnsweredSeries, extentOf } from './answer.js';
import type { SeriesFault } from './faults.js';

/** The series of one query after a fault. Times keep to the buckets, so a shift is rounded away from now. */
export function spoil(series: readonly AnsweredSeries[], fault: SeriesFault): readonly AnsweredSeries[] {
  switch (fault.kind) {
    case 'noSeries':
      return [];
    case 'noPoints':
      return series.map((one) => withPoints(one, []));
    case 'nulls':
      return series.map((one) => mapPoints(one, ([ms]) => [ms, null]));
    case 'value':
      return series.map((one) => mapPoints(one, ([ms]) => [ms, fault.value]));
    case 'newestValue':
      return series.map((one) => {
        const newestMs = one.pointlist.at(-1)?.[0];
        return mapPoints(one, (point) => (point[0] === newestMs ? [point[0], fault.value] : point));
      });
    case 'shifted':
      return series.map((one) =>
        mapPoints(one, ([ms, value]) => [ms + wholeBuckets(fault.bySeconds, one), value]),
      );
    case 'futurePoint':
      return series.map((one) => withPoints(one, [...one.pointlist, ...pointAhead(one, fault.aheadSeconds)]));
    case 'noIndex':
      return series.map(({ query_index: _dropped, ...one }) => one);
    case 'index':
      return series.map((one) => ({ ...one, query_index: fault.index }));
    case 'severalSeries':
      return series.flatMap((one) =>
        Array.from({ length: fault.count ?? 2 }, (_, copy) => toCopy(one, copy)),
      );
  }
}

type Point = AnsweredSeries['pointlist'][number];

function mapPoints(series: AnsweredSeries, change: (point: Point) => Point): AnsweredSeries {
  return withPoints(series, series.pointlist.map(change));
}

function withPoints(series: AnsweredSeries, pointlist: readonly Point[]): AnsweredSeries {
  return { ...series, ...extentOf(pointlist, series.interval), pointlist };
}

function wholeBuckets(seconds: number, series: AnsweredSeries): number {
  const buckets = Math.ceil(Math.abs(seconds) / series.interval);
  return Math.sign(seconds) * buckets * series.interval * 1000;
}

function pointAhead(series: AnsweredSeries, seconds: number): readonly Point[] {
  const newest = series.pointlist.at(-1);
  return newest === undefined ? [] : [[newest[0] + wholeBuckets(seconds, series), newest[1]]];
}

function toCopy(series: AnsweredSeries, copy: number): AnsweredSeries {
  const tag = `simulated_copy:${copy}`;
  const scope = series.scope === '*' ? tag : `${series.scope},${tag}`;
  const expression = series.expression.replace(`{${series.scope}}`, () => `{${scope}}`);
  return { ...series, scope, expression, tag_set: [...series.tag_set, tag] };
}
