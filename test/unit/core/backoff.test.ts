import { expect } from 'chai';
import fc from 'fast-check';
import { backoffMs } from '../../../core/backoff.js';

describe('a backoff', () => {
  const bounds = { firstMs: 1_000, capMs: 60_000 };
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

  it('doubles up to its cap', () => {
    const longest = [1, 2, 3, 4, 5, 6, 7, 8, 1_000].map((failures) =>
      Math.round(backoffMs(failures, bounds, 0.999_999_9)),
    );
    expect(longest).to.deep.equal([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  });

  it('is spread over the upper half of its wait, so that nobody waits for nothing and nobody comes back together', () => {
    expect(backoffMs(1, bounds, 0)).to.equal(500);
    expect(backoffMs(1, bounds, 0.5)).to.equal(750);
    expect(backoffMs(100, bounds, 0)).to.equal(30_000);
  });

  it('never leaves its bounds, whatever the count', () => {
    fc.assert(
      fc.property(fc.integer({ min: -5, max: 2 ** 31 }), random, (failures, spread) => {
        expect(backoffMs(failures, bounds, spread)).to.be.within(500, 60_000);
      }),
    );
  });

  it('does not shrink as failures add up', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), random, (failures, spread) => {
        expect(backoffMs(failures + 1, bounds, spread)).to.be.at.least(backoffMs(failures, bounds, spread));
      }),
    );
  });
});
