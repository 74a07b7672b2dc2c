import { type Clock, systemClock } from '../../core/clock.js';

/** How many requests are let through in each period, and the name that Datadog gives this limit. */
export interface RateLimitOptions {
  readonly limit: number;
  readonly periodSeconds: number;
  readonly name?: string;
}

/** Whether a request may pass, and the headers that tell the client about it. */
export interface RateLimitVerdict {
  readonly isAllowed: boolean;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * A budget per period. Periods are aligned to the calendar, as Datadog's are
 * (https://docs.datadoghq.com/api/latest/rate-limits/): a limit of 10 a minute is full again at each full minute.
 */
export class RateLimit {
  readonly #clock: Clock;
  #options: Required<RateLimitOptions>;
  #period = Number.NaN;
  #used = 0;

  constructor(ports: { readonly clock?: Clock }, options: RateLimitOptions) {
    this.#clock = ports.clock ?? systemClock;
    this.#options = { name: 'metric_query', ...options };
  }

  /** Another budget from now on, unused; what is left out stays. */
  configure(options: Partial<RateLimitOptions>): void {
    this.#options = { ...this.#options, ...options };
    this.#used = 0;
  }

  /** The sentence of a 429. */
  get message(): string {
    const { limit, periodSeconds } = this.#options;
    return `Rate limit of ${limit} requests in ${periodSeconds} seconds reached. Please try again later.`;
  }

  take(): RateLimitVerdict {
    this.#beginPeriod();
    const isAllowed = this.#used < this.#options.limit;
    if (isAllowed) this.#used += 1;
    return { isAllowed, headers: this.#headers(this.#options.limit - this.#used) };
  }

  /** The headers of a 429 that nothing of the budget was spent on. */
  refusal(): Readonly<Record<string, string>> {
    return this.#headers(0);
  }

  #beginPeriod(): void {
    const period = Math.floor(this.#clock.nowMs() / (this.#options.periodSeconds * 1000));
    if (period === this.#period) return;
    this.#period = period;
    this.#used = 0;
  }

  #headers(remaining: number): Readonly<Record<string, string>> {
    const { limit, periodSeconds, name } = this.#options;
    const elapsedMs = this.#clock.nowMs() % (periodSeconds * 1000);
    return {
      'x-ratelimit-limit': String(limit),
      'x-ratelimit-period': String(periodSeconds),
      'x-ratelimit-remaining': String(remaining),
      'x-ratelimit-reset': String(Math.ceil(periodSeconds - elapsedMs / 1000)),
      'x-ratelimit-name': name,
    };
  }
}
