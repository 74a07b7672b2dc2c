import type { Clock } from '../core/clock.js';
import { linkAbort } from '../core/linked-abort.js';

/** A signal that aborts with its parent, or when nothing was heard for a time. */
export interface TimeLimit {
  readonly signal: AbortSignal;
  /** Whether it was time, and not the parent, that aborted. */
  readonly hasExpired: () => boolean;
  /** Begins the time anew. Where it is never called, the limit is a plain deadline. */
  readonly heard: () => void;
  /** Must be called when the work has ended; otherwise the parent holds on to this limit. */
  readonly release: () => void;
}

/** Starts the time. */
export function startTimeLimit(clock: Clock, ms: number, parent: AbortSignal): TimeLimit {
  const own = linkAbort(parent);
  const released = new AbortController();
  let lastHeardMs = clock.monotonicMs();
  let hasExpired = false;

  const release = (): void => {
    own.release();
    released.abort();
  };
  const watch = async (): Promise<void> => {
    while (!released.signal.aborted) {
      const leftMs = lastHeardMs + ms - clock.monotonicMs();
      if (leftMs <= 0) {
        hasExpired = true;
        own.abort(new Error(`nothing within ${ms} ms`));
        return;
      }
      await clock.sleep(leftMs, released.signal);
    }
  };

  void watch();
  return {
    signal: own.signal,
    hasExpired: () => hasExpired,
    heard: () => {
      lastHeardMs = clock.monotonicMs();
    },
    release,
  };
}
