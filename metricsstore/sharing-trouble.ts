import type { Fault } from '../core/fault.js';
import type { Logger } from '../core/log.js';

/** What keeps the metrics from being shared with the other replicas: logged on change only, and told as long as it lasts. */
export class SharingTrouble {
  readonly #log: Logger;
  #failures = 0;
  #detail: string | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** In a row. */
  get failures(): number {
    return this.#failures;
  }

  /** The present trouble, for the health. */
  get detail(): string | undefined {
    return this.#detail;
  }

  /** How the last attempt ended; `undefined` for well. */
  settle(fault: Fault | undefined): void {
    this.#failures = fault === undefined ? 0 : this.#failures + 1;
    if (fault !== undefined && this.#detail === undefined) {
      this.#log.warn(
        { code: fault.code, detail: fault.message },
        'the metrics could not be written to their ConfigMaps; retrying',
      );
    }
    if (fault === undefined && this.#detail !== undefined)
      this.#log.info({}, 'the metrics are written to their ConfigMaps again');
    this.#detail =
      fault === undefined
        ? undefined
        : `the metrics could not be shared with the other replicas: ${fault.message}`;
  }
}
