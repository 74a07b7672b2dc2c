/** What is quoted of many times. */
export interface Quantiles {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** By nearest rank; NaN where there are none. */
export function toQuantiles(times: ArrayLike<number>): Quantiles {
  const sorted = Float64Array.from(times).sort();
  const at = (share: number): number =>
    sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) };
}

/** The p99 of a usual second: the median of those of all seconds. What stops everything now and then is not in it. */
export function usualP99(dueAtMs: ArrayLike<number>, tookMs: ArrayLike<number>): number {
  const bySecond = new Map<number, number[]>();
  for (let index = 0; index < tookMs.length; index += 1) {
    const second = Math.floor(((dueAtMs[index] ?? 0) - (dueAtMs[0] ?? 0)) / 1000);
    const times = bySecond.get(second) ?? [];
    times.push(tookMs[index] ?? 0);
    bySecond.set(second, times);
  }
  return median([...bySecond.values()].map((times) => toQuantiles(times).p99));
}

export function median(values: readonly number[]): number {
  return toQuantiles(values).p50;
}
