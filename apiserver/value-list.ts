import type { MetricRecord, Point } from '../core/metric.js';
import { toQuantity } from './quantity.js';
import { apiGroup, apiVersion } from './request-path.js';

/** One value of an external metric, as `external.metrics.k8s.io/v1beta1` names its parts. */
export interface ExternalMetricValue {
  readonly metricName: string;
  readonly metricLabels: Readonly<Record<string, string>>;
  /** RFC 3339 in UTC, to the second: the point's own time. */
  readonly timestamp: string;
  /** A Kubernetes quantity. */
  readonly value: string;
}

/** The answer to a read of a metric. */
export interface ExternalMetricValueList {
  readonly kind: 'ExternalMetricValueList';
  readonly apiVersion: typeof groupVersion;
  readonly metadata: Readonly<Record<string, never>>;
  readonly items: readonly ExternalMetricValue[];
}

/** Group and version as objects write them. */
export const groupVersion = `${apiGroup}/${apiVersion}` as const;

/**
 * The answer for a valid record: exactly one item, since the HPA controller adds up all that it gets. Its labels are
 * the equalities of the selector, which hold of the value for certain.
 */
export function toValueList({
  key,
  point,
}: MetricRecord & { readonly point: Point }): ExternalMetricValueList {
  const labels = key.selector.flatMap((requirement) => {
    if (requirement.operator !== 'in') return [];
    const [value, ...others] = requirement.values;
    return value === undefined || others.length > 0 ? [] : [[requirement.key, value] as const];
  });
  const item = {
    metricName: key.name,
    metricLabels: Object.fromEntries(labels),
    timestamp: toTimestamp(point.observedAtMs),
    value: toQuantity(point.value),
  };
  return { kind: 'ExternalMetricValueList', apiVersion: groupVersion, metadata: {}, items: [item] };
}

function toTimestamp(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19)}Z`;
}
