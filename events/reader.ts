import type { Clock } from '../core/clock.js';
import { type ClusterEvent, compareRevisions } from '../core/cluster-event.js';
import { Fault } from '../core/fault.js';
import type { Logger } from '../core/log.js';
import type { Outage } from '../core/outage.js';
import type { Result } from '../core/result.js';
import type { Ledger } from './ledger.js';
import type { EventQueue, QueueEntry } from './queue.js';
import type { Token } from './token.js';

/** Events that came together; `revision`: all up to it have been given, `undefined` amid a list. */
export interface EventChunk {
  readonly events: readonly ClusterEvent[];
  readonly revision: string | undefined;
}

/** The cluster's events. A generator ends after the fault that it yields. */
export interface EventSource {
  /** The newest revision of the cluster. */
  current(signal: AbortSignal): Promise<Result<string, Fault>>;
  /** All that is stored, by pages. */
  list(signal: AbortSignal): AsyncGenerator<Result<EventChunk, Fault>, void, undefined>;
  /** What comes after a revision, for a bounded time. Faults: `kube.gone` when the revision is too old. */
  watch(revision: string, signal: AbortSignal): AsyncGenerator<Result<EventChunk, Fault>, void, undefined>;
}

export interface ReaderPorts {
  readonly source: EventSource;
  readonly queue: EventQueue;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log: Logger;
  readonly outage: Outage;
  /** Called once for each event that is put into the queue. */
  readonly onRead: (event: ClusterEvent) => void;
  /** Called before the stored events are listed though a position was known, with when that was last the newest. */
  readonly onRelist: (completeAtMs: number | undefined) => void;
}

/** A watch that ends sooner, without a word, did not work, however orderly its end. */
const shortestWatchMs = 1_000;

/**
 * Brings the cluster's events into the queue from a position on, each version once, in their order. Where the position is
 * too old to go on from, it lists what is stored and passes over what lies before it. While the queue is full it reads
 * nothing, so that nothing is dropped.
 */
export class EventReader {
  readonly #ports: ReaderPorts;
  #position: string | undefined;
  /** By the wall clock: at that time there was nothing beyond the position. */
  #completeAtMs: number | undefined;
  #mustList = false;
  /** Watches in a row that were refused as too old. */
  #gone = 0;
  /** What the list under way has brought, so that one that begins anew brings it once. */
  readonly #listed = new Set<string>();

  /** @param token up to where Datadog has them; `undefined`: nothing is known of that, so all that are stored are read. */
  constructor(ports: ReaderPorts, token: Token | undefined) {
    this.#ports = ports;
    this.#position = token?.position;
    this.#completeAtMs = token?.savedAtMs;
  }

  /** Everything up to it is in the queue or beyond. */
  get position(): string | undefined {
    return this.#position;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { queue, outage } = this.#ports;
    while (!signal.aborted) {
      await queue.untilRoom(signal);
      const fault = await this.#step(signal);
      if (fault === undefined) outage.over();
      else if (!signal.aborted) await outage.pause(fault, signal);
    }
  }

  async #step(signal: AbortSignal): Promise<Fault | undefined> {
    const current = await this.#ports.source.current(signal);
    if (!current.ok) return current.error;
    this.#distrust(current.value);
    return this.#position === undefined || this.#mustList
      ? this.#list(signal)
      : this.#watch(this.#position, signal);
  }

  /** A position beyond the newest revision is another cluster's, or this one was set back: what it says is not so. */
  #distrust(current: string): void {
    if (this.#position === undefined || (compareRevisions(this.#position, current) ?? 1) <= 0) return;
    this.#ports.log.warn(
      { position: this.#position, newest: current },
      'the stored position lies beyond the newest event of this cluster, so all stored events are sent (again)',
    );
    this.#position = undefined;
  }

  async #list(signal: AbortSignal): Promise<Fault | undefined> {
    const { source, queue, clock } = this.#ports;
    if (this.#position !== undefined && this.#listed.size === 0) this.#ports.onRelist(this.#completeAtMs);
    const startedAtMs = clock.nowMs();
    for await (const chunk of source.list(signal)) {
      if (!chunk.ok) return chunk.error;
      const news = chunk.value.events.filter((event) => this.#isNews(event));
      for (const event of news) this.#listed.add(versionOf(event));
      // Their order is by name; by time, people can follow it.
      this.#put([...news].sort((a, b) => a.lastAtMs - b.lastAtMs).map((event): QueueEntry => ({ event })));
      if (chunk.value.revision !== undefined) this.#complete(chunk.value.revision, startedAtMs);
      if (queue.isFull) await queue.untilRoom(signal);
    }
    return undefined;
  }

  #complete(revision: string, atMs: number): void {
    this.#completeAtMs = atMs;
    this.#ports.queue.put([{ mark: revision }]);
    this.#position = revision;
    this.#mustList = false;
    this.#listed.clear();
  }

  async #watch(from: string, signal: AbortSignal): Promise<Fault | undefined> {
    const { source, queue, clock, outage } = this.#ports;
    const startedAtMs = clock.monotonicMs();
    let hasHeard = false;
    for await (const chunk of source.watch(from, signal)) {
      if (!chunk.ok) return this.#ended(chunk.error);
      hasHeard = true;
      this.#gone = 0;
      outage.over();
      this.#follow(chunk.value);
      if (queue.isFull) return undefined;
    }
    this.#gone = 0;
    this.#completeAtMs = clock.nowMs();
    const isTooShort = !hasHeard && clock.monotonicMs() - startedAtMs < shortestWatchMs;
    return isTooShort && !signal.aborted
      ? new Fault('kube.unreachable', 'the API server ended a watch of events at once')
      : undefined;
  }

  /** A position that is too old is what a list is for: no trouble, unless the list's own is so too. */
  #ended(fault: Fault): Fault | undefined {
    if (fault.code !== 'kube.gone') return fault;
    this.#ports.log.info(
      { position: this.#position, reason: fault.message },
      'the position of events is too old to go on from; listing those that are stored, and passing over what was sent',
    );
    this.#mustList = true;
    this.#gone += 1;
    return this.#gone > 1 ? fault : undefined;
  }

  /** Each event of a watch is a mark of its own: a batch may end after any of them. */
  #follow({ events, revision }: EventChunk): void {
    this.#put(
      events.flatMap((event): QueueEntry[] => (this.#isNews(event) ? [{ event, mark: event.revision }] : [])),
    );
    if (revision === undefined) return;
    this.#completeAtMs = this.#ports.clock.nowMs();
    if (events.at(-1)?.revision !== revision) this.#ports.queue.put([{ mark: revision }]);
    this.#position = revision;
  }

  #isNews(event: ClusterEvent): boolean {
    const isBefore =
      this.#position !== undefined && (compareRevisions(event.revision, this.#position) ?? 1) <= 0;
    return !isBefore && !this.#ports.ledger.has(event) && !this.#listed.has(versionOf(event));
  }

  #put(entries: readonly QueueEntry[]): void {
    for (const { event } of entries) if (event !== undefined) this.#ports.onRead(event);
    this.#ports.queue.put(entries);
  }
}

function versionOf({ uid, revision }: ClusterEvent): string {
  return `${uid} ${revision}`;
}
