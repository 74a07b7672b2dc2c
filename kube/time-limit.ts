import type { Clock } from '../core/clock.js';

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

/**
 * Starts the time. The parent is followed by a listener which `release` takes away: `AbortSignal.any` on a
 * parent that lives as long as the process keeps some bytes of each call for ever (seen on Node 20).
 */
export function startTimeLimit(clock: Clock, ms: number, parent: AbortSignal): TimeLimit {
  const own = new AbortController();
  const released = new AbortController();
  let lastHeardMs = clock.monotonicMs();
  let hasExpired = false;
  const follow = (): void => own.abort(parent.reason);

  const release = (): void => {
    parent.removeEventListener('abort', follow);
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

  if (parent.aborted) follow();
  else parent.addEventListener('abort', follow, { once: true });
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
