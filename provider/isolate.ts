import { Fault } from '../core/fault.js';
import type { Result } from '../core/result.js';
import type { DatadogQuery } from './query.js';
import type { Outcome, Reading } from './reading.js';
import type { Witnesses } from './witnesses.js';

/** Asks Datadog for the latest point of each query in one call. */
export type Ask = (
  queries: readonly DatadogQuery[],
) => Promise<Result<ReadonlyMap<DatadogQuery, Reading>, Fault>>;

/** How many more calls may be spent on finding bad queries; shared by all batches of a tick and counted down. */
export interface IsolationBudget {
  callsLeft: number;
  /** Heard before a search; without them every refusal is believed. */
  readonly witnesses?: Witnesses;
  /** Hears of each batch that is halved. */
  readonly onSplit?: () => void;
}

/**
 * Asks one batch. Datadog refuses a batch whole when one query in it is bad, so a refused batch is halved until the
 * bad query stands alone: at most 2·ceil(log2 n) more calls for each, and a witness before. Nothing but a refusal is
 * halved: an outage would only be met again, n times.
 */
export async function askIsolating(
  batch: readonly DatadogQuery[],
  ask: Ask,
  budget: IsolationBudget,
): Promise<ReadonlyMap<DatadogQuery, Outcome>> {
  const answer = await ask(batch);
  if (answer.ok || !isOfCompany(batch, answer.error)) return toOutcomes(batch, answer);
  const outage = await budget.witnesses?.outageOf(batch, answer.error, { ask, budget });
  return outage === undefined ? halve(batch, answer.error, { ask, budget }) : failAll(batch, outage);
}

async function halve(
  batch: readonly DatadogQuery[],
  refusal: Fault,
  { ask, budget }: { readonly ask: Ask; readonly budget: IsolationBudget },
): Promise<ReadonlyMap<DatadogQuery, Outcome>> {
  if (budget.callsLeft < 2) return failAll(batch, refusedTogether(batch.length, refusal));
  budget.callsLeft -= 2;
  budget.onSplit?.();
  const middle = Math.ceil(batch.length / 2);
  const askHalf = async (half: readonly DatadogQuery[]): Promise<ReadonlyMap<DatadogQuery, Outcome>> => {
    const answer = await ask(half);
    if (answer.ok || !isOfCompany(half, answer.error)) return toOutcomes(half, answer);
    return halve(half, answer.error, { ask, budget });
  };
  const [left, right] = await Promise.all([askHalf(batch.slice(0, middle)), askHalf(batch.slice(middle))]);
  return new Map([...left, ...right]);
}

/** Whether the refusal may be the fault of one query in the company of others. */
function isOfCompany(batch: readonly DatadogQuery[], { code }: Fault): boolean {
  return code === 'datadog.rejected' && batch.length > 1;
}

function toOutcomes(
  batch: readonly DatadogQuery[],
  answer: Awaited<ReturnType<Ask>>,
): ReadonlyMap<DatadogQuery, Outcome> {
  if (!answer.ok) return failAll(batch, answer.error);
  return new Map(batch.map((query) => [query, toOutcome(query, answer.value)]));
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
