import { setTimeout as sleep } from 'node:timers/promises';
import type { MetricReader } from './metric-reader.js';

/** Reads at a steady pace; each request is due at its own instant, whatever became of those before. */
export interface PacedCourse {
  /** Milliseconds since the epoch. */
  readonly dueAtMs: Float64Array;
  readonly tookMs: Float64Array;
  readonly wrong: number;
  readonly faults: readonly string[];
}

export interface PacingOptions {
  readonly perSecond: number;
  /** The metrics that are read, by turns. */
  readonly indexes: readonly number[];
}

const maxFaults = 3;

/** Reads on and on at a steady pace. */
export class Pacing {
  readonly #reader: MetricReader;
  readonly #dueAtMs: number[] = [];
  readonly #tookMs: number[] = [];
  readonly #faults: string[] = [];
  #wrong = 0;
  #isOn = true;
  readonly #ended: Promise<void>;

  constructor(reader: MetricReader, options: PacingOptions) {
    this.#reader = reader;
    this.#ended = this.#run(options);
  }

  async stop(): Promise<PacedCourse> {
    this.#isOn = false;
    await this.#ended;
    this.#reader.close();
    return {
      dueAtMs: Float64Array.from(this.#dueAtMs),
      tookMs: Float64Array.from(this.#tookMs),
      wrong: this.#wrong,
      faults: this.#faults,
    };
  }

  async #run({ perSecond, indexes }: PacingOptions): Promise<void> {
    const startedAtMs = performance.now();
    const under: Promise<void>[] = [];
    while (this.#isOn) {
      const due = Math.floor(((performance.now() - startedAtMs) * perSecond) / 1_000) + 1;
      while (under.length < due) {
        const index = indexes[under.length % indexes.length] ?? 0;
        under.push(this.#ask(index, startedAtMs + (under.length * 1_000) / perSecond, under.length));
      }
      await sleep(1);
    }
    await Promise.all(under);
  }

  async #ask(index: number, dueMs: number, at: number): Promise<void> {
    const { fault } = await this.#reader.timeOf(index);
    this.#dueAtMs[at] = performance.timeOrigin + dueMs;
    this.#tookMs[at] = performance.now() - dueMs;
    if (fault === undefined) return;
    this.#wrong += 1;
    if (this.#faults.length < maxFaults) this.#faults.push(fault);
  }
}
