import type { ExchangeOptions } from './exchange.js';

/** Everything in which the HTTP clients of two generations of node agents differ. */
export interface Manners extends ExchangeOptions {
  readonly newestTls: 'TLSv1.2' | 'TLSv1.3';
  /** After how long an unused connection is dropped; never where it is left out. */
  readonly idleMs?: number;
  /** After how long a new connection is made, whether or not the old one works. */
  readonly reconnectMs?: number;
  /** `X-Real-Ip` goes with each request, empty on a node that runs no cluster checks. */
  readonly sendsRealIp: boolean;
  /** The agents' texts for a status that is not 200, for no answer, and for an answer that is not what was asked. */
  refused(url: string, status: number): string;
  unanswered(url: string, method: string, why: string): string;
  garbled(path: string, why: string, body: string): string;
}

/** Agents of 2018 (6.5): one limit for all, an unread refusal costs the connection, and Go had no TLS 1.3 yet. */
export const oldManners: Manners = {
  limits: { totalMs: 2_000 },
  drainsRefusals: false,
  newestTls: 'TLSv1.2',
  sendsRealIp: false,
  refused: (_url, status) => `unexpected status code from cluster agent: ${status}`,
  unanswered: (url, method, why) => `${method.charAt(0)}${method.slice(1).toLowerCase()} ${url}: ${why}`,
  garbled: (_path, why) => why,
};

/** Agents of today. */
export const newManners: Manners = {
  limits: { dialMs: 1_000, tlsMs: 5_000, headerMs: 3_000, totalMs: 10_000 },
  drainsRefusals: true,
  newestTls: 'TLSv1.3',
  idleMs: 60_000,
  reconnectMs: 1_200_000,
  sendsRealIp: true,
  refused: (url, status) => `remote service error: ${url}: ${status}`,
  unanswered: (url, _method, why) => `remote service error: ${url}: ${why}`,
  garbled: (path, why, body) =>
    `failed to unmarshal JSON from URL: ${path}, err: ${why}, raw message: ${JSON.stringify(body)}`,
};
