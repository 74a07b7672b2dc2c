/** A list of functions to call when something changes. A listener that throws is a bug of the listener's. */
export class Listeners {
  readonly #all = new Set<() => void>();

  /** Adds a listener; the answer removes it. */
  add(listener: () => void): () => void {
    const own = (): void => listener();
    this.#all.add(own);
    return () => void this.#all.delete(own);
  }

  notify(): void {
    for (const listener of [...this.#all]) listener();
  }
}
