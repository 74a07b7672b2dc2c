import type { Clock } from '../../../../core/clock.js';

interface Event {
  readonly atMs: number;
  readonly run: () => void;
}

/** One time for a whole simulated world, which moves from event to event. */
export class SimulatedTime {
  #nowMs = 0;
  #events: Event[] = [];
  /** How many events there have been. */
  steps = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Answers how to take the event back. */
  at(atMs: number, run: () => void): () => void {
    const event = { atMs: Math.max(atMs, this.#nowMs), run };
    const later = this.#events.findIndex((other) => other.atMs > event.atMs);
    this.#events.splice(later === -1 ? this.#events.length : later, 0, event);
    return () => {
      const index = this.#events.indexOf(event);
      if (index !== -1) this.#events.splice(index, 1);
    };
  }

  /** Runs all events up to an instant, with `check` after what each has set in motion. */
  async runUntil(endMs: number, check: () => void): Promise<void> {
    for (;;) {
      const next = this.#events[0];
      if (next === undefined || next.atMs > endMs) break;
      this.#events.shift();
      this.#nowMs = next.atMs;
      this.steps += 1;
      next.run();
      // Everything in this world waits for promises alone, and all of those are done before the next immediate.
      await new Promise((resolve) => setImmediate(resolve));
      check();
    }
    this.#nowMs = endMs;
    check();
  }
}

/** A process with clocks of its own, which may be stopped for a while: nothing of it runs, and time goes on. */
export class SimulatedProcess {
  readonly #time: SimulatedTime;
  /** How fast its clocks go. */
  readonly #rate: number;
  wallOffsetMs = 0;
  isDead = false;
  #pausedUntilMs = 0;
  #waiting: (() => void)[] = [];

  constructor(time: SimulatedTime, rate: number) {
    this.#time = time;
    this.#rate = rate;
  }

  /** Stops it; what reaches it meanwhile waits, in order. */
  pause(untilMs: number): void {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, untilMs);
    this.#time.at(this.#pausedUntilMs, () => {
      if (this.#time.nowMs < this.#pausedUntilMs) return;
      for (const run of this.#waiting.splice(0)) this.deliver(run);
    });
  }

  /** Something from outside: lost on the dead, late for the stopped. */
  deliver(run: () => void): void {
    if (this.isDead) return;
    if (this.#time.nowMs < this.#pausedUntilMs) this.#waiting.push(run);
    else run();
  }

  get isPaused(): boolean {
    return this.#time.nowMs < this.#pausedUntilMs;
  }

  clock(): Clock {
    const time = this.#time;
    return {
      nowMs: () => Date.UTC(2026, 0, 1) + time.nowMs + this.wallOffsetMs,
      monotonicMs: () => time.nowMs * this.#rate,
      sleep: (ms, signal) =>
        new Promise((resolve) => {
          if (signal.aborted) return resolve();
          const done = (): void => {
            signal.removeEventListener('abort', leave);
            resolve();
          };
          const cancel = time.at(time.nowMs + ms / this.#rate, () => this.deliver(done));
          const leave = (): void => {
            cancel();
            resolve();
          };
          signal.addEventListener('abort', leave, { once: true });
        }),
    };
  }
}
