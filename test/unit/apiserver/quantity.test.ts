import { expect } from 'chai';
import fc from 'fast-check';
import { toMilli, toQuantity } from '../../../apiserver/quantity.js';
import { largestValue } from '../../../core/metric.js';

/** Thousandths of a canonical quantity, by the reader's side of the format. */
function milliOf(quantity: string): bigint {
  const [, digits = '', suffix = ''] = /^(\d+)([mkMGTPE]?)$/.exec(quantity) ?? expect.fail(quantity);
  return BigInt(digits) * 1000n ** BigInt(['m', '', 'k', 'M', 'G', 'T', 'P', 'E'].indexOf(suffix));
}

/** A double is exactly `mantissa / 2^1074`. */
function numeratorOver2To1074(value: number): bigint {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  const raw = bits.getBigUint64(0);
  const exponent = (raw >> 52n) & 0x7ffn;
  const fraction = raw & 0xfffffffffffffn;
  return exponent === 0n ? fraction : (fraction | (1n << 52n)) << (exponent - 1n);
}

/** The rule in whole numbers: the nearest nano, then the next thousandth up. */
function expectedMilli(value: number): bigint {
  const denominator = 1n << 1074n;
  const nano = (2n * numeratorOver2To1074(value) * 1_000_000_000n + denominator) / (2n * denominator);
  return (nano + 999_999n) / 1_000_000n;
}

describe('apiserver/quantity', () => {
  const examples: [number, string][] = [
    [0, '0'],
    [-0, '0'],
    [1, '1'],
    [1.5, '1500m'],
    [0.1 + 0.2, '300m'],
    [0.7, '700m'],
    [1000, '1k'],
    [1234, '1234'],
    [10_000, '10k'],
    [1e6, '1M'],
    [1.5e6, '1500k'],
    [1e15, '1P'],
    [0.0001, '1m'],
    [1e-9, '1m'],
    [1e-10, '0'],
    [largestValue, '9223372036854774'],
  ];
  for (const [value, quantity] of examples) {
    it(`writes ${value} as ${quantity}`, () => expect(toQuantity(value)).to.equal(quantity));
  }

  it('refuses what no autoscaler may see', () => {
    for (const value of [
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      -1,
      -1e-12,
      1e21,
      9.3e15,
    ]) {
      expect(() => toQuantity(value), String(value)).to.throw(RangeError, 'expected a number from 0 to');
    }
  });

  it('is exact to the milli, canonical, and never throws for a number in range', () => {
    const values = fc.oneof(
      fc.double({ min: 0, max: largestValue, noNaN: true }),
      fc.double({ min: 0, max: 1000, noNaN: true }),
      fc.integer({ min: 0, max: 2 ** 31 }).map((milli) => milli / 1000),
    );
    fc.assert(
      fc.property(values, (value) => {
        const quantity = toQuantity(value);
        expect(milliOf(quantity)).to.equal(expectedMilli(value));
        expect(toMilli(value)).to.equal(expectedMilli(value));
        expect(quantity).to.match(/^(0|(?!\d*000[mkMGTPE]?$)[1-9]\d*[mkMGTP]?)$/);
      }),
      { numRuns: 2000 },
    );
  });
});
