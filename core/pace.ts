import type { Clock } from './clock.js';

/** Long work that can be done piece by piece: it yields after each small piece, and returns what it made. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** Does long work in such a way that others have their turn meanwhile: by its end everything else may have changed. */
export interface Pace {
  run<T>(work: Steps<T>): Promise<T>;
}

/** Does all of the work now. */
export function atOnce<T>(work: Steps<T>): T {
  let step = work.next();
  while (step.done !== true) step = work.next();
  return step.value;
}

/** The longest that answers should wait for work that nobody waits for. */
const sliceMs = 5;

/** Works for some milliseconds at a time, and lets the event loop go round in between. All long work shares them. */
export class Slices implements Pace {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #goRound: () => Promise<void>;
  #endsAtMs = Number.NEGATIVE_INFINITY;

  /** @param ports `goRound` resolves when all that was ready has had its turn */
  constructor(ports: { readonly clock: Pick<Clock, 'monotonicMs'>; readonly goRound: () => Promise<void> }) {
    this.#clock = ports.clock;
    this.#goRound = ports.goRound;
  }

  async run<T>(work: Steps<T>): Promise<T> {
    while (true) {
      if (this.#clock.monotonicMs() >= this.#endsAtMs) {
        await this.#goRound();
        this.#endsAtMs = this.#clock.monotonicMs() + sliceMs;
      }
      const step = work.next();
      if (step.done === true) return step.value;
    }
  }
}

/** Things that came together and cost milliseconds each: one goes on in each turn of the event loop. */
export class Turns {
  readonly #goRound: () => Promise<void>;
  #last: Promise<void> = Promise.resolve();

  constructor(ports: { readonly goRound: () => Promise<void> }) {
    this.#goRound = ports.goRound;
  }

  /** Resolves when it is the caller's turn, in the order of calling. */
  take(): Promise<void> {
    this.#last = this.#last.then(this.#goRound);
    return this.#last;
  }
}

/** One turn of the event loop: requests that have come are answered before it is over. */
export function turnOfEventLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
