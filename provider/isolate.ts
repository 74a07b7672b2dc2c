import { Fault } from '../core/fault.js';
import type { Result } from '../core/result.js';
import type { DatadogQuery } from './query.js';
import type { Outcome, Reading } from './reading.js';

/** Asks Datadog for the latest point of each query in one call. */
export type Ask = (
  queries: readonly DatadogQuery[],
) => Promise<Result<ReadonlyMap<DatadogQuery, Reading>, Fault>>;

/** How many more calls may be spent on finding bad queries; shared by all batches of a tick and counted down. */
export interface IsolationBudget {
  callsLeft: number;
}

/**
 * Asks one batch. Datadog refuses a batch whole when one query in it is bad, so a refused batch is halved until the
 * bad query stands alone: at most 2·ceil(log2 n) more calls for each. Nothing but a refusal is halved: an outage
 * would only be met again, n times.
 */
export async function askIsolating(
  batch: readonly DatadogQuery[],
  ask: Ask,
  budget: IsolationBudget,
): Promise<ReadonlyMap<DatadogQuery, Outcome>> {
  const answer = await ask(batch);
  if (answer.ok) return new Map(batch.map((query) => [query, toOutcome(query, answer.value)]));
  if (answer.error.code !== 'datadog.rejected' || batch.length === 1) return failAll(batch, answer.error);
  if (budget.callsLeft < 2) return failAll(batch, refusedTogether(batch.length, answer.error));
  budget.callsLeft -= 2;
  const middle = Math.ceil(batch.length / 2);
  const [left, right] = await Promise.all([
    askIsolating(batch.slice(0, middle), ask, budget),
    askIsolating(batch.slice(middle), ask, budget),
  ]);
  return new Map([...left, ...right]);
}

function toOutcome(query: DatadogQuery, readings: ReadonlyMap<DatadogQuery, Reading>): Outcome {
  const reading = readings.get(query) ?? {
    kind: 'none',
    reason: 'no_series',
    detail: 'nothing reports the metric with these tags',
  };
  return { kind: 'read', reading };
}

function failAll(batch: readonly DatadogQuery[], fault: Fault): ReadonlyMap<DatadogQuery, Outcome> {
  return new Map(batch.map((query) => [query, { kind: 'failed', fault }]));
}

/** Not the query's own refusal, so it must not end its record: the search goes on with the next tick. */
function refusedTogether(count: number, cause: Fault): Fault {
  return new Fault(
    'datadog.unreachable',
    `Datadog refused this query together with ${count - 1} others, and the search for the bad one goes on (${cause.message})`,
  );
}
