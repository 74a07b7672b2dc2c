import type { Logger } from '../../../core/log.js';
import { type MetricId, type MetricRecord, metricId } from '../../../core/metric.js';
import { Replicator, type ReplicatorOptions } from '../../../metricsstore/replicator.js';
import { ShardReader } from '../../../metricsstore/shard-reader.js';
import { ShardWriter } from '../../../metricsstore/shard-writer.js';
import type { ShardLimits } from '../../../metricsstore/shards.js';
import { Store } from '../../../metricsstore/store.js';
import type { FakeClock } from '../../fake-clock.js';
import { pausing } from '../../pausing.js';
import type { MemoryShards } from './memory-shards.js';

export const base = 'datadog-custom-metrics';

export interface ReplicaSetting {
  readonly name?: string;
  readonly isLeader?: boolean;
  readonly limits?: Partial<ShardLimits>;
  readonly options?: Partial<ReplicatorOptions>;
}

/** The store, writer and replicator of one replica, on shared ConfigMaps. */
export function replica(shards: MemoryShards, clock: FakeClock, setting: ReplicaSetting = {}) {
  const view = shards.view(clock, setting.name ?? 'a');
  const lines: { readonly level: string; readonly message: string; readonly fields: object }[] = [];
  const write =
    (level: string) =>
    (fields: object, message: string): void => {
      lines.push({ level, message, fields });
    };
  const log: Logger = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: () => log,
  };
  const damage: string[] = [];
  const store = new Store(clock);
  const limits = { maxBytes: 20_000, maxShards: 32, ...setting.limits };
  const writer = new ShardWriter({ box: view, clock, pace: pausing, log }, { ...limits, name: base });
  const reader = new ShardReader((entry, problem) => damage.push(`${entry} ${problem}`));
  const listeners: (() => void)[] = [];
  let isLeader = setting.isLeader ?? false;
  const leadership = {
    isLeader: () => isLeader,
    onChange: (listener: () => void) => {
      listeners.push(listener);
      return () => {};
    },
  };
  const replicator = new Replicator(
    { box: view, store, reader, writer, leadership, clock, pace: pausing, log, random: () => 0.5 },
    {
      name: base,
      maxShards: limits.maxShards,
      localCopyRefreshMs: 30_000,
      maxSilenceMs: 90_000,
      ...setting.options,
    },
  );
  const stop = new AbortController();
  return {
    view,
    store,
    writer,
    replicator,
    lines,
    damage,
    stop,
    setLeader: (leads: boolean) => {
      isLeader = leads;
      for (const listener of listeners) listener();
    },
    run: () => replicator.run(stop.signal),
    hold: (...records: readonly MetricRecord[]) =>
      store.replace(new Map(records.map((one) => [metricId(one.key), one]))),
    ids: () => [...store.snapshot.keys()].sort() as string[],
    value: (id: string) => {
      const held = store.get(id as MetricId)?.record;
      return held?.state === 'valid' ? held.point.value : held?.state;
    },
  };
}

export type Replica = ReturnType<typeof replica>;

/** A valid record of metric `name` in namespace `shop`. */
export function valid(name: string, value = 1, observedAtMs = Date.UTC(2026, 0, 1)): MetricRecord {
  return {
    state: 'valid',
    key: { namespace: 'shop', name, selector: [] },
    query: `avg:${name}{*}.rollup(30)`,
    point: { value, observedAtMs },
  };
}

export function validMany(count: number, value = 1): MetricRecord[] {
  return Array.from({ length: count }, (_, index) => valid(`metric${String(index).padStart(5, '0')}`, value));
}
