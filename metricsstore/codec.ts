import { createHash } from 'node:crypto';
import {
  type InvalidReason,
  type MetricKey,
  type MetricRecord,
  metricId,
  type Point,
  valueProblem,
} from '../core/metric.js';
import { fail, ok, type Result } from '../core/result.js';
import { canonicalSelector } from '../core/selector.js';
import { parseSelector } from '../core/selector-text.js';

/** One record as an entry of a ConfigMap's `data`. */
export interface Entry {
  readonly key: string;
  readonly value: string;
}

const keyPrefix = 'metric.';

/** Whether a key of a ConfigMap is one of ours; all others are left as they are. */
export function isRecordKey(key: string): boolean {
  return key.startsWith(keyPrefix);
}

/**
 * A record as one entry that a person can read with `kubectl get configmap -o yaml`. The key names namespace and
 * metric, and ends in a hash of the whole identity, so that two selectors of one metric never share it.
 */
export function encodeRecord(record: MetricRecord): Entry {
  return { key: entryKey(record.key), value: entryValue(record) };
}

/** The key of the entry of a metric's record, whatever the record says. */
export function entryKey(key: MetricKey): string {
  const hash = createHash('sha256').update(metricId(key)).digest('hex').slice(0, 16);
  const name = key.name
    .toLowerCase()
    .replaceAll(/[^a-z0-9_.]/g, '_')
    .slice(0, 120);
  return `${keyPrefix}${key.namespace}.${name}.${hash}`;
}

export function entryValue(record: MetricRecord): string {
  return JSON.stringify(toWire(record));
}

function toWire(record: MetricRecord): object {
  const identity = {
    metric: record.key.name,
    namespace: record.key.namespace,
    selector: canonicalSelector(record.key.selector),
    query: record.query,
    state: record.state,
  };
  switch (record.state) {
    case 'pending':
      return { ...identity, trouble: record.trouble };
    case 'valid':
      return { ...identity, ...wirePoint(record.point), trouble: record.trouble };
    case 'invalid':
      return {
        ...identity,
        reason: record.reason,
        detail: record.detail,
        ...(record.lastPoint && wirePoint(record.lastPoint)),
      };
  }
}

function wirePoint(point: Point): { readonly value: number; readonly observedAt: string } {
  return { value: point.value, observedAt: new Date(point.observedAtMs).toISOString() };
}

/**
 * Reads an entry back. The error says what is wrong with it; such an entry costs only itself.
 *
 * @param before what the entry said before: of the same metric the key is the same object, and is not read again
 */
export function decodeRecord(entry: Entry, before?: MetricRecord): Result<MetricRecord, string> {
  const fields = parseObject(entry.value);
  if (fields === undefined) return fail('is not a JSON object');
  const key = before !== undefined && isKeyOf(fields, before.key) ? ok(before.key) : parseKey(fields);
  if (!key.ok) return key;
  const point = parsePoint(fields);
  if (!point.ok) return point;
  const query = text(fields['query']);
  switch (fields['state']) {
    case 'pending':
      return ok(withTrouble({ state: 'pending', key: key.value, query }, fields));
    case 'valid':
      if (point.value === undefined) return fail('has state valid but no value');
      return ok(withTrouble({ state: 'valid', key: key.value, query, point: point.value }, fields));
    case 'invalid':
      return parseInvalid(fields, key.value, query, point.value);
    default:
      return fail("has no state; expected 'pending', 'valid' or 'invalid'");
  }
}

function parseObject(json: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(json);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
      ? (parsed as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    // The caller names the entry; the parser's own words would not help anyone.
    return undefined;
  }
}

function isKeyOf(
  fields: Readonly<Record<string, unknown>>,
  { namespace, name, selector }: MetricKey,
): boolean {
  return (
    fields['namespace'] === namespace &&
    fields['metric'] === name &&
    fields['selector'] === canonicalSelector(selector)
  );
}

function parseKey(fields: Readonly<Record<string, unknown>>): Result<MetricKey, string> {
  const namespace = text(fields['namespace']);
  const name = text(fields['metric']);
  if (namespace === undefined || namespace.includes('/')) return fail('has no namespace');
  if (name === undefined) return fail('has no metric');
  const selector = parseSelector(text(fields['selector']) ?? '');
  return selector.ok
    ? ok({ namespace, name, selector: selector.value })
    : fail(`has an unreadable selector: ${selector.error}`);
}

/** Whoever wrote it, a number that must not be served is not let in. */
function parsePoint(fields: Readonly<Record<string, unknown>>): Result<Point | undefined, string> {
  const { value, observedAt } = fields;
  if (value === undefined) return ok(undefined);
  const observedAtMs = typeof observedAt === 'string' ? Date.parse(observedAt) : Number.NaN;
  if (typeof value !== 'number' || valueProblem(value) !== undefined)
    return fail('has a value that cannot be served');
  if (Number.isNaN(observedAtMs)) return fail('has a value without the time that it was observed at');
  return ok({ value, observedAtMs });
}

const reasons: Readonly<Record<InvalidReason, true>> = {
  unaskable: true,
  ambiguous: true,
  rejected: true,
  no_series: true,
  several_series: true,
  only_nulls: true,
  not_a_number: true,
  infinite: true,
  negative: true,
  out_of_range: true,
  stale: true,
  future: true,
};

function isReason(reason: unknown): reason is InvalidReason {
  return typeof reason === 'string' && Object.hasOwn(reasons, reason);
}

function parseInvalid(
  fields: Readonly<Record<string, unknown>>,
  key: MetricKey,
  query: string | undefined,
  lastPoint: Point | undefined,
): Result<MetricRecord, string> {
  const { reason } = fields;
  if (!isReason(reason)) return fail('has state invalid without a known reason');
  const base = { state: 'invalid', key, query, reason, detail: text(fields['detail']) ?? '' } as const;
  return ok(lastPoint === undefined ? base : { ...base, lastPoint });
}

function withTrouble<R extends MetricRecord>(record: R, fields: Readonly<Record<string, unknown>>): R {
  const trouble = text(fields['trouble']);
  return trouble === undefined ? record : { ...record, trouble };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
