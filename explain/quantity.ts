const suffixes: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  '': 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const binary = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const form = /^([+-]?)(\d*)(?:\.(\d*))?(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]?|[eE][+-]?\d{1,3})$/;
const largest = 2n ** 63n - 1n;

/**
 * A Kubernetes quantity in thousandths, rounded away from zero and held within 64 bits, as the HPA controller reads it;
 * `undefined` for a text that is none.
 */
export function parseMilli(text: string): bigint | undefined {
  const match = form.exec(text);
  if (match === null) return undefined;
  const [, sign = '', whole = '', fraction = '', suffix = ''] = match;
  if (`${whole}${fraction}` === '') return undefined;
  const power = binary.indexOf(suffix) + 1;
  const exponent = power > 0 ? 0 : (suffixes[suffix] ?? Number(suffix.slice(1)));
  const digits = BigInt(`${whole}${fraction}`) * 1024n ** BigInt(power);
  const milli = shifted(digits, 3 + exponent - fraction.length);
  const held = milli > largest ? largest : milli;
  return sign === '-' ? -held : held;
}

/** `digits × 10^power`, rounded up. */
function shifted(digits: bigint, power: number): bigint {
  if (power >= 0) return digits * 10n ** BigInt(power);
  const divisor = 10n ** BigInt(-power);
  return (digits + divisor - 1n) / divisor;
}

/** A value of Datadog's as the HPA controller gets it, in thousandths: rounded to the nano, then up. */
export function toMilli(value: number): bigint {
  return parseMilli(value.toFixed(9)) ?? 0n;
}

/** Thousandths as a person writes them: `1.5`, `10`. */
export function milliText(milli: bigint): string {
  const [whole, rest] = [milli / 1000n, milli % 1000n];
  return rest === 0n
    ? String(whole)
    : `${whole}.${String(rest < 0n ? -rest : rest)
        .padStart(3, '0')
        .replace(/0+$/, '')}`;
}
