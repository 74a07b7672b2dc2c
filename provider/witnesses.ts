import { Fault } from '../core/fault.js';
import type { Result } from '../core/result.js';
import type { DatadogQuery } from './query.js';

/** How to ask a witness, and how many more calls may be made. */
export interface Hearing {
  ask(queries: readonly DatadogQuery[]): Promise<Result<unknown, Fault>>;
  readonly budget: { callsLeft: number };
}

/** So many of them must be refused before their batch is believed to be good. */
const neededWitnesses = 2;
/** After so many batches in a row with refused witnesses, those of further ones are not asked. */
const believedAfter = 3;

/**
 * Queries that Datadog answered before. When it refuses these too, each alone, it is not a query that is bad: Datadog
 * refuses whatever it is asked, and that is an outage.
 */
export class Witnesses {
  readonly #answered: readonly DatadogQuery[];
  #refusedInARow = 0;

  /** @param answered in an order that differs from round to round, so that two that turned bad deceive only once */
  constructor(answered: readonly DatadogQuery[]) {
    this.#answered = answered;
  }

  has(query: DatadogQuery): boolean {
    return this.#answered.includes(query);
  }

  /** Why a refused batch is not to be searched for a bad query, or `undefined` when it is. */
  async outageOf(
    batch: readonly DatadogQuery[],
    refusal: Fault,
    hearing: Hearing,
  ): Promise<Fault | undefined> {
    const asked = new Set(batch);
    const witnesses = this.#answered.filter((query) => asked.has(query)).slice(0, neededWitnesses);
    if (witnesses.length < neededWitnesses) return undefined;
    if (this.#refusedInARow >= believedAfter) return refusesAll(refusal);
    for (const witness of witnesses) {
      if (hearing.budget.callsLeft < 1) return undefined;
      hearing.budget.callsLeft -= 1;
      const answer = await hearing.ask([witness]);
      if (answer.ok) {
        this.#refusedInARow = 0;
        return undefined;
      }
      if (answer.error.code !== 'datadog.rejected') return answer.error;
    }
    this.#refusedInARow += 1;
    return refusesAll(refusal);
  }
}

/** Not a query's own refusal, so it must end no record. */
export function refusesAll(cause: Fault): Fault {
  return new Fault(
    'datadog.unreachable',
    `Datadog refuses queries that it answered before (${cause.message}): trouble of its own, or of a proxy on the way`,
  );
}
