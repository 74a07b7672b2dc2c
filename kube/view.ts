import { isDeepStrictEqual } from 'node:util';
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

/** The items and the malformed objects (key → reason) after some change. */
export interface View<T> {
  readonly items: Items<T>;
  readonly problems: ReadonlyMap<string, string>;
}

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

/**
 * The view after some events, in order. Where nothing that counts has changed, its items are the very same
 * map.
 */
export function applyEvents<T>(
  view: View<T>,
  events: readonly WatchEvent<T>[],
  isEqual: (a: T, b: T) => boolean = isDeepStrictEqual,
): View<T> {
  const items = new Draft(view.items);
  const problems = new Draft(view.problems);
  for (const event of events) {
    if (event.kind === 'delete') {
      items.delete(event.key);
      problems.delete(event.key);
    } else if (event.kind === 'put') {
      const { key, item, problem } = event.slimmed;
      const before = items.get(key);
      if (item === undefined) items.delete(key);
      else if (before === undefined || !isEqual(before, item)) items.set(key, item);
      if (problem === undefined) problems.delete(key);
      else problems.set(key, problem);
    }
  }
  return { items: items.done(), problems: problems.done() };
}

/**
 * The view after a full list. Equal items stay the same objects, and where all are equal, the map stays the
 * same.
 */
export function applyList<T>(
  view: View<T>,
  listed: readonly Slimmed<T>[],
  isEqual: (a: T, b: T) => boolean = isDeepStrictEqual,
): View<T> {
  const items = new Map<string, T>();
  const problems = new Map<string, string>();
  let isSame = true;
  for (const { key, item, problem } of listed) {
    if (problem !== undefined) problems.set(key, problem);
    if (item === undefined) continue;
    const before = view.items.get(key);
    const isUnchanged = before !== undefined && isEqual(before, item);
    isSame &&= isUnchanged;
    items.set(key, isUnchanged ? before : item);
  }
  return { items: isSame && items.size === view.items.size ? view.items : items, problems };
}

/** A map that is copied at its first change only. */
class Draft<T> {
  readonly #from: ReadonlyMap<string, T>;
  #copy: Map<string, T> | undefined;

  constructor(from: ReadonlyMap<string, T>) {
    this.#from = from;
  }

  get(key: string): T | undefined {
    return (this.#copy ?? this.#from).get(key);
  }

  set(key: string, value: T): void {
    this.#copy ??= new Map(this.#from);
    this.#copy.set(key, value);
  }

  delete(key: string): void {
    if (!(this.#copy ?? this.#from).has(key)) return;
    this.#copy ??= new Map(this.#from);
    this.#copy.delete(key);
  }

  done(): ReadonlyMap<string, T> {
    return this.#copy ?? this.#from;
  }
}
