/** Kubernetes quantities as the HPA controller reads them: whole thousandths in 64 bits. */

export const maxInt64 = 2n ** 63n - 1n;

const binary: readonly string[] = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const decimal: readonly string[] = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const quantityExpression =
  /^([+-]?)(\d*)(?:\.(\d*))?(?:(Ki|Mi|Gi|Ti|Pi|Ei)|([numkMGTPE]?)|[eE]([+-]?\d{1,4}))$/;

/**
 * Thousandths, rounded away from zero and held within 64 bits, as `Quantity.MilliValue` gives them;
 * `undefined` for a text that is no quantity.
 */
export function parseMilli(text: string): bigint | undefined {
  const match = quantityExpression.exec(text);
  if (match === null) return undefined;
  const [, sign = '', whole = '', fraction = '', binarySuffix, decimalSuffix, exponent] = match;
  if (whole === '' && fraction === '') return undefined;
  const digits = BigInt(`${whole}${fraction}`);
  const powerOfTen = 3 - fraction.length + decimalPower(decimalSuffix, exponent);
  const scaled = binarySuffix === undefined ? digits : digits * 1024n ** BigInt(binaryPower(binarySuffix));
  const milli = shift(scaled, powerOfTen);
  const held = milli > maxInt64 ? maxInt64 : milli;
  return sign === '-' ? -held : held;
}

function decimalPower(suffix: string | undefined, exponent: string | undefined): number {
  if (exponent !== undefined) return Number(exponent);
  return (decimal.indexOf(suffix ?? '') - decimal.indexOf('')) * 3;
}

function binaryPower(suffix: string): number {
  return binary.indexOf(suffix) + 1;
}

/** `digits × 10^power` for digits ≥ 0, rounded up to a whole number. */
function shift(digits: bigint, power: number): bigint {
  if (power >= 0) return digits * 10n ** BigInt(power);
  const divisor = 10n ** BigInt(-power);
  return (digits + divisor - 1n) / divisor;
}

/** The canonical text of thousandths: `1500m`, `10k`, `0`. */
export function formatMilli(milli: bigint): string {
  if (milli === 0n) return '0';
  let rest = milli;
  let at = decimal.indexOf('m');
  while (rest % 1000n === 0n && at < decimal.length - 1) {
    rest /= 1000n;
    at += 1;
  }
  return `${rest}${decimal[at] ?? ''}`;
}
