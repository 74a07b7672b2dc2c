import type { Fault } from '../core/fault.js';
import { type BatchLimits, toBatches } from './batch.js';
import { type Ask, askIsolating, type IsolationBudget } from './isolate.js';
import { inParallel } from './parallel.js';
import type { DatadogQuery } from './query.js';
import type { Outcome } from './reading.js';

export interface RoundLimits extends BatchLimits {
  readonly maxParallelQueries: number;
}

/** Calls spent on isolating bad queries in one round; what is left is found in the next ones. */
const isolationCalls = 200;
/** After so many calls in a row that failed for everyone, the rest of a round is not tried. */
const outageAfter = 3;

/**
 * Asks all queries once, in batches, several at a time. A query of `alone` gets a batch of its own.
 * When call after call fails for reasons that are not the queries', the rest gets that fault without a call.
 */
export async function askRound(
  queries: { readonly together: readonly DatadogQuery[]; readonly alone: readonly DatadogQuery[] },
  ask: Ask,
  limits: RoundLimits,
): Promise<ReadonlyMap<DatadogQuery, Outcome>> {
  const together = toBatches(queries.together, limits);
  const alone = toBatches(queries.alone, { ...limits, maxQueries: 1 });
  const budget: IsolationBudget = { callsLeft: isolationCalls };
  const guarded = stopInOutage(ask);
  const answers = await inParallel(
    [...together.batches, ...alone.batches],
    limits.maxParallelQueries,
    (batch) => askIsolating(batch, guarded, budget),
  );
  const outcomes = new Map<DatadogQuery, Outcome>(answers.flatMap((answer) => [...answer]));
  for (const [query, urlLength] of [...together.oversized, ...alone.oversized]) {
    outcomes.set(query, { kind: 'oversized', urlLength, maxUrlLength: limits.maxUrlLength });
  }
  return outcomes;
}

function stopInOutage(ask: Ask): Ask {
  let failuresInARow = 0;
  let last: Fault | undefined;
  return async (queries) => {
    if (last !== undefined && failuresInARow >= outageAfter) return { ok: false, error: last };
    const answer = await ask(queries);
    const isOutage = !answer.ok && answer.error.code !== 'datadog.rejected';
    failuresInARow = isOutage ? failuresInARow + 1 : 0;
    last = isOutage ? answer.error : undefined;
    return answer;
  };
}
