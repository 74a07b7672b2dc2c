/** What Datadog says of its budget for us, in `X-RateLimit-*` headers. */
export interface RateLimit {
  readonly limit: number | undefined;
  readonly periodSeconds: number | undefined;
  readonly remaining: number | undefined;
  readonly resetSeconds: number | undefined;
  readonly name: string | undefined;
}

export type Headers = Readonly<Record<string, string>>;

export function parseRateLimit(headers: Headers): RateLimit {
  return {
    limit: count(headers['x-ratelimit-limit']),
    periodSeconds: count(headers['x-ratelimit-period']),
    remaining: count(headers['x-ratelimit-remaining']),
    resetSeconds: count(headers['x-ratelimit-reset']),
    name: headers['x-ratelimit-name'],
  };
}

function count(header: string | undefined): number | undefined {
  const value = header === undefined || header.trim() === '' ? Number.NaN : Number(header);
  return Number.isFinite(value) && value >= 0 ? value : undefined;
}

/** Without a word from Datadog about when, so long is waited after a 429. */
const defaultPauseSeconds = 30;
/** No pause is longer, whatever a header says: Datadog's longest period is an hour. */
const longestPauseSeconds = 3_600;

/**
 * For how long no call may be made after an answer: until the reset when the budget is spent, not at all otherwise.
 *
 * @param status of the answer
 */
export function pauseSeconds(status: number, limit: RateLimit): number {
  const isSpent = status === 429 || (limit.remaining === 0 && limit.resetSeconds !== undefined);
  if (!isSpent) return 0;
  const reset = limit.resetSeconds ?? defaultPauseSeconds;
  return Math.min(
    Math.max(reset, 1),
    limit.periodSeconds === undefined ? longestPauseSeconds : Math.max(limit.periodSeconds, 1),
    longestPauseSeconds,
  );
}
