import { type Clock, systemClock } from '../../core/clock.js';
import { ok, type Result } from '../../core/result.js';
import { type MetricQuery, parseQuery } from '../datadog-query.js';
import { type AnsweredSeries, answerQuery, renderAnswer, renderErrorAnswer } from './answer.js';
import type { Window } from './buckets.js';
import type { FaultPlan } from './fault-plan.js';
import type { RateLimit } from './rate-limit.js';
import { json, type Reply, refuse } from './reply.js';
import { spoil } from './series-faults.js';
import type { SeriesStore } from './series-store.js';
import { spoiledQueryError } from './status-reply.js';

/** A call to `/api/v1/query`: its parameters as they came, and its single queries. */
export interface QueryCall {
  readonly params: URLSearchParams;
  readonly queries: readonly string[];
}

/** So many queries are remembered in their parsed form; then all are forgotten and read anew. */
const maxParsed = 50_000;

/** Answers `/api/v1/query` from the series store. */
export class QueryEndpoint {
  readonly #store: SeriesStore;
  readonly #rateLimit: RateLimit;
  readonly #clock: Clock;
  readonly #sampleSeconds: number;
  readonly #delaySeconds: number;
  readonly #parsed = new Map<string, Result<MetricQuery, string>>();

  constructor(
    ports: { readonly store: SeriesStore; readonly rateLimit: RateLimit; readonly clock?: Clock },
    options: { readonly sampleSeconds: number; readonly delaySeconds: number },
  ) {
    this.#store = ports.store;
    this.#rateLimit = ports.rateLimit;
    this.#clock = ports.clock ?? systemClock;
    this.#sampleSeconds = options.sampleSeconds;
    this.#delaySeconds = options.delaySeconds;
  }

  /** Spends one request of the rate limit. One query that cannot be read fails the whole batch, as with Datadog. */
  reply(call: QueryCall, plan: FaultPlan): Reply {
    const budget = this.#rateLimit.take();
    if (!budget.isAllowed) return refuse(429, this.#rateLimit.message, budget.headers);
    const window = this.#window(call.params);
    if (typeof window === 'string') return refuse(400, window, budget.headers);
    const request = { text: call.params.get('query') ?? '', window };
    const failure = plan.replacement;
    if (failure?.fault.kind === 'errorBody') {
      const message = failure.fault.message ?? spoiledQueryError(failure.query);
      return json(200, renderErrorAnswer(message, request), budget.headers);
    }
    const queries = this.#parseAll(call.queries);
    if (!queries.ok) return refuse(400, queries.error, budget.headers);
    const series = queries.value.flatMap((query, index) =>
      this.#answer(query, { window, index, call, plan }),
    );
    const groupBy = [...new Set(queries.value.flatMap((query) => query.groupBy))];
    return json(
      200,
      renderAnswer(plan.isShuffled ? series.toReversed() : series, request, groupBy),
      budget.headers,
    );
  }

  #answer(
    query: MetricQuery,
    context: {
      readonly window: Window;
      readonly index: number;
      readonly call: QueryCall;
      readonly plan: FaultPlan;
    },
  ): readonly AnsweredSeries[] {
    const { window, index, call, plan } = context;
    const unit = this.#store.unitOf(query.metric);
    const series = answerQuery(query, this.#store.select(query), { window, index, unit });
    return plan.seriesFaults
      .filter((planned) => planned.query === undefined || planned.query === call.queries[index])
      .reduce((spoiled, planned) => spoil(spoiled, planned.fault), series);
  }

  #parseAll(texts: readonly string[]): Result<readonly MetricQuery[], string> {
    const queries: MetricQuery[] = [];
    for (const text of texts) {
      const parsed = this.#parse(text);
      if (!parsed.ok) return parsed;
      queries.push(parsed.value);
    }
    return ok(queries);
  }

  #parse(text: string): Result<MetricQuery, string> {
    const known = this.#parsed.get(text);
    if (known !== undefined) return known;
    const parsed = parseQuery(text);
    if (this.#parsed.size >= maxParsed) this.#parsed.clear();
    this.#parsed.set(text, parsed);
    return parsed;
  }

  #window(params: URLSearchParams): Window | string {
    const [from, to] = [params.get('from') ?? '', params.get('to') ?? ''];
    if (!/^\d{1,12}$/.test(from)) return `from must be a whole number of seconds, got '${from}'`;
    if (!/^\d{1,12}$/.test(to)) return `to must be a whole number of seconds, got '${to}'`;
    if (Number(from) >= Number(to)) return 'query end is not after query start';
    return {
      fromSeconds: Number(from),
      toSeconds: Number(to),
      knownUntilSeconds: this.#clock.nowMs() / 1000 - this.#delaySeconds,
      sampleSeconds: this.#sampleSeconds,
    };
  }
}
