import { lastPointOf, type MetricId, type MetricRecord } from '../core/metric.js';
import type { Steps } from '../core/pace.js';
import type { DatadogQuery } from './query.js';
import type { RoundQueries } from './round.js';
import type { Suspects } from './suspects.js';
import type { Want } from './wants.js';

/** What decides which queries are due. */
export interface DueView {
  readonly scope: 'all' | 'new';
  readonly record: (id: MetricId) => MetricRecord | undefined;
  readonly suspects: Pick<Suspects, 'standing'>;
  readonly nowMs: number;
  /** In [0, 1): where the answered ones begin. */
  readonly random: number;
}

/** The queries that are to be asked now, each once, and `wanted`, all of those that belong to the scope. */
export function* due(
  wants: readonly Want[],
  { scope, record, suspects, nowMs, random }: DueView,
): Steps<RoundQueries & { readonly wanted: ReadonlySet<DatadogQuery> }> {
  const wanted = new Set<DatadogQuery>();
  const answered = new Set<DatadogQuery>();
  const together: DatadogQuery[] = [];
  const alone: DatadogQuery[] = [];
  for (const { id, ask } of wants) {
    yield;
    if (ask.kind !== 'query') continue;
    const { query } = ask;
    const known = record(id);
    if (scope === 'new' && known !== undefined && known.state !== 'pending') continue;
    if (known?.query === query && lastPointOf(known) !== undefined) answered.add(query);
    if (wanted.has(query)) continue;
    wanted.add(query);
    const standing = suspects.standing(query, nowMs);
    if (standing === 'trusted') together.push(query);
    else if (standing === 'alone') alone.push(query);
  }
  return { together, alone, answered: rotated([...answered], random), wanted };
}

/** Begins at a place of its own each time. */
function rotated<T>(items: readonly T[], random: number): readonly T[] {
  const start = Math.floor(random * items.length);
  return [...items.slice(start), ...items.slice(0, start)];
}
