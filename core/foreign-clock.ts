import type { Clock } from './clock.js';

/** Two clocks that differ by no more are the same: machines are never quite in step, and `Date` knows whole seconds. */
export const clockToleranceMs = 5_000;

/** Later than `fromMs` and earlier than `untilMs`, both relative to our monotonic clock. */
interface Bounds {
  readonly fromMs: number;
  readonly untilMs: number;
}

/**
 * Another machine's clock, known by the `Date` of its answers. Between two answers it goes on by our monotonic clock,
 * so that a step of our wall clock does not move it.
 */
export class ForeignClock {
  /** Whose it is, for messages: `Datadog's`. */
  readonly whose: string;
  readonly #clock: Clock;
  #bounds: Bounds | undefined;
  #ownOffsetMs = 0;

  constructor(ports: { readonly clock: Clock }, options: { readonly whose: string }) {
    this.#clock = ports.clock;
    this.whose = options.whose;
  }

  /**
   * Takes in an answer that comes now. Its `Date` was written after the request was sent and has no fractions; one
   * that a cache kept (`Age`) says nothing.
   */
  observe(headers: Readonly<Record<string, string | string[] | undefined>>, sentAtMonotonicMs: number): void {
    const { date, age } = headers;
    const dateMs = typeof date === 'string' ? Date.parse(date) : Number.NaN;
    if (Number.isNaN(dateMs) || age !== undefined) return;
    const seen = { fromMs: dateMs - this.#clock.monotonicMs(), untilMs: dateMs + 1_000 - sentAtMonotonicMs };
    const both = this.#bounds === undefined ? seen : intersection(this.#bounds, seen);
    this.#bounds = both.fromMs <= both.untilMs ? both : seen;
    this.#ownOffsetMs = this.#offsetMs();
  }

  /** Its time; `undefined` before its first answer. On the late side, so that nothing seems younger than it is. */
  nowMs(): number | undefined {
    return this.#bounds && this.#bounds.untilMs + this.#clock.monotonicMs();
  }

  /** How far our wall clock is ahead of it, behind when negative; 0 while they are the same or it is unknown. */
  aheadMs(): number {
    if (this.#bounds === undefined) return 0;
    const offsetMs = this.#offsetMs();
    const aheadMs =
      Math.max(0, offsetMs - this.#bounds.untilMs) + Math.min(0, offsetMs - this.#bounds.fromMs);
    return Math.abs(aheadMs) > clockToleranceMs ? aheadMs : 0;
  }

  /** Whether our wall clock has not stepped since its last answer. */
  isHeardSinceStep(): boolean {
    return this.#bounds !== undefined && Math.abs(this.#offsetMs() - this.#ownOffsetMs) <= clockToleranceMs;
  }

  #offsetMs(): number {
    return this.#clock.nowMs() - this.#clock.monotonicMs();
  }
}

function intersection(one: Bounds, other: Bounds): Bounds {
  return {
    fromMs: Math.max(one.fromMs, other.fromMs),
    untilMs: Math.min(one.untilMs, other.untilMs),
  };
}
