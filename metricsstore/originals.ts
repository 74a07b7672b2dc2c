import { isCalendarTime, type MetricRecord, valueProblem } from '../core/metric.js';
import { fromLabelSelector } from '../core/selector.js';

const keyPrefix = 'external_metric';

/** Whether an entry was written by the original agent; its keys begin so in every version. */
export function isOriginalsKey(key: string): boolean {
  return key.startsWith(keyPrefix);
}

/**
 * Reads an entry that the original agent wrote (both generations: `reference` from 1.5 on, `hpa` before), so that
 * its values go on being served after a switch. Entries without a servable value are of no use and give `undefined`.
 */
export function decodeOriginals(value: string): MetricRecord | undefined {
  const fields = parse(value);
  const owner = fields?.reference ?? fields?.hpa;
  if (fields?.valid !== true || typeof owner?.namespace !== 'string' || typeof fields.metricName !== 'string')
    return undefined;
  if (
    typeof fields.value !== 'number' ||
    valueProblem(fields.value) !== undefined ||
    typeof fields.ts !== 'number'
  )
    return undefined;
  if (!isCalendarTime(fields.ts * 1000)) return undefined;
  const matchLabels = fields.labels ?? {};
  if (Object.values(matchLabels).some((label) => typeof label !== 'string')) return undefined;
  const selector = fromLabelSelector({ matchLabels });
  if (!selector.ok) return undefined;
  return {
    state: 'valid',
    key: { namespace: owner.namespace, name: fields.metricName, selector: selector.value },
    query: undefined,
    point: { value: fields.value, observedAtMs: fields.ts * 1000 },
  };
}

interface OriginalsEntry {
  readonly metricName?: unknown;
  readonly labels?: Readonly<Record<string, string>> | null;
  readonly ts?: unknown;
  readonly reference?: { readonly namespace?: unknown } | null;
  readonly hpa?: { readonly namespace?: unknown } | null;
  readonly value?: unknown;
  readonly valid?: unknown;
}

function parse(json: string): OriginalsEntry | undefined {
  try {
    const parsed: unknown = JSON.parse(json);
    return typeof parsed === 'object' && parsed !== null ? (parsed as OriginalsEntry) : undefined;
  } catch {
    // A damaged entry of another program's is not ours to report.
    return undefined;
  }
}
