import type { Clock } from '../core/clock.js';
import type { Component, Health } from '../core/component.js';
import { linkAbort, untilAborted } from '../core/linked-abort.js';
import type { Logger } from '../core/log.js';
import { Outage } from '../core/outage.js';
import type { Registry } from '../core/telemetry.js';
import { EventCarrier, type EventSink } from './carrier.js';
import { maxEventsAtRisk } from './courier.js';
import { Ledger } from './ledger.js';
import type { MessageOptions } from './message.js';
import type { EventSource } from './reader.js';
import { EventTally, type TallyReport } from './tally.js';
import { Term } from './term.js';
import { type Token, type TokenBox, TokenKeeper } from './token.js';

export interface Leadership {
  isLeader(): boolean;
  onChange(listener: () => void): () => void;
}

export interface CollectorPorts {
  readonly source: EventSource;
  readonly sink: EventSink;
  readonly box: TokenBox;
  readonly leadership: Leadership;
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: Registry;
  /** A number in [0, 1), for jitter. */
  readonly random: () => number;
}

export interface CollectorOptions {
  readonly messages: MessageOptions;
  /** Name of the ConfigMap with the position. */
  readonly tokenName: string;
  /** So long is waited for events that make one message with the first; default 5 s. */
  readonly windowMs?: number;
}

/** The collection as a status page tells of it. */
export interface EventsReport extends TallyReport {
  readonly state: 'collecting' | 'waiting for the lead';
  /** The revision up to which events were read; `null` while this replica reads none. */
  readonly position: string | null;
  readonly queued: number;
  readonly underWay: number;
  /** So many events may be sent again after a leader's sudden end. */
  readonly mostRepeats: number;
  readonly trouble: string | null;
}

const maxRemembered = 20_000;

/** Brings the events of the cluster to Datadog, at least once each, as long as this replica leads. */
export class EventCollector implements Component {
  readonly name = 'kubernetes-events';
  readonly #ports: CollectorPorts;
  readonly #options: CollectorOptions;
  readonly #ledger = new Ledger({ max: maxRemembered });
  readonly #outages: { readonly read: Outage; readonly token: Outage };
  readonly #carrier: EventCarrier;
  readonly #tally: EventTally;
  #term: Term | undefined;

  constructor(ports: CollectorPorts, options: CollectorOptions) {
    this.#ports = ports;
    this.#options = options;
    const outage = (what: string): Outage =>
      new Outage(ports, {
        trouble: `events: ${what} does not work`,
        recovered: `events: ${what} works again`,
        quietFailures: 0,
      });
    this.#outages = {
      read: outage('reading them'),
      token: outage(`the ConfigMap ${options.tokenName} with their position`),
    };
    this.#carrier = new EventCarrier(
      { ...ports, maySend: () => ports.leadership.isLeader() },
      options.messages,
    );
    this.#tally = new EventTally(ports, () => this.#waiting());
  }

  async run(signal: AbortSignal): Promise<void> {
    const { leadership } = this.#ports;
    while (!signal.aborted) {
      const change = linkAbort(signal);
      const stop = leadership.onChange(() => change.abort());
      if (leadership.isLeader()) await this.#lead(change.signal);
      else await untilAborted(change.signal);
      stop();
      change.release();
    }
  }

  /** Never unready: who asks for metrics needs no events. */
  health(): Health {
    const detail = this.#trouble();
    return detail === undefined ? { state: 'ready' } : { state: 'degraded', detail };
  }

  /** For a status page. */
  describe(): EventsReport {
    return {
      state: this.#ports.leadership.isLeader() ? 'collecting' : 'waiting for the lead',
      position: this.#term?.reader.position ?? null,
      ...this.#waiting(),
      ...this.#tally.describe(),
      mostRepeats: maxEventsAtRisk,
      trouble: this.#trouble() ?? null,
    };
  }

  async #lead(change: AbortSignal): Promise<void> {
    const { leadership } = this.#ports;
    const keeper = new TokenKeeper(this.#ports, { name: this.#options.tokenName });
    const token = await this.#load(keeper, change);
    if (change.aborted) return;
    const parts = {
      ...this.#ports,
      carrier: this.#carrier,
      ledger: this.#ledger,
      tally: this.#tally,
      outages: this.#outages,
      keeper,
      isLeader: () => leadership.isLeader(),
    };
    this.#term = new Term(parts, { windowMs: 5_000, ...this.#options }, token);
    await this.#term.run(change);
    this.#term = undefined;
  }

  /** Without knowing the position nothing is sent, lest all that are stored come again. */
  async #load(keeper: TokenKeeper, signal: AbortSignal): Promise<Token | undefined> {
    while (!signal.aborted) {
      const loaded = await keeper.load(signal);
      if (loaded.ok) {
        this.#outages.token.over();
        return this.#judge(loaded.value);
      }
      if (!signal.aborted) await this.#outages.token.pause(loaded.error, signal);
    }
    return undefined;
  }

  /** `0` is what the original agent writes before it has any. */
  #judge({
    token,
    found,
  }: {
    readonly token: Token | undefined;
    readonly found: string | undefined;
  }): Token | undefined {
    const isGarbage = token === undefined && found !== undefined && found !== '0' && found !== '';
    if (isGarbage)
      this.#ports.log.warn(
        { configMap: this.#options.tokenName, found: found.slice(0, 60) },
        'the stored position of events is no revision, so all stored events are sent (again)',
      );
    return token;
  }

  #trouble(): string | undefined {
    const { read, token } = this.#outages;
    const { queued } = this.#waiting();
    const troubles = [
      read.trouble && `events cannot be read: ${read.trouble}`,
      this.#carrier.trouble && `events cannot be sent, ${queued} wait: ${this.#carrier.trouble}`,
      token.trouble && `the position of events cannot be kept: ${token.trouble}`,
    ].filter((trouble) => trouble !== undefined);
    return troubles.length === 0 || !this.#ports.leadership.isLeader() ? undefined : troubles.join('; ');
  }

  #waiting(): { readonly queued: number; readonly underWay: number } {
    return { queued: this.#term?.queue.size ?? 0, underWay: this.#term?.courier.underWay ?? 0 };
  }
}
