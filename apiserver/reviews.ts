import { type Clock, deadline } from '../core/clock.js';
import { Fault } from '../core/fault.js';
import { fail, type Result } from '../core/result.js';
import { createTtlCache } from '../core/ttl-cache.js';

/** One answer of the cluster's to a question that many requests ask. */
interface Held<T> {
  readonly value: T;
}

type Answer<T> = Result<T, Fault>;

/**
 * Questions put to the cluster, each once at a time and with its answer kept for a while. A failed question is not
 * kept: the next request asks anew. Those who wait share one call, which nobody's disconnection ends.
 */
export class Reviews<T> {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #held;
  readonly #underWay = new Map<string, Promise<Answer<T>>>();

  constructor(
    clock: Clock,
    options: { readonly max: number; readonly ttlMs: number; readonly timeoutMs: number },
  ) {
    this.#clock = clock;
    this.#timeoutMs = options.timeoutMs;
    this.#held = createTtlCache<Held<T>>(clock, options);
  }

  /** The answer if it is at hand. */
  known(question: string): Held<T> | undefined {
    return this.#held.get(question);
  }

  /**
   * The answer, by asking if need be.
   *
   * @param isKept whether the answer may be kept; without it only those who ask at the same time share it
   */
  async answer(
    question: string,
    isKept: boolean,
    ask: (signal: AbortSignal) => Promise<Answer<T>>,
  ): Promise<Answer<T>> {
    const underWay = this.#underWay.get(question);
    if (underWay !== undefined) return underWay;
    const call = this.#call(ask);
    this.#underWay.set(question, call);
    try {
      const answer = await call;
      if (answer.ok && isKept) this.#held.set(question, { value: answer.value });
      return answer;
    } finally {
      this.#underWay.delete(question);
    }
  }

  /** Ends in time even if `ask` does not heed its signal. */
  async #call(ask: (signal: AbortSignal) => Promise<Answer<T>>): Promise<Answer<T>> {
    // A parent of its own: one that outlives the calls would collect a reference from each.
    const { signal, release } = deadline(this.#clock, this.#timeoutMs, new AbortController().signal);
    const tooLate = new Promise<Answer<T>>((resolve) => {
      const fault = new Fault('server.timeout', `the API server gave no answer within ${this.#timeoutMs} ms`);
      signal.addEventListener('abort', () => resolve(fail(fault)), { once: true });
    });
    try {
      return await Promise.race([ask(signal), tooLate]);
    } finally {
      release();
    }
  }
}
