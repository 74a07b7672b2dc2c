import { isDeepStrictEqual } from 'node:util';
import type { Mirror } from './mirror.js';
import type { Items, Slimmed, WatchEvent } from './view.js';

/**
 * A collection as a map that is never changed: it is replaced, whole, by complete lists and by events. Equal items stay
 * the objects they were, and where nothing that counts has changed, the map stays the same.
 */
export class Snapshot<T> implements Mirror<T> {
  readonly #isEqual: (a: T, b: T) => boolean;
  #items: Items<T> = new Map();
  #listed = new Map<string, T>();

  constructor(isEqual: (a: T, b: T) => boolean = isDeepStrictEqual) {
    this.#isEqual = isEqual;
  }

  items(): Items<T> {
    return this.#items;
  }

  begin(): void {
    this.#listed = new Map();
  }

  list(page: readonly Slimmed<T>[]): void {
    for (const { key, item } of page) {
      if (item === undefined) continue;
      const before = this.#items.get(key);
      this.#listed.set(key, before !== undefined && this.#isEqual(before, item) ? before : item);
    }
  }

  complete(): boolean {
    const listed = this.#listed;
    this.#listed = new Map();
    const isSame =
      listed.size === this.#items.size && [...listed].every(([key, item]) => this.#items.get(key) === item);
    if (!isSame) this.#items = listed;
    return !isSame;
  }

  apply(events: readonly WatchEvent<T>[]): boolean {
    const draft = new Draft(this.#items);
    for (const event of events) {
      if (event.kind === 'delete') draft.delete(event.key);
      else if (event.kind === 'put') this.#put(draft, event.slimmed);
    }
    const before = this.#items;
    this.#items = draft.done();
    return this.#items !== before;
  }

  #put(draft: Draft<T>, { key, item }: Slimmed<T>): void {
    const before = draft.get(key);
    if (item === undefined) draft.delete(key);
    else if (before === undefined || !this.#isEqual(before, item)) draft.set(key, item);
  }
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
