import { setTimeout as sleep } from 'node:timers/promises';
import { toRequest } from '../shared/connection.js';
import type { ConnectionPool } from '../shared/connection-pool.js';
import { faultIn, type Question } from './question.js';

/** What came of many requests; the three lists hold one figure for each, in the order in which they were due. */
export interface Course {
  /** Milliseconds since the epoch, so that other processes can compare it. */
  readonly dueAtMs: Float64Array;
  /** From the instant at which it was due until its answer was there. */
  readonly tookMs: Float64Array;
  /** By how much this process itself was late to begin with it: that much of `tookMs` is not the server's. */
  readonly lateMs: Float64Array;
  /** Until the last answer. */
  readonly seconds: number;
  readonly wrong: number;
  /** The first few of them. */
  readonly faults: readonly string[];
  readonly renewedConnections: number;
}

/** Answers that were counted, without their times. */
export interface Ceiling {
  readonly answered: number;
  readonly seconds: number;
  readonly wrong: number;
  readonly faults: readonly string[];
}

const maxFaults = 5;

/** Asks questions in turn and judges the answers. */
export class Load {
  readonly #pool: ConnectionPool;
  readonly #questions: readonly { readonly question: Question; readonly request: string }[];
  readonly #bodyEach: number;
  #asked = 0;
  #wrong = 0;
  #faults: string[] = [];

  /** One body in `bodyEach` is compared with what is expected; all statuses are. */
  constructor(
    ports: { readonly pool: ConnectionPool },
    options: { readonly questions: readonly Question[]; readonly token: string; readonly bodyEach: number },
  ) {
    this.#pool = ports.pool;
    this.#questions = options.questions.map((question) => ({
      question,
      request: toRequest(question.path, options.token),
    }));
    this.#bodyEach = options.bodyEach;
  }

  /** Each request is due at its own fixed instant, whatever became of those before: a server that stalls is seen. */
  async steady(ratePerSecond: number, seconds: number): Promise<Course> {
    const count = Math.round(ratePerSecond * seconds);
    const dueAtMs = new Float64Array(count);
    const tookMs = new Float64Array(count);
    const lateMs = new Float64Array(count);
    const startedAtMs = performance.now();
    const ask = async (index: number): Promise<void> => {
      const dueMs = startedAtMs + (index * 1000) / ratePerSecond;
      dueAtMs[index] = performance.timeOrigin + dueMs;
      lateMs[index] = performance.now() - dueMs;
      await this.#ask();
      tookMs[index] = performance.now() - dueMs;
    };
    const all: Promise<void>[] = [];
    while (all.length < count) {
      const due = Math.min(count, Math.floor(((performance.now() - startedAtMs) * ratePerSecond) / 1000) + 1);
      while (all.length < due) all.push(ask(all.length));
      await sleep(1);
    }
    await Promise.all(all);
    return { dueAtMs, tookMs, lateMs, ...this.#end(startedAtMs), renewedConnections: this.#pool.renewed };
  }

  /** `askers` ask without a pause, each its next question as soon as it has the answer to the last. */
  async ceiling(askers: number, seconds: number): Promise<Ceiling> {
    const startedAtMs = performance.now();
    const before = this.#asked;
    const askOnAndOn = async (): Promise<void> => {
      while (performance.now() - startedAtMs < seconds * 1000) await this.#ask();
    };
    await Promise.all(Array.from({ length: askers }, askOnAndOn));
    return { answered: this.#asked - before, ...this.#end(startedAtMs) };
  }

  async #ask(): Promise<void> {
    const number = this.#asked;
    this.#asked += 1;
    const next = this.#questions[number % this.#questions.length];
    if (next === undefined) throw new RangeError('there is nothing to ask');
    const answer = await this.#pool.ask(next.request);
    const fault = faultIn(next.question, answer, number % this.#bodyEach === 0);
    if (fault === undefined) return;
    this.#wrong += 1;
    if (this.#faults.length < maxFaults) this.#faults.push(fault);
  }

  #end(startedAtMs: number): Pick<Course, 'seconds' | 'wrong' | 'faults'> {
    const result = {
      seconds: (performance.now() - startedAtMs) / 1000,
      wrong: this.#wrong,
      faults: this.#faults,
    };
    this.#wrong = 0;
    this.#faults = [];
    return result;
  }
}
