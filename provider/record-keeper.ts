import type { Clock } from '../core/clock.js';
import type { HeldRecord, MetricId, MetricRecord } from '../core/metric.js';
import type { Pace, Steps } from '../core/pace.js';
import { type Judging, judge } from './judge.js';
import type { DatadogQuery } from './query.js';
import type { Outcome } from './reading.js';
import type { Want } from './wants.js';

/** All records of the next moment, while they are being made. */
export interface RecordDraft {
  /** What is known so far. */
  before(id: MetricId): MetricRecord | undefined;
  put(id: MetricId, record: MetricRecord): void;
  /** Takes the place of what is known so far, whole; `false`: that has changed meanwhile, and the draft is worth nothing. */
  commit(): boolean;
}

export interface RecordSink {
  get(id: MetricId): HeldRecord | undefined;
  draft(): RecordDraft;
}

export interface RecordKeeperPorts {
  readonly sink: RecordSink;
  readonly clock: Clock;
  readonly pace: Pace;
}

/** How many records there are, by what they say. */
export interface RecordCount {
  readonly all: number;
  readonly valid: number;
  readonly pending: number;
}

/** Brings the records to be just those of what is wanted, judged by what is known of their queries. */
export class RecordKeeper {
  readonly #ports: RecordKeeperPorts;
  readonly #maxAgeMs: number;

  constructor(ports: RecordKeeperPorts, options: { readonly maxAgeMs: number }) {
    this.#ports = ports;
    this.#maxAgeMs = options.maxAgeMs;
  }

  /**
   * Judges all wants, and swaps the records in when all are judged.
   *
   * @param mayStore asked before that; `undefined` is answered, and nothing has changed, when it says no
   */
  async keep(
    wants: readonly Want[],
    outcomeOf: (query: DatadogQuery) => Outcome | undefined,
    mayStore: () => boolean,
  ): Promise<RecordCount | undefined> {
    const { sink, clock, pace } = this.#ports;
    while (mayStore()) {
      const draft = sink.draft();
      const judging = { nowMs: clock.nowMs(), maxAgeMs: this.#maxAgeMs };
      const count = await pace.run(judgeAll(wants, draft, outcomeOf, judging));
      if (mayStore() && draft.commit()) return count;
    }
    return undefined;
  }
}

function* judgeAll(
  wants: readonly Want[],
  draft: RecordDraft,
  outcomeOf: (query: DatadogQuery) => Outcome | undefined,
  judging: Judging,
): Steps<RecordCount> {
  let valid = 0;
  let pending = 0;
  for (const want of wants) {
    const outcome = want.ask.kind === 'query' ? outcomeOf(want.ask.query) : undefined;
    const record = judge(want, draft.before(want.id), outcome, judging);
    draft.put(want.id, record);
    if (record.state === 'valid') valid += 1;
    if (record.state === 'pending') pending += 1;
    yield;
  }
  return { all: wants.length, valid, pending };
}
