import type { Clock } from '../core/clock.js';
import type { Logger } from '../core/log.js';
import { createTtlCache } from '../core/ttl-cache.js';

/** Callers remembered, and for how long each is not named again: a node agent with an old token asks every minute. */
const quiet = { max: 1_000, ttlMs: 600_000 };
const named = {};

/** Says whose requests were refused for their token, each caller once in ten minutes. */
export class RefusalLog {
  readonly #log: Logger;
  readonly #named;

  constructor(ports: { readonly clock: Clock; readonly log: Logger }) {
    this.#log = ports.log;
    this.#named = createTtlCache<object>(ports.clock, quiet);
  }

  refused(caller: string, status: number, path: string): void {
    const key = `${caller} ${status}`;
    if (this.#named.has(key)) return;
    this.#named.set(key, named);
    this.#log.warn(
      { caller, status, path },
      status === 401
        ? 'a request without a token was refused; node agents need DD_CLUSTER_AGENT_AUTH_TOKEN'
        : 'a request with another token than this route needs was refused; node agents must have the same DD_CLUSTER_AGENT_AUTH_TOKEN as this replica',
    );
  }
}
