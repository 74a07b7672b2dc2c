import type { Clock } from '../core/clock.js';
import type { ClusterEvent } from '../core/cluster-event.js';
import { counter, type Registry, readGauge } from '../core/telemetry.js';
import type { DropReason } from './carrier.js';
import type { Message } from './message.js';

/** Reporters choose their reasons freely; beyond so many, all others are one. */
const mostSeries = 500;

/** What became of events since this process began. */
export interface TallyReport {
  readonly delivered: number;
  /** RFC 3339. */
  readonly lastDelivered: string | null;
  /** By why. */
  readonly dropped: Readonly<Record<string, number>>;
}

/** What became of events so far: for `/metrics`, where the first two have the names of the original agent, and for people. */
export class EventTally {
  readonly #clock: Clock;
  readonly #read;
  readonly #emitted;
  readonly #delivered;
  readonly #dropped;
  readonly #known = new Set<string>();
  readonly #droppedSoFar = new Map<DropReason, number>();
  #unsaid = new Map<DropReason, number>();
  #deliveredSoFar = 0;
  #lastDeliveredAtMs: number | undefined;

  constructor(
    { clock, registry }: { readonly clock: Clock; readonly registry: Registry },
    waiting: () => { readonly queued: number; readonly underWay: number },
  ) {
    this.#clock = clock;
    this.#read = counter(
      registry,
      'kubernetes_apiserver_kube_events',
      'Events of the cluster that were read.',
      ['kind', 'component', 'type', 'reason'],
    );
    this.#emitted = counter(registry, 'kubernetes_apiserver_emitted_events', 'Events that Datadog took.', [
      'kind',
      'type',
    ]);
    this.#delivered = counter(
      registry,
      'kubernetes_events_delivered_total',
      'Events of the cluster that Datadog has, each version counted; several make one of its events.',
      [],
    );
    this.#dropped = counter(
      registry,
      'kubernetes_events_dropped_total',
      'Events of the cluster that Datadog will never take, by why.',
      ['why'],
    );
    readGauge(
      registry,
      {
        name: 'kubernetes_events_waiting',
        help: 'Events that were read and not delivered yet.',
        label: 'where',
      },
      () => ({ queued: waiting().queued, under_way: waiting().underWay }),
    );
  }

  read({ involved: { kind }, component, type, reason }: ClusterEvent): void {
    const key = JSON.stringify([kind, component, type, reason]);
    if (this.#known.size < mostSeries) this.#known.add(key);
    const other = { kind: 'other', component: 'other', type: 'other', reason: 'other' };
    this.#read.inc(this.#known.has(key) ? { kind, component, type, reason } : other);
  }

  delivered({ sources, event }: Message): void {
    const kind = sources[0]?.involved.kind ?? '';
    const key = JSON.stringify([kind]);
    if (this.#known.size < mostSeries) this.#known.add(key);
    this.#emitted.inc({ kind: this.#known.has(key) ? kind : 'other', type: event.alertType });
    this.#delivered.inc(sources.length);
    this.#deliveredSoFar += sources.length;
    this.#lastDeliveredAtMs = this.#clock.nowMs();
  }

  dropped(events: number, why: DropReason): void {
    this.#dropped.inc({ why }, events);
    for (const counts of [this.#droppedSoFar, this.#unsaid]) counts.set(why, (counts.get(why) ?? 0) + events);
  }

  /** What was dropped since the last call, by why. */
  takeUnsaid(): ReadonlyMap<DropReason, number> {
    const unsaid = this.#unsaid;
    this.#unsaid = new Map();
    return unsaid;
  }

  describe(): TallyReport {
    const last = this.#lastDeliveredAtMs;
    return {
      delivered: this.#deliveredSoFar,
      lastDelivered: last === undefined ? null : new Date(last).toISOString(),
      dropped: Object.fromEntries(this.#droppedSoFar),
    };
  }
}
