import { type Clock, type Instant, instantOf } from '../core/clock.js';
import { type HeldRecord, lastPointOf, type MetricId, metricId, pointAgeMs } from '../core/metric.js';
import { atOnce, type Steps } from '../core/pace.js';
import { canonicalSelector } from '../core/selector.js';
import type { AutoscalerRow, Change, MetricRow, Overview, PageState, Target, Use } from './model/state.js';

/** An autoscaler as the page needs it. */
export interface PageAutoscaler extends Omit<AutoscalerRow, 'metrics'> {
  readonly metrics: readonly { readonly id: MetricId; readonly target: Target | null }[];
}

/** Where the page's content comes from; all of it from memory. */
export interface PageSources {
  readonly records: { list(): Iterable<HeldRecord> };
  readonly autoscalers: () => readonly PageAutoscaler[];
  readonly overview: () => Overview;
  readonly history: { has(key: string): boolean };
  readonly clock: Clock;
}

/**
 * Rows that were made before. One that still holds stays the same object, so that a look at thousands of metrics, of which few
 * have changed, takes little of the time in which autoscalers are answered.
 */
export class RowMemory {
  readonly metrics = new WeakMap<HeldRecord, MetricRow>();
  readonly autoscalers = new WeakMap<PageAutoscaler, AutoscalerRow>();
}

/** Beyond this many a page is no help, and its first state grows over a megabyte. */
export const mostRows = 5_000;

export function buildPageState(
  sources: PageSources,
  memory: RowMemory = new RowMemory(),
): Omit<PageState, 'changes'> {
  return atOnce(buildingPageState(sources, memory));
}

/** The same, step by step; what it sees is of the moment in which it begins. */
export function* buildingPageState(
  sources: PageSources,
  memory: RowMemory,
): Steps<Omit<PageState, 'changes'>> {
  const clock = instantOf(sources.clock);
  const autoscalers = sources.autoscalers().slice(0, mostRows);
  const records = [...sources.records.list()];
  const shown = records.slice(0, mostRows);
  const uses = yield* usesByMetric(
    autoscalers,
    new Set(shown.map((held) => memory.metrics.get(held)?.id ?? metricId(held.record.key))),
  );
  const known = { uses, clock, history: sources.history };
  const rows: MetricRow[] = [];
  for (const held of shown) {
    const row = renewed(memory.metrics.get(held), held, known);
    memory.metrics.set(held, row);
    rows.push(row);
    yield;
  }
  return {
    nowMs: clock.nowMs(),
    overview: sources.overview(),
    metrics: Object.fromEntries(rows.map((row) => [row.id, row])),
    unshownMetrics: Math.max(0, records.length - mostRows),
    autoscalers: Object.fromEntries(autoscalers.map((one) => [one.id, toAutoscalerRow(one, memory)])),
  };
}

export function withChanges(state: Omit<PageState, 'changes'>, changes: readonly Change[]): PageState {
  return { ...state, changes };
}

/** What a sample of the history holds: NaN where there is nothing to serve. */
export function sampleOf(state: Pick<PageState, 'metrics' | 'autoscalers'>): {
  readonly values: ReadonlyMap<string, number>;
  readonly replicas: ReadonlyMap<string, number>;
} {
  const served = ({ state: is, value }: MetricRow): number =>
    is === 'valid' ? (value ?? Number.NaN) : Number.NaN;
  return {
    values: new Map(Object.values(state.metrics).map((row) => [row.id, served(row)])),
    replicas: new Map(
      Object.values(state.autoscalers).map(({ id, currentReplicas }) => [id, currentReplicas ?? Number.NaN]),
    ),
  };
}

function* usesByMetric(
  autoscalers: readonly PageAutoscaler[],
  shown: ReadonlySet<string>,
): Steps<ReadonlyMap<string, readonly Use[]>> {
  const uses = new Map<string, Use[]>();
  for (const { id: autoscaler, metrics } of autoscalers) {
    for (const { id, target } of metrics) {
      if (!shown.has(id)) continue;
      const known = uses.get(id) ?? [];
      known.push({ autoscaler, target });
      uses.set(id, known);
    }
    yield;
  }
  return uses;
}

function toAutoscalerRow(autoscaler: PageAutoscaler, memory: RowMemory): AutoscalerRow {
  const known = memory.autoscalers.get(autoscaler);
  if (known !== undefined) return known;
  const row = { ...autoscaler, metrics: autoscaler.metrics.map(({ id }) => id) };
  memory.autoscalers.set(autoscaler, row);
  return row;
}

/** What a row is made of besides its record. */
interface Beside {
  readonly uses: ReadonlyMap<string, readonly Use[]>;
  readonly clock: Instant;
  readonly history: PageSources['history'];
}

const noUses: readonly Use[] = [];

/** The row of before, unless something about it has changed. */
function renewed(row: MetricRow | undefined, held: HeldRecord, beside: Beside): MetricRow {
  if (row === undefined) return toRow(held, beside);
  const isSame =
    row.hasHistory === beside.history.has(row.id) &&
    row.observedAtMs === observedAtMs(held, beside.clock) &&
    areSame(row.uses, beside.uses.get(row.id) ?? noUses);
  return isSame ? row : toRow(held, beside);
}

function areSame(a: readonly Use[], b: readonly Use[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ autoscaler, target }, at) => autoscaler === b[at]?.autoscaler && target === b[at]?.target)
  );
}

function toRow(held: HeldRecord, { uses, clock, history }: Beside): MetricRow {
  const { record } = held;
  const { key } = record;
  const id = metricId(key);
  return {
    id,
    namespace: key.namespace,
    name: key.name,
    selector: canonicalSelector(key.selector),
    query: record.query ?? null,
    state: record.state,
    value: lastPointOf(record)?.value ?? null,
    observedAtMs: observedAtMs(held, clock),
    reason: record.state === 'invalid' ? record.reason : null,
    detail: record.state === 'invalid' ? record.detail : (record.trouble ?? null),
    hasHistory: history.has(id),
    uses: uses.get(id) ?? noUses,
  };
}

/** The point's own instant, unless a clock that was set back would make it look younger than it is. */
function observedAtMs(held: HeldRecord, clock: Instant): number | null {
  const point = lastPointOf(held.record);
  const ageMs = pointAgeMs(held, clock);
  if (point === undefined || ageMs === undefined) return null;
  const byAgeMs = Math.round(clock.nowMs() - ageMs);
  return point.observedAtMs - byAgeMs > 1_000 ? byAgeMs : point.observedAtMs;
}
