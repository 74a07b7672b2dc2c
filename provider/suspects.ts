import { type BackoffBounds, backoffMs } from '../core/backoff.js';
import type { Fault } from '../core/fault.js';
import type { DatadogQuery } from './query.js';

interface Suspicion {
  readonly fault: Fault;
  readonly refusals: number;
  readonly nextTryAtMs: number;
}

/** First half a minute, then longer, up to half an hour, as the original agent's backoff. */
const bounds: BackoffBounds = { firstMs: 30_000, capMs: 1_800_000 };

/** Remembers the queries that Datadog refused: each is tried again alone, ever more rarely, so that it harms no other. */
export class Suspects {
  #suspicions = new Map<DatadogQuery, Suspicion>();

  refused(
    query: DatadogQuery,
    fault: Fault,
    { nowMs, random }: { readonly nowMs: number; readonly random: number },
  ): void {
    const refusals = (this.#suspicions.get(query)?.refusals ?? 0) + 1;
    this.#suspicions.set(query, {
      fault,
      refusals,
      nextTryAtMs: nowMs + backoffMs(refusals, bounds, random),
    });
  }

  cleared(query: DatadogQuery): void {
    this.#suspicions.delete(query);
  }

  /** Why Datadog refused a query, for whoever else asks the same meanwhile. */
  refusal(query: DatadogQuery): Fault | undefined {
    return this.#suspicions.get(query)?.fault;
  }

  /** Forgets what nobody asks for any more. */
  keepOnly(queries: ReadonlySet<DatadogQuery>): void {
    for (const query of this.#suspicions.keys()) {
      if (!queries.has(query)) this.#suspicions.delete(query);
    }
  }

  /** How a query should be asked now: in company, alone, or not yet. */
  standing(query: DatadogQuery, nowMs: number): 'trusted' | 'alone' | 'wait' {
    const suspicion = this.#suspicions.get(query);
    if (suspicion === undefined) return 'trusted';
    return suspicion.nextTryAtMs <= nowMs ? 'alone' : 'wait';
  }
}
