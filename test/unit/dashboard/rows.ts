import type { AutoscalerRow, MetricRow, Overview, PageState } from '../../../dashboard/model/state.js';

/** A metric that is well, but for what a test says. */
export function metricRow(name: string, differs: Partial<MetricRow> = {}): MetricRow {
  return {
    id: `shop/${name}?`,
    namespace: 'shop',
    name,
    selector: '',
    query: `avg:${name}{*}`,
    state: 'valid',
    value: 4,
    observedAtMs: 1_000,
    reason: null,
    detail: null,
    hasHistory: true,
    uses: [],
    ...differs,
  };
}

export function autoscalerRow(name: string, differs: Partial<AutoscalerRow> = {}): AutoscalerRow {
  return {
    id: `shop/${name}`,
    minReplicas: 1,
    maxReplicas: 8,
    currentReplicas: 2,
    desiredReplicas: 2,
    troubles: [],
    metrics: [],
    ...differs,
  };
}

export const overview: Overview = {
  version: '1',
  pod: 'dca-0',
  startedAtMs: 0,
  leader: { who: 'me', name: 'dca-0' },
  replicas: [],
  unready: [],
  budget: null,
  certificateNotAfterMs: null,
  reflectors: [],
  warnings: [],
  untold: [],
  canExplain: false,
};

export function pageState(
  metrics: readonly MetricRow[],
  autoscalers: readonly AutoscalerRow[] = [],
  differs: Partial<PageState> = {},
): PageState {
  return {
    nowMs: 5_000,
    overview,
    metrics: Object.fromEntries(metrics.map((row) => [row.id, row])),
    unshownMetrics: 0,
    autoscalers: Object.fromEntries(autoscalers.map((row) => [row.id, row])),
    changes: [],
    ...differs,
  };
}
