import type { Clock } from './clock.js';
import { linkAbort } from './linked-abort.js';

/** Lets a loop sleep until a moment or until somebody has news for it, whichever is first. News is never lost. */
export class Wake {
  #pending = false;
  #ring: (() => void) | undefined;

  /** Says that there is news: ends the present wait, or makes the next one end at once. */
  wake(): void {
    this.#pending = true;
    this.#ring?.();
  }

  /** Resolves on news, after `ms`, or when `signal` aborts. Takes the news. */
  async wait(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
    if (!this.#pending && !signal.aborted) {
      const waiting = linkAbort(signal);
      this.#ring = () => waiting.abort();
      await clock.sleep(ms, waiting.signal);
      waiting.release();
      this.#ring = undefined;
    }
    this.#pending = false;
  }
}
