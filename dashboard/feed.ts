import { every } from '../core/clock.js';
import type { Component, Health } from '../core/component.js';
import { messageOf } from '../core/fault.js';
import type { Logger } from '../core/log.js';
import { atOnce, type Pace } from '../core/pace.js';
import { ChangeLog } from './change-log.js';
import { History, historyPoints } from './history.js';
import { difference, isEmpty } from './model/difference.js';
import type { PageState, SeriesReply } from './model/state.js';
import { buildingPageState, type PageSources, RowMemory, sampleOf, withChanges } from './page-state.js';
import { Streams } from './streams.js';

export interface FeedPorts extends Omit<PageSources, 'history'> {
  readonly log: Logger;
  /** Of the looks that nobody waits for. */
  readonly pace: Pace;
}

export interface FeedOptions {
  /** How often a sample is taken for the plots: the refresh period. */
  readonly sampleMs: number;
}

/** How often open pages are told what is new. */
const tellMs = 1_000;
/** Metrics, and autoscalers, that have a history. */
const mostSeries = 1_000;

/**
 * Looks at the replica for the page: each second while a page is open, else once a sample. It remembers an hour of values and
 * the last changes, and tells open pages what is new.
 */
export class Feed implements Component {
  readonly name = 'page-feed';
  readonly streams: Streams;
  readonly #ports: FeedPorts;
  readonly #options: FeedOptions;
  readonly #values: History;
  readonly #replicas: History;
  readonly #changes = new ChangeLog();
  readonly #memory = new RowMemory();
  #state: PageState | undefined;
  #sampledAtMs = Number.NEGATIVE_INFINITY;
  #trouble: string | undefined;

  constructor(ports: FeedPorts, options: FeedOptions) {
    const bounds = { points: historyPoints(options.sampleMs), maxSeries: mostSeries };
    this.#ports = ports;
    this.#options = options;
    this.#values = new History(bounds);
    this.#replicas = new History(bounds);
    this.streams = new Streams(ports.clock);
  }

  health(): Health {
    return this.#trouble === undefined ? { state: 'ready' } : { state: 'degraded', detail: this.#trouble };
  }

  /** As it is now. */
  state(): PageState {
    return this.streams.count > 0 && this.#state !== undefined ? this.#state : this.#look();
  }

  series(metric: string): SeriesReply {
    const [use] = (this.#state ?? this.#look()).metrics[metric]?.uses ?? [];
    const values = this.#values.read(metric);
    if (values.length === 0) return { timesMs: [], values: [], replicas: [] };
    return {
      timesMs: this.#values.timesMs(),
      values,
      replicas: use === undefined ? [] : this.#replicas.read(use.autoscaler),
    };
  }

  /** What the history takes. */
  get historyBytes(): number {
    return this.#values.bytes + this.#replicas.bytes;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#ports;
    await every(clock, Math.min(tellMs, this.#options.sampleMs), () => this.#tick(), signal);
    this.streams.close();
  }

  /** The page is a convenience: a bug in it must not end the replica. */
  async #tick(): Promise<void> {
    try {
      await this.tick();
      this.#trouble = undefined;
    } catch (error: unknown) {
      const reason = messageOf(error);
      if (reason !== this.#trouble)
        this.#ports.log.error({ err: error }, 'the page could not be renewed, by a bug');
      this.#trouble = reason;
    }
  }

  /** One look, if there is somebody to tell or a sample is due. */
  async tick(): Promise<void> {
    const { clock, pace } = this.#ports;
    const isDue = clock.monotonicMs() - this.#sampledAtMs >= this.#options.sampleMs;
    if (!isDue && this.streams.count === 0) return;
    const before = this.#state;
    const seen = await pace.run(this.#looking());
    // Somebody who opens a page looks at once, and has seen what is newer then.
    const state = this.#state === before || this.#state === undefined ? this.#keep(seen) : this.#state;
    if (isDue) this.#sample(state);
    if (before !== undefined && this.streams.count > 0) {
      const found = difference(before, state);
      if (!isEmpty(found)) this.streams.tell('change', found);
    }
    if (isDue) this.streams.tell('sample', { atMs: state.nowMs });
    this.streams.beat(state.nowMs);
  }

  #look(): PageState {
    return this.#keep(atOnce(this.#looking()));
  }

  #looking() {
    return buildingPageState({ ...this.#ports, history: this.#values }, this.#memory);
  }

  #keep(seen: Omit<PageState, 'changes'>): PageState {
    this.#changes.look(seen, seen.nowMs);
    const state = withChanges(seen, this.#changes.list());
    this.#state = state;
    return state;
  }

  #sample(state: PageState): void {
    const { values, replicas } = sampleOf(state);
    this.#values.sample(state.nowMs, values);
    this.#replicas.sample(state.nowMs, replicas);
    this.#sampledAtMs = this.#ports.clock.monotonicMs();
  }
}
