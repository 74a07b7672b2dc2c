/** A record of the latest entries; older ones are forgotten, so that a long run does not fill the memory. */
export class Recent<T> {
  readonly #maxEntries: number;
  #entries: T[] = [];

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  /** A new list each time, oldest first. */
  get list(): readonly T[] {
    return this.#maxEntries === 0 ? [] : this.#entries.slice(-this.#maxEntries);
  }

  add(entry: T): void {
    this.#entries.push(entry);
    if (this.#entries.length > 2 * this.#maxEntries) this.#entries = [...this.list];
  }

  clear(): void {
    this.#entries = [];
  }
}
