import { MetricsApi } from '@datadog/datadog-api-client/dist/packages/datadog-api-client-v1/apis/MetricsApi.js';
import type { MetricsQueryMetadata } from '@datadog/datadog-api-client/dist/packages/datadog-api-client-v1/models/MetricsQueryMetadata.js';
import type { MetricsQueryResponse } from '@datadog/datadog-api-client/dist/packages/datadog-api-client-v1/models/MetricsQueryResponse.js';
import type { Clock } from '../core/clock.js';
import { Fault } from '../core/fault.js';
import { clockToleranceMs } from '../core/foreign-clock.js';
import type { InvalidReason, Point } from '../core/metric.js';
import { fail, ok, type Result } from '../core/result.js';
import type { Registry } from '../core/telemetry.js';
import { type BudgetReport, CallBudget } from './call-budget.js';
import type { CallMemory } from './call-memory.js';
import type { DatadogClient } from './client.js';
import { oneLine } from './faults.js';
import type { KeyReport } from './key-check.js';
import { pickPoint } from './pick-point.js';
import { parseRateLimit, pauseSeconds, type RateLimit } from './rate-limit.js';
import { type RecentPoints, recentPoints } from './recent-points.js';
import type { Exchange } from './transport.js';

/** What an answer says of one query, unjudged. */
export type Reading =
  | { readonly kind: 'point'; readonly point: Point }
  | {
      readonly kind: 'none';
      readonly reason: Extract<InvalidReason, 'no_series' | 'several_series' | 'only_nulls'>;
      readonly detail: string;
    };

export interface DatadogPointsPorts {
  readonly client: DatadogClient;
  readonly clock: Clock;
  /** Is told of each call. */
  readonly memory?: CallMemory;
}

/** The latest points of queries, by Datadog's query API, within the budget that Datadog grants. */
export class DatadogPoints {
  readonly #ports: DatadogPointsPorts;
  readonly #windowSeconds: number;
  readonly #budget: CallBudget;
  #keys: KeyReport = { verdict: 'unknown', detail: null, checkedAt: null };
  #pausedUntilMs = 0;
  #lastLimit: RateLimit | undefined;

  /** @param options `windowSeconds`: how far back points are asked for */
  constructor(
    ports: DatadogPointsPorts & { readonly registry: Registry },
    options: { readonly windowSeconds: number },
  ) {
    this.#ports = ports;
    this.#windowSeconds = options.windowSeconds;
    this.#budget = new CallBudget(ports);
  }

  /** What Datadog last said of the budget for queries. */
  rateLimit(): RateLimit | undefined {
    return this.#lastLimit;
  }

  /** What the last answers show of both keys together. */
  keys(): KeyReport {
    return this.#keys;
  }

  /** The budget for queries, for people; `undefined` before Datadog spoke of it. */
  budget(): BudgetReport | undefined {
    return this.#budget.describe();
  }

  /**
   * One HTTP call, two when the answer to the first shows that the clock was wrong and another time was asked for.
   * Queries without a series are absent from the map. While the rate limit is used up no call is made.
   * Faults: `datadog.rate_limited` (with `retryAfterSeconds`), `datadog.rejected`, `datadog.unreachable`, `datadog.denied`.
   */
  async latest<Q extends string>(
    queries: readonly Q[],
    signal: AbortSignal,
  ): Promise<Result<ReadonlyMap<Q, Reading>, Fault>> {
    const paused = this.#pause();
    if (paused !== undefined) return fail(paused);
    const clock = this.#ports.clock;
    const [nowMs, atMs] = [clock.nowMs(), clock.monotonicMs()];
    const answer = await this.#ask(queries, Math.floor(nowMs / 1000), signal);
    const steppedMs = clock.nowMs() - nowMs - (clock.monotonicMs() - atMs);
    return Math.abs(steppedMs) > clockToleranceMs && answer.ok
      ? this.#ask(queries, Math.floor(clock.nowMs() / 1000), signal)
      : answer;
  }

  async #ask<Q extends string>(
    queries: readonly Q[],
    to: number,
    signal: AbortSignal,
  ): Promise<Result<ReadonlyMap<Q, Reading>, Fault>> {
    const { clock, memory } = this.#ports;
    const [atMs, startedMs] = [clock.nowMs(), clock.monotonicMs()];
    let points: ReadonlyMap<Q, RecentPoints> | undefined;
    const answer = await this.#ports.client.call(
      async (configuration) => {
        const window = { from: to - this.#windowSeconds, to };
        const body = await new MetricsApi(configuration).queryMetrics({
          ...window,
          query: queries.join(','),
        });
        const read = readAnswer(queries, body);
        if (read.ok && memory !== undefined) points = recentOf(queries, body, read.value);
        return read;
      },
      (exchange) => this.#obey(exchange),
      signal,
    );
    this.#judgeKeys(answer);
    const fault = answer.ok ? {} : { fault: { code: answer.error.code, message: answer.error.message } };
    const call = { atMs, tookMs: clock.monotonicMs() - startedMs, batchSize: queries.length, ...fault };
    memory?.note(queries, call, points);
    const isLimited = !answer.ok && answer.error.code === 'datadog.rate_limited';
    return isLimited ? fail(this.#pause() ?? answer.error) : answer;
  }

  #obey(exchange: Exchange): void {
    if (exchange.status === undefined) return;
    const limit = parseRateLimit(exchange.headers);
    const seconds = pauseSeconds(exchange.status, limit);
    if (seconds > 0)
      this.#pausedUntilMs = Math.max(this.#pausedUntilMs, this.#ports.clock.monotonicMs() + seconds * 1000);
    if (limit.limit === undefined) return;
    this.#lastLimit = limit;
    this.#budget.heard(limit);
  }

  /** An answer to a query is all that can be known of an application key. */
  #judgeKeys(answer: Result<unknown, Fault>): void {
    const isRefused = !answer.ok && answer.error.code === 'datadog.denied';
    if (!answer.ok && !isRefused) return;
    this.#keys = {
      verdict: answer.ok ? 'valid' : 'invalid',
      detail: answer.ok ? null : answer.error.message,
      checkedAt: new Date(this.#ports.clock.nowMs()).toISOString(),
    };
  }

  /** The instant of the reset, and not the wait, so that the text stays the same from one attempt to the next. */
  #pause(): Fault | undefined {
    const { clock } = this.#ports;
    const leftMs = this.#pausedUntilMs - clock.monotonicMs();
    if (leftMs <= 0) return undefined;
    const until = new Date(Math.round((clock.nowMs() + leftMs) / 1000) * 1000)
      .toISOString()
      .replace('.000Z', 'Z');
    const limit = this.#lastLimit;
    const budget =
      limit?.limit === undefined ? '' : ` of ${limit.limit} calls per ${limit.periodSeconds ?? '?'} s`;
    return new Fault(
      'datadog.rate_limited',
      `Datadog's rate limit for queries${budget} is used up; no query before ${until}: raise the limit with Datadog's support, or DD_EXTERNAL_METRICS_PROVIDER_REFRESH_PERIOD`,
      { retryAfterSeconds: Math.ceil(leftMs / 1000) },
    );
  }
}

/**
 * An answer → a reading per query, each from its own series only. A 200 with an error inside is a refusal of the batch.
 * Throws for an answer that is not of the documented form; the caller counts that as an unreadable one.
 */
export function readAnswer<Q extends string>(
  queries: readonly Q[],
  answer: MetricsQueryResponse,
): Result<ReadonlyMap<Q, Reading>, Fault> {
  if (typeof answer !== 'object' || answer === null) return fail(unreadable());
  if (
    (answer.error !== undefined && answer.error !== '') ||
    (answer.status !== undefined && answer.status !== 'ok')
  ) {
    return fail(
      new Fault(
        'datadog.rejected',
        `200 with an error: ${oneLine(answer.error ?? `status ${answer.status}`)}`,
      ),
    );
  }
  // The SDK makes an empty answer of whatever is not JSON: a web page, half a body.
  if (!Array.isArray(answer.series) && answer.status !== 'ok') return fail(unreadable());
  const { byQuery, strays } = seriesByQuery(queries, answer);
  const readings = new Map<Q, Reading>([...byQuery].map(([query, series]) => [query, toReading(series)]));
  if (strays > 0) for (const query of queries) if (!readings.has(query)) readings.set(query, strayed(strays));
  return ok(readings);
}

function seriesByQuery<Q extends string>(
  queries: readonly Q[],
  answer: MetricsQueryResponse,
): { readonly byQuery: ReadonlyMap<Q, readonly MetricsQueryMetadata[]>; readonly strays: number } {
  const byQuery = new Map<Q, MetricsQueryMetadata[]>();
  let strays = 0;
  for (const series of answer.series ?? []) {
    const query = ownerOf(queries, series);
    if (query === undefined) strays += 1;
    else byQuery.set(query, [...(byQuery.get(query) ?? []), series]);
  }
  return { byQuery, strays };
}

/** The newest points of each query of an answer that could be read, with the ones that were chosen. */
function recentOf<Q extends string>(
  queries: readonly Q[],
  answer: MetricsQueryResponse,
  readings: ReadonlyMap<Q, Reading>,
): ReadonlyMap<Q, RecentPoints> {
  const { byQuery } = seriesByQuery(queries, answer);
  return new Map(
    [...byQuery].map(([query, series]) => {
      const reading = readings.get(query);
      return [
        query,
        recentPoints(series, reading?.kind === 'point' ? reading.point.observedAtMs : undefined),
      ];
    }),
  );
}

function unreadable(): Fault {
  return new Fault(
    'datadog.unreachable',
    'Datadog, or a proxy on the way, answered 200 with a body that cannot be read',
  );
}

/** By `query_index`; without one, a lone query owns all, and otherwise only the very text of the query counts. */
function ownerOf<Q extends string>(queries: readonly Q[], series: MetricsQueryMetadata): Q | undefined {
  if (series.queryIndex !== undefined && series.queryIndex !== null) return queries[series.queryIndex];
  if (queries.length === 1) return queries[0];
  const matches = queries.filter((query) => query === series.expression);
  return matches.length === 1 ? matches[0] : undefined;
}

function toReading(series: readonly MetricsQueryMetadata[]): Reading {
  const [only] = series;
  if (only === undefined || series.length > 1) {
    const scopes = series.slice(0, 3).map((one) => one.scope ?? '?');
    return {
      kind: 'none',
      reason: 'several_series',
      detail: oneLine(
        `Datadog answered ${series.length} series (${scopes.join(' | ')}${series.length > 3 ? ' | …' : ''}) where one was expected`,
      ),
    };
  }
  const picked = pickPoint(only.pointlist ?? []);
  if (picked.kind === 'point') return picked;
  return {
    kind: 'none',
    reason: 'only_nulls',
    detail: `none of the ${picked.count} points of the window has a value`,
  };
}

function strayed(count: number): Reading {
  return {
    kind: 'none',
    reason: 'no_series',
    detail: `Datadog answered ${count} series that name no query (query_index), and none for this one`,
  };
}
