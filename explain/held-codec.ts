import { fail, ok, type Result } from '../core/result.js';
import type { HeldFacts } from './facts.js';

/** What one replica tells another of metrics, by their ids. */
export interface HeldMetrics {
  readonly metrics: Readonly<Record<string, HeldFacts>>;
}

/** Reads what the leader sent. It may be of another version, so what is not as expected is refused whole. */
export function parseHeldMetrics(body: string): Result<HeldMetrics, string> {
  try {
    const parsed: unknown = JSON.parse(body);
    const metrics = fieldOf(parsed, 'metrics');
    if (isObject(metrics) && Object.values(metrics).every(isHeld)) return ok(parsed as HeldMetrics);
  } catch {
    // Said below, in the words of this door.
  }
  return fail('its answer cannot be read; is it of another version?');
}

function isHeld(held: unknown): boolean {
  const [record, call, points, answers] = ['record', 'call', 'points', 'answers'].map((field) =>
    fieldOf(held, field),
  );
  return (
    isObject(held) &&
    (record === undefined || isRecord(record)) &&
    (call === undefined ||
      ['atMs', 'tookMs', 'batchSize'].every((field) => isNumber(fieldOf(call, field)))) &&
    (points === undefined || Array.isArray(fieldOf(points, 'points'))) &&
    (answers === undefined || isObject(answers))
  );
}

function isRecord(record: unknown): boolean {
  switch (fieldOf(record, 'state')) {
    case 'pending':
      return true;
    case 'valid':
      return (
        isNumber(fieldOf(record, 'ageMs')) && isNumber(fieldOf(fieldOf(record, 'point'), 'observedAtMs'))
      );
    case 'invalid':
      return typeof fieldOf(record, 'reason') === 'string' && typeof fieldOf(record, 'detail') === 'string';
    default:
      return false;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number';
}

function fieldOf(value: unknown, field: string): unknown {
  return isObject(value) ? value[field] : undefined;
}
