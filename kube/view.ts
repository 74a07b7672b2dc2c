import { messageOf } from '../core/fault.js';
import { toText, valueAt } from './json.js';

/**
 * The slim copies of a collection, by `namespace/name` (or `name` of what lives in no namespace). Never
 * changed: replaced.
 */
export type Items<T> = ReadonlyMap<string, T>;

/** What is kept of an object. */
export interface Slimming<T> {
  /**
   * `undefined`: of no interest. A throw: malformed; its message says how, and is logged once for that
   * object.
   */
  readonly toItem: (object: unknown) => T | undefined;
  /** Whether a change can be passed over; default: deep equality. */
  readonly isEqual?: (a: T, b: T) => boolean;
}

/** One object, slimmed. */
export interface Slimmed<T> {
  readonly key: string;
  readonly item: T | undefined;
  /** Why the object cannot be used. */
  readonly problem?: string;
}

/** What one line of a watch says. */
export type WatchEvent<T> =
  | { readonly kind: 'put'; readonly slimmed: Slimmed<T>; readonly revision: string | undefined }
  | { readonly kind: 'delete'; readonly key: string; readonly revision: string | undefined }
  | { readonly kind: 'bookmark'; readonly revision: string | undefined }
  | { readonly kind: 'error'; readonly status: unknown }
  /** A kind of event that Kubernetes may add one day. */
  | { readonly kind: 'unknown' };

export const nameless = '(an object without a name)';

/** The key of an object in `Items`. */
export function objectKey(namespace: string | undefined, name: string): string {
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`;
}

/** Slims one object; whatever it holds, nothing is thrown. */
export function slim<T>(object: unknown, slimming: Slimming<T>): Slimmed<T> {
  const name = toText(valueAt(object, 'metadata', 'name'));
  if (name === undefined) return { key: nameless, item: undefined, problem: 'it has no metadata.name' };
  const key = objectKey(toText(valueAt(object, 'metadata', 'namespace')), name);
  try {
    return { key, item: slimming.toItem(object) };
  } catch (error: unknown) {
    return { key, item: undefined, problem: messageOf(error) };
  }
}

/** Reads one line of a watch. */
export function parseEvent<T>(line: unknown, slimming: Slimming<T>): WatchEvent<T> {
  const object = valueAt(line, 'object');
  const revision = toText(valueAt(object, 'metadata', 'resourceVersion'));
  switch (valueAt(line, 'type')) {
    case 'ADDED':
    case 'MODIFIED':
      return { kind: 'put', slimmed: slim(object, slimming), revision };
    case 'DELETED':
      return { kind: 'delete', key: slim(object, { toItem: () => undefined }).key, revision };
    case 'BOOKMARK':
      return { kind: 'bookmark', revision };
    case 'ERROR':
      return { kind: 'error', status: object };
    default:
      return { kind: 'unknown' };
  }
}
