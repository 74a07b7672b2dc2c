import type { Clock } from '../core/clock.js';
import type { FaultCode } from '../core/fault.js';
import { createTtlCache } from '../core/ttl-cache.js';
import type { RecentPoints } from './recent-points.js';

/** One call to Datadog; all queries of a batch share it. */
export interface PastCall {
  readonly atMs: number;
  readonly tookMs: number;
  /** Queries in it, this one included. */
  readonly batchSize: number;
  /** Why it failed; left out when Datadog answered. */
  readonly fault?: { readonly code: FaultCode; readonly message: string };
}

/** How a query was last asked, and what its newest points were in the last answer. */
export interface QueryMemory {
  readonly call: PastCall;
  /** `undefined` before the first answer; empty when the last one had no series of it. */
  readonly points: RecentPoints | undefined;
}

/** Of one metric about 350 bytes, its query apart, which the record has too; more metrics than this are not asked for by one cluster. */
const bounds = { max: 10_000, ttlMs: 3_600_000 };

/**
 * Remembers the last call of each query, for those who want to know why a metric is as it is. Queries that nobody asks
 * any more are forgotten after an hour.
 */
export class CallMemory {
  readonly #queries;

  constructor(clock: Clock) {
    this.#queries = createTtlCache<QueryMemory>(clock, bounds);
  }

  /** @param points by query; a query of an answer that is not among them had no series */
  note(
    queries: readonly string[],
    call: PastCall,
    points: ReadonlyMap<string, RecentPoints> | undefined,
  ): void {
    for (const query of queries) {
      const known = points === undefined ? this.#queries.get(query)?.points : (points.get(query) ?? nothing);
      this.#queries.set(query, { call, points: known });
    }
  }

  of(query: string): QueryMemory | undefined {
    return this.#queries.get(query);
  }
}

const nothing: RecentPoints = { series: 0, count: 0, timesMs: [], values: [] };
