/** Those who want to know of a change. */
export class Subscribers {
  readonly #listeners = new Set<() => void>();

  /** The function returned takes `listener` out again. */
  add(listener: () => void): () => void {
    // A fresh function each time, so that one that is added twice is also told twice and taken out once.
    const own = (): void => listener();
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
