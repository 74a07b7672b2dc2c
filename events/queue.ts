import type { Clock } from '../core/clock.js';
import type { ClusterEvent } from '../core/cluster-event.js';
import { Wake } from '../core/wake.js';

/** An event on its way, or word of how far the reader has got. */
export interface QueueEntry {
  readonly event?: ClusterEvent;
  /** Everything up to this revision stands in the queue before this entry, or is this entry. */
  readonly mark?: string;
}

/** What is taken from the queue in one go. */
export interface Batch {
  readonly events: readonly ClusterEvent[];
  /** When all of it is delivered, everything up to this revision is. */
  readonly mark: string | undefined;
}

/**
 * Events between the reader and the courier. It never drops one: whoever fills it asks whether there is room, and may
 * overfill it by one chunk.
 */
export class EventQueue {
  readonly #max: number;
  readonly #clock: Clock;
  readonly #arrivals = new Wake();
  readonly #room = new Wake();
  #entries: QueueEntry[] = [];
  #events = 0;

  constructor(ports: { readonly clock: Clock }, options: { readonly maxEvents: number }) {
    this.#clock = ports.clock;
    this.#max = options.maxEvents;
  }

  /** How many events wait. */
  get size(): number {
    return this.#events;
  }

  get isFull(): boolean {
    return this.#events >= this.#max;
  }

  put(entries: readonly QueueEntry[]): void {
    if (entries.length === 0) return;
    this.#entries.push(...entries);
    this.#events += entries.filter(({ event }) => event !== undefined).length;
    this.#arrivals.wake();
  }

  /** Resolves when at least half of it is free, or `signal` aborts. */
  async untilRoom(signal: AbortSignal): Promise<void> {
    while (this.#events > this.#max / 2 && !signal.aborted)
      await this.#room.wait(foreverMs, this.#clock, signal);
  }

  /**
   * Waits for an entry, then for more until `windowMs` have passed or there are `maxEvents`. Of an event that came several
   * times the latest version is kept, since its count holds the others. `undefined` when `signal` aborted.
   */
  async take(
    { maxEvents, windowMs }: { readonly maxEvents: number; readonly windowMs: number },
    signal: AbortSignal,
  ): Promise<Batch | undefined> {
    while (this.#entries.length === 0 && !signal.aborted)
      await this.#arrivals.wait(foreverMs, this.#clock, signal);
    const endMs = this.#clock.monotonicMs() + windowMs;
    while (this.#events < maxEvents && !signal.aborted) {
      const leftMs = endMs - this.#clock.monotonicMs();
      if (leftMs <= 0) break;
      await this.#arrivals.wait(leftMs, this.#clock, signal);
    }
    return signal.aborted ? undefined : this.#cut(maxEvents);
  }

  #cut(maxEvents: number): Batch {
    let [taken, events] = [0, 0];
    for (; taken < this.#entries.length && events < maxEvents; taken += 1)
      if (this.#entries[taken]?.event !== undefined) events += 1;
    const entries = this.#entries.splice(0, taken);
    this.#events -= events;
    this.#room.wake();
    const latest = new Map<string, ClusterEvent>();
    for (const { event } of entries) {
      if (event === undefined) continue;
      latest.delete(event.uid);
      latest.set(event.uid, event);
    }
    return { events: [...latest.values()], mark: entries.findLast(({ mark }) => mark !== undefined)?.mark };
  }
}

/** Until somebody wakes it. */
const foreverMs = 2 ** 31 - 1;
