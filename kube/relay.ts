import type { Mirror } from './mirror.js';
import type { Slimmed, WatchEvent } from './view.js';

/** Whoever keeps a collection in a form of its own and is told of each object. */
export interface Recipient<T> {
  /** The object is there, new or changed or as it was. Answers whether that has changed anything that counts. */
  put(key: string, item: T): boolean;
  /** The object is gone, or cannot be used. Answers whether that has changed anything that counts. */
  remove(key: string): boolean;
}

/**
 * Passes each object on as it comes and keeps nothing but its key: for collections that are too large to be copied at each
 * change, or to be held twice while they are listed anew.
 */
export class Relay<T> implements Mirror<T> {
  readonly #recipient: Recipient<T>;
  #known = new Set<string>();
  #listed = new Set<string>();
  /** Whether pages have changed anything since the last complete list, those of abandoned lists too. */
  #hasChanged = false;

  constructor(ports: { readonly recipient: Recipient<T> }) {
    this.#recipient = ports.recipient;
  }

  begin(): void {
    this.#listed = new Set();
  }

  list(page: readonly Slimmed<T>[]): void {
    for (const slimmed of page) {
      this.#hasChanged = this.#pass(slimmed) || this.#hasChanged;
      if (slimmed.item !== undefined) this.#listed.add(slimmed.key);
    }
  }

  complete(): boolean {
    const listed = this.#listed;
    this.#listed = new Set();
    for (const key of this.#known) {
      if (!listed.has(key)) this.#hasChanged = this.#remove(key) || this.#hasChanged;
    }
    const hasChanged = this.#hasChanged;
    this.#hasChanged = false;
    return hasChanged;
  }

  apply(events: readonly WatchEvent<T>[]): boolean {
    let hasChanged = false;
    for (const event of events) {
      if (event.kind === 'put') hasChanged = this.#pass(event.slimmed) || hasChanged;
      else if (event.kind === 'delete') hasChanged = this.#remove(event.key) || hasChanged;
    }
    return hasChanged;
  }

  #pass({ key, item }: Slimmed<T>): boolean {
    if (item === undefined) return this.#remove(key);
    this.#known.add(key);
    return this.#recipient.put(key, item);
  }

  #remove(key: string): boolean {
    return this.#known.delete(key) && this.#recipient.remove(key);
  }
}
