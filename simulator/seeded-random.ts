/** Without vowels and look-alikes, as Kubernetes draws the ends of generated names. */
const letters = [...'bcdfghjklmnpqrstvwxz2456789'];

/** Choices that look like chance and are the same for the same seed, on every machine (mulberry32). */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** From 0 up to, but not including, 1. */
  fraction(): number {
    return this.#word() / 2 ** 32;
  }

  /** A whole number; both bounds may come. */
  between(least: number, most: number): number {
    return least + Math.floor(this.fraction() * (most - least + 1));
  }

  isLikely(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** Throws a RangeError where there is nothing to pick from. */
  pick<Item extends object | string | number>(items: readonly Item[]): Item {
    const item = items[this.between(0, items.length - 1)];
    if (item === undefined) throw new RangeError('there is nothing to pick from');
    return item;
  }

  /** The end of a generated name, such as `x7k2p`. */
  suffix(length: number): string {
    return Array.from({ length }, () => this.pick(letters)).join('');
  }

  hex(length: number): string {
    let text = '';
    while (text.length < length) text += this.#word().toString(16).padStart(8, '0');
    return text.slice(0, length);
  }

  uuid(): string {
    const [a, b, c, d, e] = [this.hex(8), this.hex(4), this.hex(3), this.hex(3), this.hex(12)];
    return `${a}-${b}-4${c}-8${d}-${e}`;
  }

  /** 32 bits. */
  #word(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }
}
