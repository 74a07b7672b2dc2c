import { linkAbort } from './linked-abort.js';

/** Time, passed in. Unit tests drive it by hand; nothing else in the product reads a clock. */
export interface Clock {
  /** Wall time in milliseconds since the epoch. It may step in either direction; compare it with foreign timestamps only. */
  nowMs(): number;
  /** Milliseconds since some fixed instant of this process; it never steps back. Measure waits and leases with it. */
  monotonicMs(): number;
  /** Resolves after `ms`, or at once when `signal` aborts. It never rejects: callers look at the signal. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** A moment, as a clock told it: for what is judged of many things together. */
export type Instant = Pick<Clock, 'nowMs' | 'monotonicMs'>;

/** The clock as it stands now: it is asked once, however many things are judged by it. */
export function instantOf(clock: Instant): Instant {
  const [nowMs, monotonicMs] = [clock.nowMs(), clock.monotonicMs()];
  return { nowMs: () => nowMs, monotonicMs: () => monotonicMs };
}

/** Node clamps longer timers to 1 ms. */
const longestTimerMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, Math.min(Math.max(0, ms), longestTimerMs));
      signal.addEventListener('abort', done, { once: true });
    }),
};

/** Runs `task` now and then again `periodMs` after each end, until `signal` aborts. `task` handles its own faults. */
export async function every(
  clock: Clock,
  periodMs: number,
  task: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await task();
    await clock.sleep(periodMs, signal);
  }
}

/** A signal that aborts after `ms` or with `parent`, whichever is first. Call `release` when the work has ended. */
export function deadline(
  clock: Clock,
  ms: number,
  parent: AbortSignal,
): { readonly signal: AbortSignal; readonly release: () => void } {
  const own = linkAbort(parent);
  const stop = new AbortController();
  void clock.sleep(ms, stop.signal).then(() => {
    if (!stop.signal.aborted) own.abort(new Error(`no answer within ${ms} ms`));
  });
  return {
    signal: own.signal,
    release: () => {
      own.release();
      stop.abort();
    },
  };
}
