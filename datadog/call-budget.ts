import type { Clock } from '../core/clock.js';
import { gauge, type Registry } from '../core/telemetry.js';
import type { RateLimit } from './rate-limit.js';

/** Datadog's budget for queries, as it last spoke of it. */
export interface BudgetReport {
  readonly limit: number;
  readonly periodSeconds: number | null;
  readonly remaining: number | null;
  /** The least that was left since the present period began. */
  readonly remainingMin: number | null;
  /** RFC 3339; the present period ends then. */
  readonly resetAt: string | null;
}

const endpoint = { endpoint: '/api/v1/query' };

/** Remembers what Datadog's answers say of the budget for queries, and tells `/metrics` under the names of the original. */
export class CallBudget {
  readonly #clock: Clock;
  readonly #metrics: ReturnType<typeof budgetGauges>;
  #report: BudgetReport | undefined;
  #periodEndsAtMs = Number.NEGATIVE_INFINITY;
  #least: number | undefined;

  constructor({ clock, registry }: { readonly clock: Clock; readonly registry: Registry }) {
    this.#clock = clock;
    this.#metrics = budgetGauges(registry);
  }

  heard({ limit, remaining, resetSeconds, periodSeconds }: RateLimit): void {
    if (limit === undefined) return;
    this.#measureLeast(remaining, resetSeconds);
    this.#metrics.limit.set(endpoint, limit);
    if (remaining !== undefined) this.#metrics.remaining.set(endpoint, remaining);
    if (this.#least !== undefined) this.#metrics.least.set(endpoint, this.#least);
    if (resetSeconds !== undefined) this.#metrics.reset.set(endpoint, resetSeconds);
    if (periodSeconds !== undefined) this.#metrics.period.set(endpoint, periodSeconds);
    const resetAt =
      resetSeconds === undefined
        ? null
        : new Date(this.#clock.nowMs() + Math.min(resetSeconds, longestSeconds) * 1000).toISOString();
    this.#report = {
      limit,
      periodSeconds: periodSeconds ?? null,
      remaining: remaining ?? null,
      remainingMin: this.#least ?? null,
      resetAt,
    };
  }

  describe(): BudgetReport | undefined {
    return this.#report;
  }

  /** Answers of calls side by side come in any order, so that the least counts and not the last. */
  #measureLeast(remaining: number | undefined, resetSeconds: number | undefined): void {
    if (remaining === undefined) return;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs >= this.#periodEndsAtMs) {
      this.#least = undefined;
      this.#periodEndsAtMs = nowMs + (resetSeconds ?? 0) * 1000;
    }
    this.#least = Math.min(this.#least ?? remaining, remaining);
  }
}

/** Whatever a header says: a date must come of it. */
const longestSeconds = 86_400;

function budgetGauges(registry: Registry) {
  const make = (name: string, help: string) =>
    gauge(registry, `rate_limit_queries_${name}`, help, ['endpoint']);
  return {
    limit: make('limit', "Calls that Datadog's rate limit allows per period."),
    remaining: make('remaining', 'Calls left in the present period.'),
    least: make('remaining_min', 'The least that was left since the present period began.'),
    reset: make('reset', 'Seconds until the present period ends, as Datadog last said.'),
    period: make('period', "Seconds of the rate limit's period."),
  };
}
