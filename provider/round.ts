import type { Fault } from '../core/fault.js';
import { atOnce, type Pace } from '../core/pace.js';
import { type BatchLimits, batching } from './batch.js';
import { type Ask, askIsolating, type IsolationBudget } from './isolate.js';
import { inParallel } from './parallel.js';
import type { DatadogQuery } from './query.js';
import type { Outcome } from './reading.js';
import { refusesAll, Witnesses } from './witnesses.js';

export interface RoundLimits extends BatchLimits {
  readonly maxParallelQueries: number;
}

/** Calls spent on isolating bad queries in one round; what is left is found in the next ones. */
const isolationCalls = 200;
/** After so many calls in a row that failed for everyone, the rest of a round is not tried. */
const outageAfter = 3;

/** What is to be asked. */
export interface RoundQueries {
  readonly together: readonly DatadogQuery[];
  /** Each gets a batch of its own. */
  readonly alone: readonly DatadogQuery[];
  /** Those of them that Datadog has answered before, in random order. */
  readonly answered?: readonly DatadogQuery[];
  /** Hears of each refused batch that is halved. */
  readonly onSplit?: () => void;
  /** By which many queries are spread over batches; default: at once. */
  readonly pace?: Pace;
}

const hurried: Pace = { run: async (work) => atOnce(work) };

/**
 * Asks all queries once, in batches, several at a time.
 * When call after call fails for reasons that are not the queries', the rest gets that fault without a call.
 * When Datadog refuses everything, what it answered before too, that is such a reason.
 */
export async function askRound(
  queries: RoundQueries,
  ask: Ask,
  limits: RoundLimits,
): Promise<ReadonlyMap<DatadogQuery, Outcome>> {
  const { onSplit, pace = hurried } = queries;
  const together = await pace.run(batching(queries.together, limits));
  const alone = await pace.run(batching(queries.alone, { ...limits, maxQueries: 1 }));
  const witnesses = new Witnesses(queries.answered ?? []);
  const budget: IsolationBudget = {
    callsLeft: isolationCalls,
    witnesses,
    ...(onSplit === undefined ? {} : { onSplit }),
  };
  const guarded = stopInOutage(ask);
  const answers = new Map<DatadogQuery, Outcome>();
  await inParallel([...together.batches, ...alone.batches], limits.maxParallelQueries, async (batch) => {
    for (const [query, outcome] of await askIsolating(batch, guarded, budget)) answers.set(query, outcome);
  });
  const outcomes = excuse(answers, witnesses);
  for (const [query, urlLength] of [...together.oversized, ...alone.oversized]) {
    outcomes.set(query, { kind: 'oversized', urlLength, maxUrlLength: limits.maxUrlLength });
  }
  return outcomes;
}

/** A round in which everything was refused, what was answered before too, says nothing of any query. */
function excuse(answers: Map<DatadogQuery, Outcome>, witnesses: Witnesses): Map<DatadogQuery, Outcome> {
  let first: Fault | undefined;
  let isAnyWitness = false;
  for (const [query, outcome] of answers) {
    const refusal = refusalOf(outcome);
    if (refusal === undefined) return answers;
    first ??= refusal;
    isAnyWitness ||= witnesses.has(query);
  }
  if (first === undefined || !isAnyWitness) return answers;
  const outcome: Outcome = { kind: 'failed', fault: refusesAll(first) };
  return new Map([...answers.keys()].map((query) => [query, outcome]));
}

function refusalOf(outcome: Outcome): Fault | undefined {
  return outcome.kind === 'failed' && outcome.fault.code === 'datadog.rejected' ? outcome.fault : undefined;
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
