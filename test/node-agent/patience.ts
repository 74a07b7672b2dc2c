import type { Clock } from '../../core/clock.js';
import { linkAbort } from '../../core/linked-abort.js';

/** The limits of one piece of work: the first that is passed aborts all of it. */
export interface Patience {
  readonly signal: AbortSignal;
  /** Starts a limit, where there is one; the answer ends it. */
  allow(ms: number | undefined, what: string): () => void;
  /** To be called when the work has ended. */
  release(): void;
}

/** Work that ends with `parent` too. */
export function createPatience(clock: Clock, parent: AbortSignal): Patience {
  const own = linkAbort(parent);
  return {
    signal: own.signal,
    allow(ms, what) {
      const ended = new AbortController();
      if (ms !== undefined)
        void clock.sleep(ms, ended.signal).then(() => {
          if (!ended.signal.aborted) own.abort(new Error(`no ${what} within ${ms} ms`));
        });
      return () => ended.abort();
    },
    release: () => own.release(),
  };
}
