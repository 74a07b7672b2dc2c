import { expect } from 'chai';
import { exponentOf } from '../../../bench/corridor/growth.js';

const sizes = [1_000, 10_000, 50_000];

describe('the exponent of a cost', () => {
  it('is that by which it was made', () => {
    for (const exponent of [0, 0.5, 1, 2]) {
      const costs = sizes.map((size) => ({ size, cost: 3 * size ** exponent }));
      expect(exponentOf(costs)).to.be.closeTo(exponent, 1e-9);
    }
  });

  it('is fitted where costs scatter', () => {
    const costs = sizes.map((size, at) => ({ size, cost: size * (at === 1 ? 1.1 : 1) }));
    expect(exponentOf(costs)).to.be.within(0.95, 1.05);
  });

  it('is not known of one size, nor of a cost of nothing', () => {
    expect(exponentOf([{ size: 10, cost: 1 }])).to.deep.equal(Number.NaN);
    expect(
      exponentOf([
        { size: 10, cost: 0 },
        { size: 20, cost: 1 },
      ]),
    ).to.not.be.within(-100, 100);
  });
});
