import { expect } from 'chai';
import { digestOf } from '../../../bench/corridor/digest.js';
import type { ReadRun } from '../../../bench/corridor/reads.js';

function run(figures: { readonly contestant: 'product' | 'peer'; readonly perSecond: number }): ReadRun {
  const { contestant, perSecond } = figures;
  return {
    way: 'bearer token',
    shape: 'one',
    size: 10,
    contestant,
    round: 0,
    load: {
      requests: 1,
      wrong: 0,
      faults: [],
      perSecond,
      latencyMs: { count: 1, p50: 1, p99: 2, p999: 3, max: 4 },
    },
    cpuMicrosPerRequest: 1_000 / perSecond,
    apiServerCpuMicrosPerRequest: 0,
  };
}

describe('the digest of runs', () => {
  const runs = [
    run({ contestant: 'product', perSecond: 10 }),
    run({ contestant: 'product', perSecond: 30 }),
    run({ contestant: 'product', perSecond: 20 }),
    run({ contestant: 'peer', perSecond: 1 }),
  ];

  it('holds the median and the spread of one contestant alone', () => {
    const digest = digestOf(runs, { way: 'bearer token', shape: 'one', contestant: 'product' });
    expect(digest?.perSecond).to.deep.equal({ median: 20, least: 10, most: 30 });
    expect(digest?.cpuMicros.median).to.equal(50);
  });

  it('is not there where nothing was measured', () => {
    expect(digestOf(runs, { way: 'aggregator', shape: 'one', contestant: 'peer' })).to.equal(undefined);
  });
});
