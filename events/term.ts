import { setMaxListeners } from 'node:events';
import type { Clock } from '../core/clock.js';
import { untilAborted } from '../core/linked-abort.js';
import type { Logger } from '../core/log.js';
import type { Outage } from '../core/outage.js';
import type { EventCarrier } from './carrier.js';
import { EventCourier } from './courier.js';
import type { Ledger } from './ledger.js';
import type { DatadogEvent, MessageOptions } from './message.js';
import { dropNotice, gapNotice } from './notice.js';
import { EventQueue } from './queue.js';
import { EventReader, type EventSource } from './reader.js';
import type { EventTally } from './tally.js';
import type { Token, TokenKeeper } from './token.js';

/** Parts that outlive a term, and what a term needs of the outside. */
export interface TermPorts {
  readonly source: EventSource;
  readonly carrier: EventCarrier;
  readonly ledger: Ledger;
  readonly tally: EventTally;
  readonly keeper: TokenKeeper;
  readonly outages: { readonly read: Outage; readonly token: Outage };
  readonly isLeader: () => boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface TermOptions {
  readonly messages: MessageOptions;
  readonly windowMs: number;
}

/** Events that wait to be sent, at most; then no more are read. */
const maxQueued = 2_000;
/** A leader that stops may finish what is on its way for so long; a stop as a whole has 45 s. */
const finishMs = 4_000;
/** Word of events that were left out is sent once in so long. */
const noticePeriodMs = 600_000;

/** What this replica does about events while it leads. */
export class Term {
  readonly queue: EventQueue;
  readonly reader: EventReader;
  readonly courier: EventCourier;
  readonly #ports: TermPorts;
  readonly #options: TermOptions;
  readonly #end = new AbortController();

  /** @param token where the last term ended. */
  constructor(ports: TermPorts, options: TermOptions, token: Token | undefined) {
    const { outages, tally, keeper, isLeader } = ports;
    this.#ports = ports;
    this.#options = options;
    // Each message on its way listens to it; that is no leak.
    setMaxListeners(0, this.#end.signal);
    this.queue = new EventQueue(ports, { maxEvents: maxQueued });
    const shared = { ...ports, queue: this.queue };
    this.reader = new EventReader(
      {
        ...shared,
        outage: outages.read,
        onRead: (event) => tally.read(event),
        onRelist: (completeAtMs) => this.#sayGap(completeAtMs, this.#end.signal),
      },
      token,
    );
    this.courier = new EventCourier(
      {
        ...shared,
        token: keeper,
        outage: outages.token,
        mayAct: isLeader,
        onDelivered: (message) => tally.delivered(message),
        onDropped: (events, why) => tally.dropped(events, why),
      },
      options,
    );
  }

  /**
   * Works until `change` aborts: the lead changed, or the process stops. In the latter case this replica still leads, and
   * finishes what is on its way.
   */
  async run(change: AbortSignal): Promise<void> {
    const { clock, isLeader } = this.#ports;
    const end = this.#end;
    const ending = untilAborted(change).then(async () => {
      if (isLeader()) await clock.sleep(finishMs, end.signal);
      end.abort();
    });
    const carrying = this.courier.run(change, end.signal).then(() => end.abort());
    await Promise.all([this.reader.run(change), carrying, ending, this.#sayDropped(change)]);
  }

  #sayGap(completeAtMs: number | undefined, signal: AbortSignal): void {
    const notice = gapNotice(completeAtMs, this.#ports.clock.nowMs(), this.#options.messages);
    if (notice !== undefined) this.#say(notice, signal);
  }

  async #sayDropped(signal: AbortSignal): Promise<void> {
    const { clock, tally } = this.#ports;
    while (!signal.aborted) {
      await clock.sleep(this.#options.windowMs, signal);
      const dropped = tally.takeUnsaid();
      if (dropped.size === 0) continue;
      this.#say(dropNotice(dropped, clock.nowMs(), this.#options.messages), signal);
      await clock.sleep(noticePeriodMs, signal);
    }
  }

  /** A notice that is refused as well has its line in the log. */
  #say(event: DatadogEvent, signal: AbortSignal): void {
    this.#ports.log.warn({ title: event.title }, event.text);
    void this.#ports.carrier.carry({ event, sources: [] }, signal);
  }
}
