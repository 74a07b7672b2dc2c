import type { SeededRandom } from '../seeded-random.js';

const small = { least: 3, most: 30 };
const large = { least: 250, most: 650 };
/** Of all services; 40 in 10,000. */
const largeShare = 0.004;

/**
 * How many pods each of `services` services has, `pods` in all: the few with several hundred first, then those with
 * 3 to 30, of which the lesser sizes are the more frequent. Throws a RangeError where the pods are too few or too many.
 */
export function toServiceSizes(pods: number, services: number, random: SeededRandom): readonly number[] {
  const largeCount = Math.max(1, Math.round(services * largeShare));
  const larges = Array.from({ length: largeCount }, () => random.between(large.least, large.most));
  const rest = pods - larges.reduce((sum, size) => sum + size, 0);
  const count = services - largeCount;
  if (rest < count * small.least || rest > count * small.most)
    throw new RangeError(`${services} services cannot share ${pods} pods in sizes as they are found`);
  const drawn = Array.from({ length: count }, () => drawSmall(rest / count, random));
  return [...larges, ...toTotal(drawn, rest)];
}

/** Whether a size is one of the many, not one of the few. */
export function isSmall(size: number): boolean {
  return size <= small.most;
}

/** A power of chance has the wanted mean and prefers what is small. */
function drawSmall(mean: number, random: SeededRandom): number {
  const span = small.most - small.least;
  const power = span / Math.max(mean - small.least, 0.5) - 1;
  return small.least + Math.round(span * random.fraction() ** power);
}

/** Adds or takes one here and there, within the bounds, until the sum is right. */
function toTotal(sizes: readonly number[], total: number): readonly number[] {
  const result = [...sizes];
  let missing = total - result.reduce((sum, size) => sum + size, 0);
  while (missing !== 0) {
    const step = Math.sign(missing);
    for (const [index, size] of result.entries()) {
      if (missing === 0) break;
      if (size + step < small.least || size + step > small.most) continue;
      result[index] = size + step;
      missing -= step;
    }
  }
  return result;
}
