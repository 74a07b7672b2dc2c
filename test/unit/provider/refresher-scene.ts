import type { AutoscalerSpec } from '../../../core/autoscaler.js';
import type { Fault } from '../../../core/fault.js';
import { type Logger, silentLog } from '../../../core/log.js';
import type { MetricId, MetricRecord } from '../../../core/metric.js';
import { ok, type Result } from '../../../core/result.js';
import { createRegistry } from '../../../core/telemetry.js';
import { Store } from '../../../metricsstore/store.js';
import type { DatadogQuery } from '../../../provider/query.js';
import type { Reading } from '../../../provider/reading.js';
import { Refresher, type RefresherOptions } from '../../../provider/refresher.js';
import { Wants } from '../../../provider/wants.js';
import { FakeClock } from '../../fake-clock.js';
import { pausing } from '../../pausing.js';
import { HandSource } from './autoscaler-scene.js';

export type Answer = Result<ReadonlyMap<DatadogQuery, Reading>, Fault>;

export interface Call {
  readonly atMs: number;
  readonly queries: readonly DatadogQuery[];
}

/** A claim that a test changes by hand, and that tells its listeners. */
export class HandClaim {
  #listeners: (() => void)[] = [];
  #holds: boolean;

  constructor(holds: boolean) {
    this.#holds = holds;
  }

  get holds(): boolean {
    return this.#holds;
  }

  set(holds: boolean): void {
    this.#holds = holds;
    for (const listener of [...this.#listeners]) listener();
  }

  readonly onChange = (listener: () => void): (() => void) => {
    this.#listeners.push(listener);
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== listener);
    };
  };

  get listening(): number {
    return this.#listeners.length;
  }
}

/**
 * A refresher on hand-made neighbours and a real store. `answer` plays Datadog; without one, each query has a fresh
 * point of value 1.
 */
export function scene(
  setting: {
    readonly specs?: readonly AutoscalerSpec[];
    readonly answer?: (call: Call, clock: FakeClock, signal: AbortSignal) => Answer | Promise<Answer>;
    readonly isLeader?: boolean;
    readonly isPrimed?: boolean;
    readonly stored?: readonly (readonly [string, MetricRecord])[];
    readonly random?: number;
    readonly options?: Partial<RefresherOptions>;
  } = {},
) {
  const clock = new FakeClock();
  const source = new HandSource(...(setting.specs ?? []));
  const wants = new Wants({ sources: [source], log: silentLog }, { aggregator: 'avg', rollupSeconds: 30 });
  wants.follow();
  const leads = new HandClaim(setting.isLeader ?? true);
  const primed = new HandClaim(setting.isPrimed ?? true);
  const store = new Store(clock);
  store.replace(new Map(setting.stored as readonly (readonly [MetricId, MetricRecord])[] | undefined));
  const calls: Call[] = [];
  const warnings: string[] = [];
  const log: Logger = { ...silentLog, warn: (_fields, message) => warnings.push(message), child: () => log };
  const registry = createRegistry({ withProcessMetrics: false });
  const refresher = new Refresher(
    {
      wants,
      points: {
        latest: async (queries, signal) => {
          const call = { atMs: clock.monotonicMs(), queries };
          calls.push(call);
          return setting.answer?.(call, clock, signal) ?? points(queries, clock);
        },
      },
      sink: store,
      leadership: { isLeader: () => leads.holds, onChange: leads.onChange },
      priming: { isPrimed: () => primed.holds, onPrimed: primed.onChange },
      clock,
      pace: pausing,
      log,
      registry,
      random: () => setting.random ?? 0.999_999,
    },
    {
      refreshPeriodMs: 30_000,
      batchWindowMs: 10_000,
      maxQueries: 35,
      maxUrlLength: 7_000,
      maxParallelQueries: 10,
      maxAgeSeconds: 90,
      rollupSeconds: 30,
      ...setting.options,
    },
  );
  const stop = new AbortController();
  const get = (id: string): MetricRecord | undefined => store.get(id as MetricId)?.record;
  return {
    clock,
    source,
    wants,
    leads,
    primed,
    store,
    calls,
    warnings,
    registry,
    refresher,
    stop,
    get,
    run: () => refresher.run(stop.signal),
    ids: () => [...store.snapshot.keys()] as string[],
    value: (id: string) => {
      const record = get(id);
      return record?.state === 'valid' ? record.point.value : record?.state;
    },
    askedAtMs: (query?: string) =>
      calls
        .filter((call) => query === undefined || call.queries.some((one) => one.includes(query)))
        .map((call) => call.atMs),
  };
}

/** An answer with a point of `value` for each query, 45 s old as Datadog's newest full bucket is. */
export function points(
  queries: readonly DatadogQuery[],
  clock: FakeClock,
  value = 1,
  ageMs = 45_000,
): Answer {
  return ok(
    new Map(
      queries.map((query) => [
        query,
        { kind: 'point', point: { value, observedAtMs: clock.nowMs() - ageMs } },
      ]),
    ),
  );
}
