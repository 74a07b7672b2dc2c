import { expect } from 'chai';
import { formatMilli, maxInt64, parseMilli } from '../../../simulator/hpa-quantity.js';

describe('quantities as the HPA controller reads them', () => {
  const readings: readonly (readonly [string, bigint])[] = [
    ['0', 0n],
    ['12', 12_000n],
    ['1500m', 1500n],
    ['1.5', 1500n],
    ['.5', 500n],
    ['2.', 2000n],
    ['10k', 10_000_000n],
    ['1Ki', 1_024_000n],
    ['0.5Mi', 524_288_000n],
    ['1e3', 1_000_000n],
    ['15E-1', 1500n],
    ['2E', maxInt64],
    ['-3', -3000n],
    ['+3', 3000n],
  ];
  for (const [text, milli] of readings) {
    it(`reads ${text} as ${milli}m`, () => expect(parseMilli(text)).to.equal(milli));
  }

  it('rounds away from zero to whole thousandths', () => {
    expect(parseMilli('100u')).to.equal(1n);
    expect(parseMilli('-100u')).to.equal(-1n);
    expect(parseMilli('1.0001')).to.equal(1001n);
    expect(parseMilli('1n')).to.equal(1n);
  });

  it('holds what is too large at the largest 64-bit number', () => {
    expect(parseMilli('1e300')).to.equal(maxInt64);
    expect(parseMilli('-1e300')).to.equal(-maxInt64);
    expect(parseMilli('9223372036854775807m')).to.equal(maxInt64);
  });

  for (const text of ['', '.', 'm', '1 k', '1kk', '1Km', 'NaN', '0x10', '--1', '1e', '1,5']) {
    it(`refuses '${text}'`, () => expect(parseMilli(text)).to.equal(undefined));
  }

  it('writes the canonical text', () => {
    const texts = [0n, 1n, 1500n, 12_000n, 10_000_000n, 2_500_000n, -3000n].map(formatMilli);
    expect(texts).to.deep.equal(['0', '1m', '1500m', '12', '10k', '2500', '-3']);
  });
});
