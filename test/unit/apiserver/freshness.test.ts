import { expect } from 'chai';
import { freshnessOf } from '../../../apiserver/freshness.js';

describe('apiserver/freshness', () => {
  const cases: [number, string][] = [
    [0, 'fresh'],
    [90_000, 'fresh'],
    [90_001, 'stale'],
    [-5_000, 'fresh'],
    [-5_001, 'future'],
    [Number.NaN, 'stale'],
    [Number.POSITIVE_INFINITY, 'stale'],
    [Number.NEGATIVE_INFINITY, 'future'],
  ];
  for (const [ageMs, freshness] of cases) {
    it(`judges an age of ${ageMs} ms as ${freshness} with a limit of 90 s`, () =>
      expect(freshnessOf(ageMs, 90_000)).to.equal(freshness));
  }
});
