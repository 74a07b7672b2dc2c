import type { Clock } from '../core/clock.js';

/** A wait that can be cut short. A ring while nobody waits is kept for the next wait; several count as one. */
export class Alarm {
  readonly #clock: Clock;
  #hasRung = false;
  #wake: AbortController | undefined;

  constructor(ports: { readonly clock: Clock }) {
    this.#clock = ports.clock;
  }

  ring(): void {
    this.#hasRung = true;
    this.#wake?.abort();
  }

  /** Resolves after `ms`, at a ring, or when `signal` aborts, whichever is first. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    if (!this.#hasRung && !signal.aborted) {
      const wake = new AbortController();
      const stop = (): void => wake.abort();
      this.#wake = wake;
      signal.addEventListener('abort', stop, { once: true });
      await this.#clock.sleep(ms, wake.signal);
      signal.removeEventListener('abort', stop);
    }
    this.#hasRung = false;
  }
}
