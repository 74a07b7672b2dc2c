/** How much is remembered. */
export interface HistoryBounds {
  /** For each series. */
  readonly points: number;
  readonly maxSeries: number;
}

/**
 * The last values of many series, in memory: one ring of instants for all, and a ring of numbers for each. A series that is
 * not in a sample is forgotten; beyond the bound new ones are not taken. Takes 8 bytes for each point of each series.
 */
export class History {
  readonly #bounds: HistoryBounds;
  readonly #timesMs: Float64Array;
  readonly #series = new Map<string, Float64Array>();
  #next = 0;
  #filled = 0;

  constructor(bounds: HistoryBounds) {
    this.#bounds = bounds;
    this.#timesMs = new Float64Array(bounds.points);
  }

  /** @param values of all series that there are now; NaN for one without a value */
  sample(atMs: number, values: ReadonlyMap<string, number>): void {
    for (const key of this.#series.keys()) if (!values.has(key)) this.#series.delete(key);
    this.#timesMs[this.#next] = atMs;
    for (const [key, value] of values) this.#ringOf(key)?.fill(value, this.#next, this.#next + 1);
    this.#next = (this.#next + 1) % this.#bounds.points;
    this.#filled = Math.min(this.#filled + 1, this.#bounds.points);
  }

  has(key: string): boolean {
    return this.#series.has(key);
  }

  /** The oldest first. */
  timesMs(): readonly number[] {
    return this.#inOrder(this.#timesMs);
  }

  /** As many as there are instants; `null` where there was no value. Empty for a series without a history. */
  read(key: string): readonly (number | null)[] {
    const ring = this.#series.get(key);
    return ring === undefined ? [] : this.#inOrder(ring).map((value) => (Number.isNaN(value) ? null : value));
  }

  get bytes(): number {
    return (this.#series.size + 1) * this.#timesMs.byteLength;
  }

  #ringOf(key: string): Float64Array | undefined {
    const known = this.#series.get(key);
    if (known !== undefined || this.#series.size >= this.#bounds.maxSeries) return known;
    const ring = new Float64Array(this.#bounds.points).fill(Number.NaN);
    this.#series.set(key, ring);
    return ring;
  }

  #inOrder(ring: Float64Array): readonly number[] {
    const { points } = this.#bounds;
    const first = this.#next - this.#filled + points;
    return Array.from({ length: this.#filled }, (_, at) => ring[(first + at) % points] ?? Number.NaN);
  }
}

/** One hour at the refresh period; where that is short, as far back as `mostPoints` reach. */
export function historyPoints(periodMs: number): number {
  return Math.max(2, Math.min(mostPoints, Math.ceil(3_600_000 / periodMs)));
}

const mostPoints = 720;
