import { Fault, messageOf } from '../core/fault.js';
import { parseRateLimit, pauseSeconds } from './rate-limit.js';
import type { Exchange } from './transport.js';

/** What a client is for: asking for metrics, or bringing events and service checks. */
export type Purpose = 'queries' | 'intake';

/** What to look at when Datadog refuses the keys, or does not know the path. */
const remedies = {
  queries: {
    denied:
      'check DD_API_KEY and DD_APP_KEY, that both belong to DD_SITE, and that the application key may read time series (timeseries_query)',
    unknownPath: 'the query API (404): check DD_SITE or DD_EXTERNAL_METRICS_PROVIDER_ENDPOINT',
  },
  intake: {
    denied: 'check DD_API_KEY, and that it belongs to DD_SITE',
    unknownPath: 'the intake API (404): check DD_SITE or DD_URL',
  },
} as const satisfies Record<Purpose, unknown>;

/** What went wrong with a call → the fault that says so, with the remedy. No key is ever in it. */
export function toFault(
  error: unknown,
  exchange: Exchange,
  place: { readonly baseUrl: string; readonly timeoutMs: number; readonly purpose: Purpose },
): Fault {
  const host = new URL(place.baseUrl).host;
  const { status } = exchange;
  if (status === undefined) return unreachable(error, host, place.timeoutMs);
  const said = saidByDatadog(error);
  switch (status) {
    case 401:
    case 403:
      return new Fault(
        'datadog.denied',
        `${host} refused the keys (${status}${said}): ${remedies[place.purpose].denied}`,
      );
    case 400:
    case 413:
    case 414:
    case 422:
      return new Fault(
        status === 413 && place.purpose === 'intake' ? 'datadog.too_large' : 'datadog.rejected',
        `${status}${said === '' ? ' without a reason' : said}`,
      );
    case 429:
      return rateLimited(exchange);
    case 404:
      return new Fault('datadog.unreachable', `${host} does not know ${remedies[place.purpose].unknownPath}`);
    default:
      return new Fault(
        'datadog.unreachable',
        status < 300
          ? `${host} answered ${status} with a body that cannot be read`
          : `${host} answered ${status}${said}`,
      );
  }
}

function unreachable(error: unknown, host: string, timeoutMs: number): Fault {
  const why = messageOf(error);
  return new Fault(
    'datadog.unreachable',
    why.includes('no answer within')
      ? `${host} did not answer within ${timeoutMs / 1000} s`
      : `${host} cannot be reached (${oneLine(why)}): check network, proxy (DD_PROXY_HTTPS) and DD_SITE`,
  );
}

function rateLimited(exchange: Exchange): Fault {
  const limit = parseRateLimit(exchange.headers);
  const budget =
    limit.limit === undefined ? '' : ` of ${limit.limit} calls per ${limit.periodSeconds ?? '?'} s`;
  const retryAfterSeconds = pauseSeconds(429, limit);
  return new Fault('datadog.rate_limited', `Datadog's rate limit${budget} is used up`, { retryAfterSeconds });
}

/** Datadog explains itself in `errors` of the body. */
function saidByDatadog(error: unknown): string {
  const body = bodyOf(error);
  if (typeof body !== 'object' || body === null || !('errors' in body) || !Array.isArray(body.errors))
    return '';
  return `: ${oneLine(body.errors.map(String).join('; '))}`;
}

/** Of a status that Datadog's specification does not name, such as 422, the SDK wraps the text in words of its own. */
function bodyOf(error: unknown): unknown {
  if (typeof error !== 'object' || error === null || !('body' in error)) return undefined;
  if (typeof error.body !== 'string') return error.body;
  const text = /^Unknown API Status Code!\nBody: "([\s\S]*)"$/.exec(error.body)?.[1];
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    // A page of a proxy explains nothing that would fit a sentence.
    return undefined;
  }
}

/** Texts from outside end up in conditions and events of Kubernetes, which are short. */
export function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length <= 300 ? line : `${line.slice(0, 299)}…`;
}

/** The `status` label that the original agent counts a failed call under. */
export function requestStatus(status: number | undefined): string {
  switch (status) {
    case undefined:
      return 'unknown_error';
    case 429:
      return 'rate_limit_error';
    case 422:
      return 'unprocessable_entity_error';
    default:
      return status < 300 ? 'response_error' : 'other_http_error';
  }
}
