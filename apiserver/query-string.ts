import { fail, ok, type Result } from '../core/result.js';
import { toOneLine } from './one-line.js';

/** The values of each parameter, in the order in which they came. */
export type Query = ReadonlyMap<string, readonly string[]>;

const empty: Query = new Map();

/**
 * Decodes a raw query string (without its `?`), with `+` for a space. All of it must be readable: one part that is not
 * would otherwise be a condition that silently does not count. The error says which part, and what was expected.
 */
export function parseQueryString(raw: string): Result<Query, string> {
  if (raw === '') return ok(empty);
  const query = new Map<string, string[]>();
  for (const part of raw.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = decode(equals < 0 ? part : part.slice(0, equals));
    const value = decode(equals < 0 ? '' : part.slice(equals + 1));
    if (name === undefined || value === undefined || part.includes(';')) return fail(problemOf(part));
    const values = query.get(name);
    if (values === undefined) query.set(name, [value]);
    else values.push(value);
  }
  return ok(query);
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    // The only error that decoding knows: a bad escape, or bytes that are not UTF-8.
    return undefined;
  }
}

function problemOf(part: string): string {
  const shown = toOneLine(part);
  return part.includes(';')
    ? `the query string holds a raw ';' in "${shown}": separate parameters by '&' and write ';' as %3B`
    : `the query string cannot be decoded at "${shown}": expected UTF-8, percent-encoded`;
}
