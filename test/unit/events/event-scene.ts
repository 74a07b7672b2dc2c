import type { ClusterEvent } from '../../../core/cluster-event.js';
import { Fault } from '../../../core/fault.js';
import { silentLog } from '../../../core/log.js';
import { fail, ok, type Result } from '../../../core/result.js';
import { createRegistry } from '../../../core/telemetry.js';
import { Wake } from '../../../core/wake.js';
import type { EventSink } from '../../../events/carrier.js';
import { EventCollector } from '../../../events/collector.js';
import type { DatadogEvent } from '../../../events/message.js';
import type { EventChunk, EventSource } from '../../../events/reader.js';
import type { StoredToken, TokenBox } from '../../../events/token.js';
import type { FakeClock } from '../../fake-clock.js';

export const tokenName = 'datadogtoken';

/** An event of a pod that says what matters to a test. */
export function clusterEvent(uid: string, given: Partial<ClusterEvent> = {}): ClusterEvent {
  return {
    uid,
    revision: '1',
    involved: { kind: 'Pod', namespace: 'shop', name: `pod-${uid}`, uid: `pod-uid-${uid}` },
    reason: 'Started',
    message: `about ${uid}`,
    type: 'Normal',
    component: 'kubelet',
    host: 'node-1',
    count: 1,
    firstAtMs: 1_000,
    lastAtMs: 2_000,
    ...given,
  };
}

/** The events of a cluster in memory: a log of versions, of which those before `compacted` can be listed only. */
export class MemoryEvents implements EventSource {
  readonly #clock: FakeClock;
  readonly #log: ClusterEvent[] = [];
  readonly #stored = new Map<string, ClusterEvent>();
  readonly #news = new Set<Wake>();
  #revision = 100;
  #compacted = 0;
  pageSize = 3;
  /** What each call gets in place of an answer, while it is set. */
  fault: Fault | undefined;
  lists = 0;
  watches = 0;
  /** List pages that are still to be refused as expired. */
  expiredPages = 0;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  get revision(): string {
    return String(this.#revision);
  }

  get stored(): readonly ClusterEvent[] {
    return [...this.#stored.values()];
  }

  /** A new event, or a new version of one that is stored. */
  write(uid: string, given: Partial<ClusterEvent> = {}): ClusterEvent {
    this.#revision += 1;
    const before = this.#stored.get(uid);
    const event = clusterEvent(uid, {
      ...before,
      lastAtMs: this.#clock.nowMs(),
      count: (before?.count ?? 0) + 1,
      ...given,
      revision: this.revision,
    });
    this.#stored.set(uid, event);
    this.#log.push(event);
    for (const wake of this.#news) wake.wake();
    return event;
  }

  /** The hour of an event is over. */
  expire(uid: string): void {
    this.#stored.delete(uid);
    this.#revision += 1;
  }

  /** Other objects change. */
  advance(by: number): void {
    this.#revision += by;
  }

  /** No watch goes on from before now. */
  compact(): void {
    this.#compacted = this.#revision;
    for (const wake of this.#news) wake.wake();
  }

  async current(): Promise<Result<string, Fault>> {
    return this.fault === undefined ? ok(this.revision) : fail(this.fault);
  }

  async *list(): AsyncGenerator<Result<EventChunk, Fault>, void, undefined> {
    this.lists += 1;
    let [events, revision] = [this.stored, this.revision];
    for (let at = 0; ; ) {
      if (this.fault !== undefined) return yield fail(this.fault);
      if (at > 0 && this.expiredPages > 0) {
        this.expiredPages -= 1;
        [events, revision, at] = [this.stored, this.revision, 0];
      }
      const page = events.slice(at, at + this.pageSize);
      at += this.pageSize;
      const isLast = at >= events.length;
      yield ok({ events: page, revision: isLast ? revision : undefined });
      if (isLast) return;
    }
  }

  async *watch(
    from: string,
    signal: AbortSignal,
  ): AsyncGenerator<Result<EventChunk, Fault>, void, undefined> {
    this.watches += 1;
    let at = Number(from);
    const endMs = this.#clock.monotonicMs() + 60_000;
    const wake = new Wake();
    this.#news.add(wake);
    try {
      while (!signal.aborted && this.#clock.monotonicMs() < endMs) {
        if (this.fault !== undefined) return yield fail(this.fault);
        if (at < this.#compacted) return yield fail(new Fault('kube.gone', 'too old'));
        const events = this.#log.filter(({ revision }) => Number(revision) > at);
        at = Number(events.at(-1)?.revision ?? at);
        if (events.length > 0) yield ok({ events, revision: String(at) });
        else await wake.wait(endMs - this.#clock.monotonicMs(), this.#clock, signal);
      }
    } finally {
      this.#news.delete(wake);
    }
  }
}

/** ConfigMaps in memory, compared and swapped. */
export class MemoryBox implements TokenBox {
  #stored: StoredToken | undefined;
  #revision = 0;
  writes = 0;
  fault: Fault | undefined;
  /** What a write waits for. */
  hold: Promise<void> | undefined;

  get data(): Readonly<Record<string, string>> | undefined {
    return this.#stored?.data;
  }

  set(data: Readonly<Record<string, string>> | undefined): void {
    this.#revision += 1;
    this.#stored = data && { data, annotations: {}, revision: String(this.#revision) };
  }

  async read(): Promise<Result<StoredToken | undefined, Fault>> {
    return this.fault === undefined ? ok(this.#stored) : fail(this.fault);
  }

  async write(
    _name: string,
    content: Pick<StoredToken, 'data' | 'annotations'>,
    revision: string | undefined,
  ): Promise<Result<StoredToken, Fault>> {
    await this.hold;
    if (this.fault !== undefined) return fail(this.fault);
    if (this.#stored?.revision !== revision) return fail(new Fault('kube.conflict', 'another was faster'));
    this.writes += 1;
    this.set(content.data);
    return ok(this.#stored as StoredToken);
  }
}

/** What Datadog got, and what it answers. */
export class MemorySink implements EventSink {
  readonly taken: DatadogEvent[] = [];
  attempts = 0;
  answer: (event: DatadogEvent) => Fault | undefined | Promise<Fault | undefined> = () => undefined;

  async send(event: DatadogEvent): Promise<Result<undefined, Fault>> {
    this.attempts += 1;
    const fault = await this.answer(event);
    if (fault !== undefined) return fail(fault);
    this.taken.push(event);
    return ok(undefined);
  }

  get text(): string {
    return this.taken.map(({ text }) => text).join('\n');
  }

  /** Whether it knows of an event by the message that `clusterEvent` gives it. */
  knows(uid: string): boolean {
    return this.text.includes(`: about ${uid}\n`);
  }

  /** How often it was told of an event. */
  times(uid: string): number {
    return this.text.split(`: about ${uid}\n`).length - 1;
  }
}

export const unreachable = new Fault('datadog.unreachable', 'api.datadoghq.com answered 503');

/** A replica that collects while `setLeader(true)`. */
export function collecting(
  ports: {
    readonly clock: FakeClock;
    readonly events: MemoryEvents;
    readonly box: MemoryBox;
    readonly sink: MemorySink;
  },
  { isLeader = true, log = silentLog, unbundle = false } = {},
) {
  const stop = new AbortController();
  const listeners = new Set<() => void>();
  let leads = isLeader;
  const registry = createRegistry({ withProcessMetrics: false });
  const collector = new EventCollector(
    {
      source: ports.events,
      sink: ports.sink,
      box: ports.box,
      clock: ports.clock,
      log,
      registry,
      random: () => 0.5,
      leadership: {
        isLeader: () => leads,
        onChange: (listener) => {
          listeners.add(listener);
          return () => void listeners.delete(listener);
        },
      },
    },
    { messages: { clusterName: undefined, tags: [], unbundle }, tokenName, windowMs: 1_000 },
  );
  return {
    collector,
    registry,
    stop,
    ended: collector.run(stop.signal),
    setLeader: (is: boolean, how: 'told' | 'untold' = 'told') => {
      leads = is;
      if (how === 'untold') return;
      for (const listener of listeners) listener();
    },
  };
}
