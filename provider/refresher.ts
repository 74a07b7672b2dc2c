import type { Clock } from '../core/clock.js';
import type { Component, Health } from '../core/component.js';
import { Fault } from '../core/fault.js';
import type { Logger } from '../core/log.js';
import { type HeldRecord, lastPointOf, type MetricId, type MetricRecord } from '../core/metric.js';
import { fail, type Result } from '../core/result.js';
import type { Registry } from '../core/telemetry.js';
import { Wake } from '../core/wake.js';
import { type AgendaOptions, nextStep } from './agenda.js';
import type { Ask } from './isolate.js';
import { effectiveMaxAgeMs, judge } from './judge.js';
import type { DatadogQuery } from './query.js';
import type { Outcome, Reading } from './reading.js';
import { type RefreshReport, RefreshTally } from './refresh-tally.js';
import { askRound, type RoundLimits, type RoundQueries } from './round.js';
import { RoundLog } from './round-log.js';
import { Suspects } from './suspects.js';
import type { Want } from './wants.js';

export interface WantedSet {
  list(): readonly Want[];
  hasSynced(): boolean;
  onChange(listener: () => void): () => void;
}

/** One call to Datadog. Queries without a series are absent from the map. */
export interface PointSource {
  latest(
    queries: readonly DatadogQuery[],
    signal: AbortSignal,
  ): Promise<Result<ReadonlyMap<DatadogQuery, Reading>, Fault>>;
}

export interface RecordSink {
  get(id: MetricId): HeldRecord | undefined;
  replace(records: ReadonlyMap<MetricId, MetricRecord>): void;
}

export interface Leadership {
  isLeader(): boolean;
  onChange(listener: () => void): () => void;
}

/** Whether the records have been filled with what the last leader left. */
export interface Priming {
  isPrimed(): boolean;
  onPrimed(listener: () => void): () => void;
}

export interface RefresherPorts {
  readonly priming: Priming;
  readonly wants: WantedSet;
  readonly points: PointSource;
  readonly sink: RecordSink;
  readonly leadership: Leadership;
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: Registry;
  readonly random: () => number;
}

export interface RefresherOptions extends AgendaOptions, RoundLimits {
  readonly maxAgeSeconds: number;
  readonly rollupSeconds: number;
}

/** A new leader waits so long, and no longer, for what the last one left. */
const primingMs = 10_000;
/** Readiness waits so long, and no longer, for the first refresh: an outage of Datadog's must not take the API away. */
const firstRefreshMs = 30_000;
/** Changes of what is wanted are taken in at most so often: each costs a look at all of it. */
const burstMs = 100;
/** A follower looks up so often, besides being woken; it only bounds a missed wake. */
const idleMs = 5_000;

/** Keeps the records of all that is wanted current, while this replica leads. */
export class Refresher implements Component {
  readonly name = 'refresher';
  readonly #ports: RefresherPorts;
  readonly #options: RefresherOptions;
  readonly #wake = new Wake();
  readonly #suspects = new Suspects();
  readonly #roundLog: RoundLog;
  readonly #tally: RefreshTally;
  #lastFullAtMs: number | undefined;
  #lastNewAtMs: number | undefined;
  #newSinceMs: number | undefined;
  #wantsChanged = true;
  #keptInStepAtMs = Number.NEGATIVE_INFINITY;
  #startedAtMs = 0;
  #lastTurnAtMs = 0;
  #hasRefreshed = false;

  constructor(ports: RefresherPorts, options: RefresherOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#roundLog = new RoundLog(ports.log);
    this.#tally = new RefreshTally(ports);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { wants, leadership, clock, priming } = this.#ports;
    this.#startedAtMs = clock.monotonicMs();
    const wake = (): void => this.#wake.wake();
    const wakeForWants = (): void => {
      this.#wantsChanged = true;
      this.#wake.wake();
    };
    const stops = [wants.onChange(wakeForWants), leadership.onChange(wake), priming.onPrimed(wake)];
    while (!signal.aborted) {
      this.#lastTurnAtMs = clock.monotonicMs();
      const waitMs = await this.#turn(signal);
      await this.#wake.wait(waitMs, clock, signal);
    }
    for (const stop of stops) stop();
  }

  health(): Health {
    const { clock, leadership } = this.#ports;
    const silentMs = clock.monotonicMs() - this.#lastTurnAtMs;
    const allowedMs = Math.max(180_000, 6 * this.#options.refreshPeriodMs);
    if (silentMs > allowedMs)
      return { state: 'stuck', detail: `no refresh for ${Math.round(silentMs / 1000)} s` };
    if (leadership.isLeader() && !this.#hasRefreshed) {
      const detail = 'the first refresh has not ended';
      const hasWaited = clock.monotonicMs() - this.#startedAtMs > firstRefreshMs;
      return { state: hasWaited ? 'degraded' : 'starting', detail };
    }
    return { state: 'ready' };
  }

  /** The last refresh that this replica made as the leader; `undefined` before. */
  lastRefresh(): RefreshReport | undefined {
    return this.#tally.last();
  }

  /** One look at the agenda; answers how long nothing is to do. */
  async #turn(signal: AbortSignal): Promise<number> {
    const { wants, leadership, clock } = this.#ports;
    if (!leadership.isLeader() || !wants.hasSynced() || !this.#mayBegin()) {
      if (this.#lastFullAtMs !== undefined) this.#tally.notLeading();
      this.#lastFullAtMs = undefined;
      this.#wantsChanged = true;
      return Math.min(idleMs, this.#primingLeftMs() || idleMs);
    }
    const keepInMs = this.#keepInStep();
    if (keepInMs > 0) return keepInMs;
    const agenda = {
      lastFullAtMs: this.#lastFullAtMs,
      lastNewAtMs: this.#lastNewAtMs,
      newSinceMs: this.#newSinceMs,
    };
    const step = nextStep(agenda, this.#options, clock.monotonicMs());
    const waitMs = step.atMs - clock.monotonicMs();
    if (waitMs > 0) return Math.min(waitMs, idleMs);
    await this.tick(step.scope, signal);
    return 0;
  }

  #mayBegin(): boolean {
    return this.#ports.priming.isPrimed() || this.#primingLeftMs() === 0;
  }

  #primingLeftMs(): number {
    return Math.max(0, this.#startedAtMs + primingMs - this.#ports.clock.monotonicMs());
  }

  /**
   * Drops the records that nobody wants and adds pending ones for the new, without waiting for Datadog. In a burst of
   * changes it does so once in a while; answers how long it puts that off.
   */
  #keepInStep(): number {
    if (!this.#wantsChanged) return 0;
    const nowMs = this.#ports.clock.monotonicMs();
    const putOffMs = this.#keptInStepAtMs + burstMs - nowMs;
    if (putOffMs > 0) return putOffMs;
    this.#keptInStepAtMs = nowMs;
    this.#wantsChanged = false;
    this.#store(new Map());
    return 0;
  }

  /** A call to Datadog that hangs must not keep what nobody wants any more. */
  async #keepInStepUntil(asked: AbortSignal): Promise<void> {
    const { clock, leadership } = this.#ports;
    while (!asked.aborted) {
      await this.#wake.wait(idleMs, clock, asked);
      if (asked.aborted || !leadership.isLeader()) continue;
      const keepInMs = this.#keepInStep();
      if (keepInMs === 0) continue;
      await clock.sleep(keepInMs, asked);
      if (!asked.aborted && leadership.isLeader()) this.#keepInStep();
    }
  }

  #store(outcomes: ReadonlyMap<DatadogQuery, Outcome>): ReadonlyMap<MetricId, MetricRecord> {
    const records = this.#judgeAll(this.#ports.wants.list(), outcomes);
    this.#ports.sink.replace(records);
    const hasNew = [...records.values()].some((record) => record.state === 'pending');
    this.#newSinceMs = hasNew ? (this.#newSinceMs ?? this.#ports.clock.monotonicMs()) : undefined;
    return records;
  }

  /** Asks for everything wanted, or only for what has no record yet, and stores what is known then. */
  async tick(scope: 'all' | 'new', signal: AbortSignal): Promise<void> {
    const { points, leadership, clock, wants } = this.#ports;
    const startedAtMs = clock.monotonicMs();
    if (scope === 'all') this.#lastFullAtMs = startedAtMs;
    if (this.#newSinceMs !== undefined) this.#lastNewAtMs = startedAtMs;
    const queries = this.#due(wants.list(), scope);
    const count = this.#tally.begin(scope, queries.together.length + queries.alone.length);
    const ask: Ask = async (batch) => {
      if (!leadership.isLeader()) return fail(notLeading());
      count.called(batch.length);
      return points.latest(batch, signal);
    };
    const asked = new AbortController();
    const asking = askRound({ ...queries, onSplit: count.split }, ask, this.#options).finally(() =>
      asked.abort(),
    );
    await this.#keepInStepUntil(asked.signal);
    const outcomes = await asking;
    // A round that was cut short by a stop or by the loss of leadership says nothing about Datadog.
    if (!leadership.isLeader() || signal.aborted) return;
    this.#remember(outcomes);
    this.#roundLog.tell(outcomes);
    const records = this.#store(outcomes);
    this.#hasRefreshed = true;
    count.ended(records);
  }

  #due(wants: readonly Want[], scope: 'all' | 'new'): RoundQueries {
    const queries = new Set<DatadogQuery>();
    const answered = new Set<DatadogQuery>();
    for (const want of wants) {
      if (want.ask.kind !== 'query' || (scope === 'new' && !this.#isNew(want))) continue;
      queries.add(want.ask.query);
      if (this.#wasAnswered(want.id, want.ask.query)) answered.add(want.ask.query);
    }
    if (scope === 'all') this.#suspects.keepOnly(queries);
    const nowMs = this.#ports.clock.monotonicMs();
    const standing = (query: DatadogQuery): string => this.#suspects.standing(query, nowMs);
    return {
      together: [...queries].filter((query) => standing(query) === 'trusted'),
      alone: [...queries].filter((query) => standing(query) === 'alone'),
      answered: this.#fromAnywhere([...answered]),
    };
  }

  #wasAnswered(id: MetricId, query: DatadogQuery): boolean {
    const record = this.#ports.sink.get(id)?.record;
    return record?.query === query && lastPointOf(record) !== undefined;
  }

  /** Begins at a place of its own each time. */
  #fromAnywhere(queries: readonly DatadogQuery[]): readonly DatadogQuery[] {
    const start = Math.floor(this.#ports.random() * queries.length);
    return [...queries.slice(start), ...queries.slice(0, start)];
  }

  #isNew(want: Want): boolean {
    const record = this.#ports.sink.get(want.id)?.record;
    return record === undefined || record.state === 'pending';
  }

  #remember(outcomes: ReadonlyMap<DatadogQuery, Outcome>): void {
    const { clock, random } = this.#ports;
    for (const [query, outcome] of outcomes) {
      if (outcome.kind === 'read') this.#suspects.cleared(query);
      if (outcome.kind === 'failed' && outcome.fault.code === 'datadog.rejected') {
        if (this.#suspects.refusal(query) === undefined) this.#roundLog.refused(query, outcome.fault);
        this.#suspects.refused(query, outcome.fault, { nowMs: clock.monotonicMs(), random: random() });
      }
    }
  }

  #judgeAll(
    wants: readonly Want[],
    outcomes: ReadonlyMap<DatadogQuery, Outcome>,
  ): ReadonlyMap<MetricId, MetricRecord> {
    const judging = {
      nowMs: this.#ports.clock.nowMs(),
      maxAgeMs: effectiveMaxAgeMs(this.#options.maxAgeSeconds, this.#options.rollupSeconds),
    };
    const judgeOne = (want: Want): MetricRecord => {
      const previous = this.#ports.sink.get(want.id)?.record;
      const outcome = want.ask.kind === 'query' ? this.#outcomeOf(want.ask.query, outcomes) : undefined;
      return judge(want, previous, outcome, judging);
    };
    return new Map(wants.map((want) => [want.id, judgeOne(want)]));
  }

  /** A query that was refused, and waits for its next try, is answered with its refusal, whoever asks it by now. */
  #outcomeOf(query: DatadogQuery, outcomes: ReadonlyMap<DatadogQuery, Outcome>): Outcome | undefined {
    const asked = outcomes.get(query);
    const refusal = asked === undefined ? this.#suspects.refusal(query) : undefined;
    return refusal === undefined ? asked : { kind: 'failed', fault: refusal };
  }
}

/** Ends a round without another call; nothing of it is stored. */
function notLeading(): Fault {
  return new Fault('datadog.unreachable', 'this replica does not lead any more');
}
