import type { Clock } from '../core/clock.js';
import type { ClusterEvent } from '../core/cluster-event.js';
import type { Fault } from '../core/fault.js';
import type { Logger } from '../core/log.js';
import type { Outage } from '../core/outage.js';
import { Wake } from '../core/wake.js';
import { toMessages } from './bundle.js';
import type { DropReason, EventCarrier, Outcome } from './carrier.js';
import type { Ledger } from './ledger.js';
import type { Message, MessageOptions } from './message.js';
import type { Batch, EventQueue } from './queue.js';
import type { TokenKeeper } from './token.js';

export interface CourierPorts {
  readonly queue: EventQueue;
  readonly carrier: EventCarrier;
  readonly ledger: Ledger;
  readonly token: TokenKeeper;
  readonly clock: Clock;
  readonly log: Logger;
  readonly outage: Outage;
  /** Asked before each writing of the token. */
  readonly mayAct: () => boolean;
  readonly onDelivered: (message: Message) => void;
  readonly onDropped: (events: number, why: DropReason) => void;
}

export interface CourierOptions {
  readonly messages: MessageOptions;
  /** So long is waited for events that make one message with the first. */
  readonly windowMs: number;
}

/** Events that are taken together. */
export const maxBatchEvents = 250;
/**
 * Events on their way, or there with the position not written yet, at most: so many come twice when a leader dies without
 * warning. More may while the position cannot be written at all, or a list is under way, which has none before its end.
 */
export const maxEventsAtRisk = 500;
/** Where nothing happened, the position is written so often. */
const idleSaveMs = 300_000;

interface Trip {
  readonly batch: Batch;
  isDone: boolean;
}

/**
 * Takes events from the queue, has them carried to Datadog, and writes the position once everything up to it has got
 * there: at least once, never before. What will never pass is counted, told in the log, and left behind.
 */
export class EventCourier {
  readonly #ports: CourierPorts;
  readonly #options: CourierOptions;
  readonly #landed = new Wake();
  readonly #saving = new Wake();
  #trips: Trip[] = [];
  /** Up to where everything has been delivered, and of that what is written. */
  #reached: string | undefined;
  #written: string | undefined;
  #writtenAtMs = Number.NEGATIVE_INFINITY;
  #mustWrite = false;
  /** Events that have arrived since the position was written. */
  #unwritten = 0;

  constructor(ports: CourierPorts, options: CourierOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  /** Events that are on their way. */
  get underWay(): number {
    return this.#trips.reduce((sum, { batch }) => sum + batch.events.length, 0);
  }

  /**
   * Works until `signal` aborts. What is on its way then may still arrive, and the position be written, until `end`
   * aborts.
   */
  async run(signal: AbortSignal, end: AbortSignal): Promise<void> {
    const saving = this.#saveOn(signal, end);
    while (!signal.aborted) {
      const batch = await this.#ports.queue.take(
        { maxEvents: maxBatchEvents, windowMs: this.#options.windowMs },
        signal,
      );
      if (batch === undefined) break;
      void this.#send(batch, end);
      while (this.#mustWait() && !signal.aborted)
        await this.#landed.wait(idleSaveMs, this.#ports.clock, signal);
    }
    // It may be asleep, with nothing left to do.
    this.#saving.wake();
    await saving;
  }

  #mustWait(): boolean {
    const isWaitingForIt = this.#reached !== this.#written && this.#ports.outage.trouble === undefined;
    const atRisk = this.underWay + (isWaitingForIt ? this.#unwritten : 0);
    return atRisk > maxEventsAtRisk - maxBatchEvents;
  }

  async #send(batch: Batch, end: AbortSignal): Promise<void> {
    const { carrier } = this.#ports;
    const trip: Trip = { batch, isDone: false };
    this.#trips.push(trip);
    const messages = this.#compose(batch.events);
    const arrived = await Promise.all(
      messages.map(async (message) => this.#conclude(message, await carrier.carry(message, end))),
    );
    // A trip that was given up stays for ever, so that no position beyond it is written.
    trip.isDone = arrived.every((isConcluded) => isConcluded);
    this.#advance();
  }

  /** An event of which no message can be made must not stop the replica again and again. */
  #compose(events: readonly ClusterEvent[]): readonly Message[] {
    try {
      return toMessages(events, this.#options.messages);
    } catch (error: unknown) {
      if (events.length > 1) return events.flatMap((event) => this.#compose([event]));
      this.#ports.log.error(
        { err: error, uid: events[0]?.uid },
        'no message can be made of an event; it is left out',
      );
      this.#ports.onDropped(events.length, 'unusable');
      return [];
    }
  }

  #conclude(message: Message, outcome: Outcome): boolean {
    const { ledger, log, onDelivered, onDropped } = this.#ports;
    if (outcome.kind === 'given up') return false;
    for (const event of message.sources) ledger.add(event);
    if (outcome.kind === 'delivered') {
      onDelivered(message);
      return true;
    }
    const { title } = message.event;
    log.error(
      { title, events: message.sources.length, why: outcome.why, reason: outcome.detail },
      'Datadog will never take this event; it is left out',
    );
    onDropped(message.sources.length, outcome.why);
    return true;
  }

  /** The position is that of the last trip before the first that is not over. */
  #advance(): void {
    while (this.#trips[0]?.isDone === true) {
      const { batch } = this.#trips.shift() as Trip;
      this.#reached = batch.mark ?? this.#reached;
      this.#unwritten += batch.events.length;
      this.#mustWrite ||= batch.events.length > 0;
    }
    this.#landed.wake();
    this.#saving.wake();
  }

  /** One writing after the other; what comes meanwhile makes the next. */
  async #saveOn(signal: AbortSignal, end: AbortSignal): Promise<void> {
    const { clock, outage } = this.#ports;
    while (!end.aborted && !(signal.aborted && this.#isAtRest())) {
      const fault = await this.#save(signal.aborted, end);
      if (fault !== undefined) outage.tell(fault);
      this.#landed.wake();
      if (fault !== undefined) await outage.pause(fault, end);
      else await this.#saving.wait(this.#pauseMs(signal.aborted), clock, end);
    }
  }

  /** What could not be written for want of the lead is tried again soon: it may be back by then. */
  #pauseMs(isEnding: boolean): number {
    if (isEnding) return 50;
    return this.#mustWrite ? 1_000 : idleSaveMs;
  }

  #isAtRest(): boolean {
    return this.#trips.length === 0 && this.#reached === this.#written;
  }

  async #save(isEnding: boolean, signal: AbortSignal): Promise<Fault | undefined> {
    const { token, mayAct, clock, outage } = this.#ports;
    const reached = this.#reached;
    const isDue = this.#mustWrite || isEnding || clock.monotonicMs() - this.#writtenAtMs >= idleSaveMs;
    if (reached === undefined || reached === this.#written || !isDue || !mayAct()) return undefined;
    this.#mustWrite = false;
    const covered = this.#unwritten;
    const saved = await token.save(reached, mayAct, signal);
    this.#mustWrite ||= !saved.ok || !saved.value;
    if (!saved.ok) return saved.error;
    if (!saved.value) return undefined;
    outage.over();
    this.#unwritten -= covered;
    [this.#written, this.#writtenAtMs] = [reached, clock.monotonicMs()];
    return undefined;
  }
}
