import type { Clock } from '../core/clock.js';

interface Sleeper {
  readonly wakeAtMs: number;
  readonly wake: () => void;
}

/** A clock that moves only when told. `stepWall` sets the wall clock without time passing, as an administrator would. */
export class FakeClock implements Clock {
  #wallMs: number;
  #monotonicMs = 0;
  #sleepers: Sleeper[] = [];

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#wallMs = startMs;
  }

  nowMs(): number {
    return this.#wallMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const leave = (): void => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        resolve();
      };
      const wake = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const sleeper: Sleeper = { wakeAtMs: this.#monotonicMs + ms, wake };
      this.#sleepers.push(sleeper);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  /** How many sleeps are under way; a test may wait for this to know that a loop is at rest. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  stepWall(ms: number): void {
    this.#wallMs += ms;
  }

  /** Lets `ms` pass, waking sleepers in order and letting each do its work before the next. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#monotonicMs + ms;
    await settle();
    while (true) {
      const next = this.#sleepers.reduce<Sleeper | undefined>(
        (first, sleeper) => (first === undefined || sleeper.wakeAtMs < first.wakeAtMs ? sleeper : first),
        undefined,
      );
      if (next === undefined || next.wakeAtMs > endMs) break;
      this.#sleepers = this.#sleepers.filter((sleeper) => sleeper !== next);
      this.#pass(Math.max(0, next.wakeAtMs - this.#monotonicMs));
      next.wake();
      await settle();
    }
    this.#pass(endMs - this.#monotonicMs);
    await settle();
  }

  #pass(ms: number): void {
    this.#monotonicMs += ms;
    this.#wallMs += ms;
  }
}

/** Lets all promises that are ready run to their next wait. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
