const largestMilli = 9_223_372_036_854_775_807n;
const suffixes = ['m', '', 'k', 'M', 'G', 'T', 'P', 'E'] as const;

/**
 * A number as a canonical Kubernetes quantity: no fraction and the largest suffix that keeps it whole
 * (`1500m`, `10k`, `0`), exact to the milli as the HPA controller reads it.
 *
 * A number that Kubernetes cannot hold or an autoscaler must not see (NaN, infinite, negative, beyond 64-bit
 * milli-units) is a `RangeError`: judging has refused it long before.
 */
export function toQuantity(value: number): string {
  let rest = toMilli(value);
  if (rest === 0n) return '0';
  let suffix = 0;
  while (rest % 1000n === 0n && suffix < suffixes.length - 1) {
    rest /= 1000n;
    suffix += 1;
  }
  return `${rest}${suffixes[suffix]}`;
}

/**
 * Thousandths, rounded to the nearest nano first, so that binary noise such as 0.1 + 0.2 adds nothing, and then up,
 * as `Quantity.MilliValue` does.
 */
export function toMilli(value: number): bigint {
  if (!Number.isFinite(value) || value < 0 || value > Number(largestMilli)) throw outOfRange(value);
  // `toFixed` works on the exact value of the double, unlike a multiplication.
  const [whole = '0', fraction = ''] = value.toFixed(9).split('.');
  const milli = (BigInt(whole + fraction) + 999_999n) / 1_000_000n;
  if (milli > largestMilli) throw outOfRange(value);
  return milli;
}

function outOfRange(value: number): RangeError {
  return new RangeError(
    `expected a number from 0 to ${largestMilli} thousandths for a quantity, got ${value}`,
  );
}
