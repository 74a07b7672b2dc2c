import type { Fault } from '../core/fault.js';
import type { Logger } from '../core/log.js';
import type { DatadogQuery } from './query.js';
import type { Outcome } from './reading.js';

/** Tells the log how rounds end: an outage once when it begins and when it is over, a refused query once. */
export class RoundLog {
  readonly #log: Logger;
  #outage: string | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** A query that had not been refused before. */
  refused(query: DatadogQuery, fault: Fault): void {
    this.#log.warn(
      { query, detail: fault.message },
      'Datadog refuses a query; it is asked again alone, ever more rarely',
    );
  }

  tell(outcomes: ReadonlyMap<DatadogQuery, Outcome>): void {
    if (outcomes.size === 0) return;
    const outage = firstOutage(outcomes.values())?.fault;
    if (outage !== undefined && outage.message !== this.#outage) {
      this.#log.warn(
        { code: outage.code, detail: outage.message },
        'Datadog could not be asked; the last values are served until they are too old',
      );
    }
    if (outage === undefined && this.#outage !== undefined) this.#log.info({}, 'Datadog answers again');
    this.#outage = outage?.message;
  }
}

function firstOutage(outcomes: Iterable<Outcome>): Extract<Outcome, { readonly kind: 'failed' }> | undefined {
  for (const outcome of outcomes) if (isOutage(outcome)) return outcome;
  return undefined;
}

function isOutage(outcome: Outcome): outcome is Extract<Outcome, { readonly kind: 'failed' }> {
  return outcome.kind === 'failed' && outcome.fault.code !== 'datadog.rejected';
}
