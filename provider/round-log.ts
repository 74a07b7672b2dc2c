import type { Logger } from '../core/log.js';
import type { DatadogQuery } from './query.js';
import type { Outcome } from './reading.js';

/** Tells the log how rounds end: an outage once when it begins and when it is over, a refused query once. */
export class RoundLog {
  readonly #log: Logger;
  #outage: string | undefined;
  #refused: ReadonlySet<DatadogQuery> = new Set();

  constructor(log: Logger) {
    this.#log = log;
  }

  tell(outcomes: ReadonlyMap<DatadogQuery, Outcome>): void {
    if (outcomes.size === 0) return;
    const failed = [...outcomes].flatMap(([query, outcome]) =>
      outcome.kind === 'failed' ? [{ query, fault: outcome.fault }] : [],
    );
    const outage = failed.find(({ fault }) => fault.code !== 'datadog.rejected')?.fault;
    if (outage !== undefined && outage.message !== this.#outage) {
      this.#log.warn(
        { code: outage.code, detail: outage.message },
        'Datadog could not be asked; the last values are served until they are too old',
      );
    }
    if (outage === undefined && this.#outage !== undefined) this.#log.info({}, 'Datadog answers again');
    this.#outage = outage?.message;
    for (const { query, fault } of failed) {
      if (fault.code === 'datadog.rejected' && !this.#refused.has(query)) {
        this.#log.warn(
          { query, detail: fault.message },
          'Datadog refuses a query; it is asked again alone, ever more rarely',
        );
      }
    }
    this.#refused = this.#nextRefused(outcomes);
  }

  #nextRefused(outcomes: ReadonlyMap<DatadogQuery, Outcome>): ReadonlySet<DatadogQuery> {
    const refused = new Set(this.#refused);
    for (const [query, outcome] of outcomes) {
      if (outcome.kind === 'failed' && outcome.fault.code === 'datadog.rejected') refused.add(query);
      if (outcome.kind === 'read') refused.delete(query);
    }
    return refused;
  }
}
