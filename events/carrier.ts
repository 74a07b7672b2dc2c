import { type BackoffBounds, backoffMs } from '../core/backoff.js';
import type { Clock } from '../core/clock.js';
import type { Fault } from '../core/fault.js';
import type { Logger } from '../core/log.js';
import type { Result } from '../core/result.js';
import { split } from './bundle.js';
import type { DatadogEvent, Message, MessageOptions } from './message.js';
import { Slots } from './slots.js';

/** Where messages go. */
export interface EventSink {
  /**
   * Faults: `datadog.too_large`, `datadog.rejected` (this message will never pass), and those that may pass:
   * `datadog.denied`, `datadog.rate_limited` (with `retryAfterSeconds`), `datadog.unreachable`.
   */
  send(event: DatadogEvent, signal: AbortSignal): Promise<Result<undefined, Fault>>;
}

/** What became of a message. `given up`: the signal aborted first. */
export type Outcome =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'dropped'; readonly why: DropReason; readonly detail: string }
  | { readonly kind: 'given up' };

/** `unusable`: no message could be made of it, which is a fault of this program. */
export type DropReason = 'rejected' | 'too_large' | 'poisonous' | 'unusable';

export interface CarrierPorts {
  readonly sink: EventSink;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  /** Asked before each sending. */
  readonly maySend: () => boolean;
}

/** As the original agent waits; Datadog's own word, where it gives one, counts more. */
const retryBounds: BackoffBounds = { firstMs: 2_000, capMs: 64_000 };
/** Failures in a row, of whatever messages, that make it an outage: then all wait. */
const outageFailures = 3;
/** A message that fails so often while so many others pass is the cause itself. */
const poison = { tries: 5, othersPassed: 20 };
const parallel = 16;

/** Carries messages to Datadog, several at once, and tries each again until it has passed or never will. */
export class EventCarrier {
  readonly #ports: CarrierPorts;
  readonly #options: MessageOptions;
  readonly #slots = new Slots(parallel);
  #passed = 0;
  #failuresInRow = 0;
  #pausedUntilMs = 0;
  #trouble: string | undefined;

  constructor(ports: CarrierPorts, options: MessageOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  /** Why nothing passes at present. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Resolves when its fate is decided. One that is too large is told in parts, and counts as delivered when all are. */
  async carry(message: Message, signal: AbortSignal): Promise<Outcome> {
    let passedAtFirstFailure: number | undefined;
    for (let tries = 1; ; tries += 1) {
      const sent = await this.#slots.use(() => this.#send(message.event, signal));
      if (sent === undefined) return { kind: 'given up' };
      if (sent.ok) return { kind: 'delivered' };
      passedAtFirstFailure ??= this.#passed;
      switch (sent.error.code) {
        case 'datadog.rejected':
          return { kind: 'dropped', why: 'rejected', detail: sent.error.message };
        case 'datadog.too_large':
          return this.#carryParts(message, sent.error, signal);
        default:
          if (tries >= poison.tries && this.#passed - passedAtFirstFailure >= poison.othersPassed)
            return { kind: 'dropped', why: 'poisonous', detail: sent.error.message };
          await this.#ports.clock.sleep(backoffMs(tries, retryBounds, this.#ports.random()), signal);
      }
    }
  }

  async #carryParts(message: Message, fault: Fault, signal: AbortSignal): Promise<Outcome> {
    const parts = split(message, this.#options);
    if (parts === undefined) return { kind: 'dropped', why: 'too_large', detail: fault.message };
    const outcomes = await Promise.all(parts.map((part) => this.carry(part, signal)));
    return outcomes.find(({ kind }) => kind !== 'delivered') ?? { kind: 'delivered' };
  }

  /**
   * One attempt, after the pause that all have; `undefined` when `signal` aborted first. Who does not lead waits: either it
   * leads again in a moment, or the signal aborts.
   */
  async #send(event: DatadogEvent, signal: AbortSignal): Promise<Result<undefined, Fault> | undefined> {
    const { sink, clock, maySend } = this.#ports;
    while (!signal.aborted) {
      const pauseMs = this.#pausedUntilMs - clock.monotonicMs();
      if (pauseMs <= 0 && maySend()) break;
      await clock.sleep(Math.max(pauseMs, 500), signal);
    }
    if (signal.aborted) return undefined;
    const sent = await sink.send(event, signal);
    if (sent.ok || !sent.error.traits.retryable) this.#works();
    else if (signal.aborted) return undefined;
    else this.#fails(sent.error);
    return sent;
  }

  #works(): void {
    if (this.#trouble !== undefined) this.#ports.log.info({}, 'Datadog takes events again');
    this.#passed += 1;
    [this.#failuresInRow, this.#pausedUntilMs, this.#trouble] = [0, 0, undefined];
  }

  #fails(fault: Fault): void {
    this.#failuresInRow += 1;
    const isOutage = this.#failuresInRow >= outageFailures;
    const ownMs = isOutage
      ? backoffMs(
          Math.ceil((this.#failuresInRow - outageFailures + 1) / parallel),
          retryBounds,
          this.#ports.random(),
        )
      : 0;
    const askedMs = (fault.retryAfterSeconds ?? 0) * 1000;
    const untilMs = this.#ports.clock.monotonicMs() + Math.max(ownMs, askedMs);
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, untilMs);
    if (!isOutage && askedMs === 0) return;
    if (this.#trouble === undefined)
      this.#ports.log.warn(
        { code: fault.code, reason: fault.message },
        'Datadog does not take events; they wait, and are tried again',
      );
    this.#trouble = fault.message;
  }
}
