import { type BackoffBounds, backoffMs } from './backoff.js';
import type { Clock } from './clock.js';
import type { Fault } from './fault.js';
import type { Logger } from './log.js';

export interface OutagePorts {
  readonly clock: Clock;
  readonly log: Logger;
  /** A number in [0, 1), for jitter. */
  readonly random: () => number;
}

export interface OutageOptions {
  /** What does not work, for the log: "cannot list autoscalers". */
  readonly trouble: string;
  /** What works again, for the log. */
  readonly recovered: string;
  /** How many failures in a row are routine and not worth a line. */
  readonly quietFailures: number;
}

/** Within a second of a short fault, and never longer than half a minute after a long one. */
const retryBounds: BackoffBounds = { firstMs: 500, capMs: 30_000 };

/**
 * One thing that can go wrong again and again: it waits longer after each failure in a row, and speaks in the
 * log when the trouble begins, when it becomes another one, and when it is over; never at each attempt.
 */
export class Outage {
  readonly #ports: OutagePorts;
  readonly #options: OutageOptions;
  #failures = 0;
  #said: string | undefined;

  constructor(ports: OutagePorts, options: OutageOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  get failures(): number {
    return this.#failures;
  }

  /** The trouble that the log was told of and that is not over. */
  get trouble(): string | undefined {
    return this.#said;
  }

  /** Counts a failure and waits before the next attempt: at least what the server asked for, at most 30 s. */
  async pause(fault: Fault, signal: AbortSignal): Promise<void> {
    this.#failures += 1;
    if (this.#failures > this.#options.quietFailures) this.tell(fault);
    const askedMs = Math.min((fault.retryAfterSeconds ?? 0) * 1000, retryBounds.capMs);
    const ownMs = backoffMs(this.#failures, retryBounds, this.#ports.random());
    await this.#ports.clock.sleep(Math.max(ownMs, askedMs), signal);
  }

  /** Speaks of a failure that is not routine, however few there were. */
  tell(fault: Fault): void {
    if (this.#said === fault.message) return;
    this.#said = fault.message;
    this.#ports.log.warn(
      { code: fault.code, reason: fault.message },
      `${this.#options.trouble}; trying again`,
    );
  }

  /** It worked. */
  over(): void {
    if (this.#said !== undefined) {
      this.#ports.log.info({ failures: this.#failures }, this.#options.recovered);
    }
    this.#failures = 0;
    this.#said = undefined;
  }
}
