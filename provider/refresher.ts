import type { Clock } from '../core/clock.js';
import type { Component, Health } from '../core/component.js';
import { Fault } from '../core/fault.js';
import type { Logger } from '../core/log.js';
import type { Pace, Steps } from '../core/pace.js';
import { fail, type Result } from '../core/result.js';
import type { Registry } from '../core/telemetry.js';
import { Wake } from '../core/wake.js';
import { type AgendaOptions, nextStep } from './agenda.js';
import { due } from './due.js';
import type { Ask } from './isolate.js';
import { effectiveMaxAgeMs } from './judge.js';
import type { DatadogQuery } from './query.js';
import type { Outcome, Reading } from './reading.js';
import { type RecordCount, RecordKeeper, type RecordSink } from './record-keeper.js';
import { type RefreshReport, RefreshTally } from './refresh-tally.js';
import { askRound, type RoundLimits } from './round.js';
import { RoundLog } from './round-log.js';
import { Suspects } from './suspects.js';
import type { Want } from './wants.js';

export interface WantedSet {
  list(): readonly Want[];
  /** Reads what has come since the last time, which `list` would do at once. */
  catchUp(): Steps<void>;
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
  readonly pace: Pace;
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
  readonly #keeper: RecordKeeper;
  readonly #roundLog: RoundLog;
  readonly #tally: RefreshTally;
  #lastFullAtMs: number | undefined;
  #lastNewAtMs: number | undefined;
  #newSinceMs: number | undefined;
  #wantsChanged = true;
  #keptInStepAtMs = Number.NEGATIVE_INFINITY;
  #caughtUpAtMs = Number.NEGATIVE_INFINITY;
  #startedAtMs = 0;
  #reigns = 0;
  #lastTurnAtMs = 0;
  #hasRefreshed = false;

  constructor(ports: RefresherPorts, options: RefresherOptions) {
    this.#ports = ports;
    this.#options = options;
    const maxAgeMs = effectiveMaxAgeMs(options.maxAgeSeconds, options.rollupSeconds);
    this.#keeper = new RecordKeeper(ports, { maxAgeMs });
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
    const wakeForReign = (): void => {
      this.#reigns += 1;
      this.#wake.wake();
    };
    const stops = [wants.onChange(wakeForWants), leadership.onChange(wakeForReign), priming.onPrimed(wake)];
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
      await this.#catchUp();
      this.#beginAnew();
      return Math.min(idleMs, this.#primingLeftMs() || idleMs);
    }
    const keepInMs = await this.#keepInStep(signal);
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

  /** Whoever does not lead reads what is wanted too, so that neither a request nor the day that it leads has to. */
  async #catchUp(): Promise<void> {
    const { wants, clock, pace } = this.#ports;
    if (clock.monotonicMs() - this.#caughtUpAtMs < burstMs) return;
    this.#caughtUpAtMs = clock.monotonicMs();
    await pace.run(wants.catchUp());
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
  async #keepInStep(signal: AbortSignal): Promise<number> {
    if (!this.#wantsChanged) return 0;
    const nowMs = this.#ports.clock.monotonicMs();
    const putOffMs = this.#keptInStepAtMs + burstMs - nowMs;
    if (putOffMs > 0) return putOffMs;
    this.#keptInStepAtMs = nowMs;
    this.#wantsChanged = false;
    await this.#ports.pace.run(this.#ports.wants.catchUp());
    await this.#store(new Map(), this.#reign(signal));
    return 0;
  }

  /** A call to Datadog that hangs must not keep what nobody wants any more. */
  async #keepInStepUntil(asked: AbortSignal, signal: AbortSignal): Promise<void> {
    const { clock, leadership } = this.#ports;
    while (!asked.aborted) {
      await this.#wake.wait(idleMs, clock, asked);
      if (asked.aborted || !leadership.isLeader()) continue;
      const keepInMs = await this.#keepInStep(signal);
      if (keepInMs === 0) continue;
      await clock.sleep(keepInMs, asked);
      if (!asked.aborted && leadership.isLeader()) await this.#keepInStep(signal);
    }
  }

  /** Tells, whenever asked, whether this replica has led from now on without a break, and goes on. */
  #reign(signal: AbortSignal): () => boolean {
    const reign = this.#reigns;
    return () => this.#ports.leadership.isLeader() && this.#reigns === reign && !signal.aborted;
  }

  /** Answers `undefined`, and stores nothing, when this replica leads no more. */
  async #store(
    outcomes: ReadonlyMap<DatadogQuery, Outcome>,
    leadsStill: () => boolean,
  ): Promise<RecordCount | undefined> {
    const { wants, clock } = this.#ports;
    const outcomeOf = (query: DatadogQuery): Outcome | undefined => this.#outcomeOf(query, outcomes);
    const count = await this.#keeper.keep(wants.list(), outcomeOf, leadsStill);
    if (count === undefined) this.#wantsChanged = true;
    else this.#newSinceMs = count.pending > 0 ? (this.#newSinceMs ?? clock.monotonicMs()) : undefined;
    return count;
  }

  /** Asks for everything wanted, or only for what has no record yet, and stores what is known then. */
  async tick(scope: 'all' | 'new', signal: AbortSignal): Promise<void> {
    const { points, clock, pace } = this.#ports;
    const startedAtMs = clock.monotonicMs();
    const leadsStill = this.#reign(signal);
    if (scope === 'all') this.#lastFullAtMs = startedAtMs;
    if (this.#newSinceMs !== undefined) this.#lastNewAtMs = startedAtMs;
    const queries = await this.#due(scope);
    const count = this.#tally.begin(scope, queries.together.length + queries.alone.length);
    const ask: Ask = async (batch) => {
      if (!leadsStill()) return fail(notLeading());
      count.called(batch.length);
      return points.latest(batch, signal);
    };
    const asked = new AbortController();
    const asking = askRound({ ...queries, onSplit: count.split, pace }, ask, this.#options).finally(() =>
      asked.abort(),
    );
    await this.#keepInStepUntil(asked.signal, signal);
    const outcomes = await asking;
    // A round that was cut short by a stop or by the loss of leadership says nothing about Datadog; and when another led
    // between, what it stored is newer.
    if (!leadsStill()) return this.#beginAnew();
    this.#remember(outcomes);
    this.#roundLog.tell(outcomes);
    const records = await this.#store(outcomes, leadsStill);
    if (records === undefined) return this.#beginAnew();
    this.#hasRefreshed = true;
    count.ended(records);
  }

  /** What was done in an earlier reign counts for nothing: should this replica lead again, it asks for everything at once. */
  #beginAnew(): void {
    if (this.#lastFullAtMs !== undefined) this.#tally.notLeading();
    this.#lastFullAtMs = undefined;
    this.#wantsChanged = true;
  }

  async #due(scope: 'all' | 'new') {
    const { wants, sink, clock, random, pace } = this.#ports;
    const view = {
      scope,
      record: (id: Want['id']) => sink.get(id)?.record,
      suspects: this.#suspects,
      nowMs: clock.monotonicMs(),
      random: random(),
    };
    const { wanted, ...queries } = await pace.run(due(wants.list(), view));
    if (scope === 'all') this.#suspects.keepOnly(wanted);
    return queries;
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
