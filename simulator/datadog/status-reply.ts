import { syntaxError } from '../datadog-query.js';
import type { Replacement } from './fault-plan.js';
import type { RateLimit } from './rate-limit.js';
import { json, proxyPage, type Reply, refuse } from './reply.js';

type StatusFault = Extract<Replacement['fault'], { readonly kind: 'status' }>;

/** The answer of an ordered status, with the body that Datadog gives with it; a 400 quotes the query that was hit. */
export function toStatusReply(fault: StatusFault, query: string | undefined, rateLimit: RateLimit): Reply {
  const reply = usualReply(fault.status, query, rateLimit);
  const left = Object.entries(reply.headers).filter(([name]) => !(fault.withoutHeaders ?? []).includes(name));
  return {
    status: reply.status,
    headers: { ...Object.fromEntries(left), ...fault.headers },
    body: fault.body ?? reply.body,
  };
}

function usualReply(status: StatusFault['status'], query: string | undefined, rateLimit: RateLimit): Reply {
  switch (status) {
    case 400:
      return refuse(400, spoiledQueryError(query));
    case 403:
      return refuse(403, 'Forbidden');
    case 413:
      return refuse(413, 'Payload too large');
    case 422:
      return refuse(422, 'Unprocessable Entity');
    case 429:
      return refuse(429, rateLimit.message, rateLimit.refusal());
    case 500:
      return refuse(500, 'Internal Server Error');
    case 502:
      return proxyPage(502, 'Bad Gateway');
    case 503:
      return json(503, '{"status":"error","code":503,"errors":["Service Unavailable"]}');
  }
}

/** The sentence about a query that a fault makes unreadable. */
export function spoiledQueryError(query: string | undefined): string {
  return syntaxError(query ?? 'the query', 0);
}
