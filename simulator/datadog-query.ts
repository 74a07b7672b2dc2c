import { fail, ok, type Result } from '../core/result.js';
import { type Filter, parseFilter, renderFilter } from './datadog-filter.js';

/** How the points of several tag sets become one. */
export type Aggregator = 'avg' | 'sum' | 'max' | 'min';

/** How the points of one bucket become one. */
export type RollupMethod = Aggregator | 'count';

/** One metric query, read. Without an aggregator Datadog takes the average and answers `aggr: null`. */
export interface MetricQuery {
  readonly aggregator: Aggregator | undefined;
  readonly metric: string;
  readonly filter: Filter;
  readonly groupBy: readonly string[];
  readonly rollup: Rollup | undefined;
}

export interface Rollup {
  readonly method: RollupMethod | undefined;
  readonly seconds: number | undefined;
}

/** Splits the `query` parameter at its top-level commas: those within braces and parentheses belong to a query. */
export function splitQueries(text: string): readonly string[] {
  const queries: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '{' || character === '(') depth += 1;
    else if (character === '}' || character === ')') depth -= 1;
    else if (character === ',' && depth <= 0) {
      queries.push(text.slice(start, at).trim());
      start = at + 1;
    }
  }
  queries.push(text.slice(start).trim());
  return queries;
}

/**
 * Reads `[<aggregator>:]<metric>{<filter>}[ by {<tags>}][.rollup(…)]`, which is what external metrics need of the
 * query language; functions and arithmetic are refused. The error is the sentence that Datadog answers.
 */
export function parseQuery(text: string): Result<MetricQuery, string> {
  const head = /^(?:(avg|sum|max|min):)?([A-Za-z][A-Za-z0-9_.]*)\s*(?=\{)/.exec(text);
  if (head === null) return fail(syntaxError(text, firstOddity(text)));
  const open = head[0].length;
  const close = text.indexOf('}', open);
  if (close < 0) return fail(syntaxError(text, open));
  const filter = parseFilter(text.slice(open + 1, close));
  if (!filter.ok) {
    return fail(
      filter.error.kind === 'mixed' ? mixedOperators : syntaxError(text, open + 1 + filter.error.at),
    );
  }
  const tail = parseTail(text, close + 1);
  if (!tail.ok) return fail(syntaxError(text, tail.error));
  const [, aggregator, metric = ''] = head;
  return ok({ aggregator: toAggregator(aggregator), metric, filter: filter.value, ...tail.value });
}

/** The query in its one canonical spelling; `parseQuery` gives the same query back. */
export function renderQuery(query: MetricQuery): string {
  const aggregator = query.aggregator === undefined ? '' : `${query.aggregator}:`;
  const groupBy = query.groupBy.length === 0 ? '' : ` by {${query.groupBy.join(',')}}`;
  return `${aggregator}${query.metric}{${renderFilter(query.filter)}}${groupBy}${renderRollup(query.rollup)}`;
}

/** `.rollup(…)`, or nothing. */
export function renderRollup(rollup: Rollup | undefined): string {
  if (rollup === undefined) return '';
  return `.rollup(${[rollup.method, rollup.seconds].filter((part) => part !== undefined).join(', ')})`;
}

/** The sentence of Datadog's parser; the quoted rest of the text is cut after 20 characters. */
export function syntaxError(text: string, at: number): string {
  const rest = text.slice(at, at + 20);
  return `Error parsing query: unable to parse ${text}: Rule 'scope_expr' didn't match at '${rest}' (line 1, column ${at + 1}).`;
}

const mixedOperators = "Error parsing query: 'AND' and 'OR' cannot be mixed with ','";

/** Where a text stops looking like `aggregator:metric{`. */
function firstOddity(text: string): number {
  return /^(?:(?:avg|sum|max|min):)?(?:[A-Za-z][A-Za-z0-9_.]*)?/.exec(text)?.[0].length ?? 0;
}

type Tail = Pick<MetricQuery, 'groupBy' | 'rollup'>;

/** What follows the filter; the error is the offset of the trouble. */
function parseTail(text: string, start: number): Result<Tail, number> {
  const grouping = /^\s*by\s*\{([^}]*)\}/.exec(text.slice(start));
  const groupBy = grouping?.[1]?.split(',').map((tag) => tag.trim()) ?? [];
  const afterGroups = start + (grouping?.[0].length ?? 0);
  if (!groupBy.every((tag) => /^[A-Za-z0-9_./-]+$/.test(tag))) return fail(start);
  const rolling = /^\.rollup\(([^)]*)\)/.exec(text.slice(afterGroups));
  const rollup = rolling === null ? undefined : parseRollup(rolling[1] ?? '');
  if (rolling !== null && rollup === undefined) return fail(afterGroups);
  const end = afterGroups + (rolling?.[0].length ?? 0);
  return end === text.length ? ok({ groupBy, rollup }) : fail(end);
}

/** `30`, `max` or `max, 30`. */
function parseRollup(text: string): Rollup | undefined {
  const match = /^\s*(?:(avg|sum|max|min|count)\s*(?:,\s*([1-9]\d{0,7}))?|([1-9]\d{0,7}))\s*$/.exec(text);
  if (match === null) return undefined;
  const [, method, secondsAfterMethod, secondsAlone] = match;
  const seconds = secondsAfterMethod ?? secondsAlone;
  return {
    method: method === 'count' ? 'count' : toAggregator(method),
    seconds: seconds === undefined ? undefined : Number(seconds),
  };
}

function toAggregator(text: string | undefined): Aggregator | undefined {
  return text === 'avg' || text === 'sum' || text === 'max' || text === 'min' ? text : undefined;
}
