import type { MetricRow } from './state.js';

/** What of the metrics is looked at. */
export interface MetricFilter {
  /** Words, all of which must be found, in any case, in name, namespace, selector, query, reason or autoscaler. */
  readonly text: string;
  readonly state: MetricRow['state'] | 'all';
}

/** Those that fit: the invalid ones first, since somebody who looks mostly looks for them; then by id. */
export function filterMetrics(rows: readonly MetricRow[], filter: MetricFilter): readonly MetricRow[] {
  const words = filter.text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  return rows
    .filter(({ state }) => filter.state === 'all' || state === filter.state)
    .filter((row) => {
      const text = searchedText(row);
      return words.every((word) => text.includes(word));
    })
    .toSorted((a, b) => rank[a.state] - rank[b.state] || (a.id < b.id ? -1 : 1));
}

const rank: Readonly<Record<MetricRow['state'], number>> = { invalid: 0, pending: 1, valid: 2 };

function searchedText({ namespace, name, selector, query, reason, uses }: MetricRow): string {
  const parts = [namespace, name, selector, query ?? '', reason ?? '', ...uses.map((use) => use.autoscaler)];
  return parts.join(' ').toLowerCase();
}

export interface MetricCounts {
  readonly all: number;
  readonly valid: number;
  readonly invalid: number;
  readonly pending: number;
}

export function countStates(rows: readonly MetricRow[]): MetricCounts {
  const counts = { all: rows.length, valid: 0, invalid: 0, pending: 0 };
  for (const { state } of rows) counts[state] += 1;
  return counts;
}
