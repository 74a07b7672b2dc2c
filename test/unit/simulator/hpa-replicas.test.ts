import { expect } from 'chai';
import { maxInt64 } from '../../../simulator/hpa-quantity.js';
import {
  clamp,
  combine,
  forAverageValue,
  forValue,
  type Proposal,
  type ReplicaCounts,
  stabilize,
} from '../../../simulator/hpa-replicas.js';

function all(replicas: number): ReplicaCounts {
  return { wanted: replicas, running: replicas, ready: replicas };
}

function reading(
  targetMilli: bigint,
  ...valuesMilli: readonly bigint[]
): { targetMilli: bigint; valuesMilli: readonly bigint[] } {
  return { targetMilli, valuesMilli };
}

function says(replicas: number): Proposal {
  return { replicas, shownMilli: 0n };
}

describe('replicas for an AverageValue target', () => {
  it('divides the sum by the target, rounded up', () => {
    expect(forAverageValue(reading(10_000n, 55_000n), all(1)).replicas).to.equal(6);
    expect(forAverageValue(reading(10_000n, 30_000n, 25_000n), all(1)).replicas).to.equal(6);
  });

  it('keeps the running replicas within the tolerance, both ends included', () => {
    expect(forAverageValue(reading(10_000n, 33_000n), all(3)).replicas).to.equal(3);
    expect(forAverageValue(reading(10_000n, 27_000n), all(3)).replicas).to.equal(3);
    expect(forAverageValue(reading(10_000n, 33_001n), all(3)).replicas).to.equal(4);
    expect(forAverageValue(reading(10_000n, 19_900n), all(3)).replicas).to.equal(2);
  });

  it('holds by what runs, not by what is wanted', () => {
    expect(forAverageValue(reading(10_000n, 30_000n), { wanted: 5, running: 3, ready: 0 }).replicas).to.equal(
      3,
    );
  });

  it('shows the average of the running replicas, rounded up', () => {
    expect(forAverageValue(reading(10_000n, 10_000n), all(3)).shownMilli).to.equal(3334n);
  });

  it('takes a negative sum for the largest there is', () => {
    const { replicas, shownMilli } = forAverageValue(reading(10_000n, -1n), all(2));
    expect(replicas).to.equal(2 ** 31 - 1);
    expect(shownMilli).to.equal(maxInt64);
  });

  it('takes an overflowing sum for the largest there is', () => {
    expect(forAverageValue(reading(1000n, maxInt64, 1n), all(2)).replicas).to.equal(2 ** 31 - 1);
  });

  it('proposes nothing for 0 where nothing runs', () => {
    expect(forAverageValue(reading(1000n, 0n), all(0)).replicas).to.equal(0);
  });
});

describe('replicas for a Value target', () => {
  it('multiplies the ready pods by the ratio, rounded up', () => {
    expect(forValue(reading(50_000n, 100_000n), all(1)).replicas).to.equal(2);
    expect(forValue(reading(50_000n, 100_000n), { wanted: 4, running: 4, ready: 2 }).replicas).to.equal(4);
    expect(forValue(reading(50_000n, 60_000n), { wanted: 4, running: 4, ready: 3 }).replicas).to.equal(4);
  });

  it('keeps the wanted replicas within the tolerance', () => {
    expect(forValue(reading(50_000n, 55_000n), { wanted: 7, running: 3, ready: 2 }).replicas).to.equal(7);
    expect(forValue(reading(50_000n, 45_000n), { wanted: 7, running: 3, ready: 2 }).replicas).to.equal(7);
    expect(forValue(reading(50_000n, 44_999n), all(10)).replicas).to.equal(9);
  });

  it('proposes none where no pod is ready', () => {
    expect(forValue(reading(50_000n, 100_000n), { wanted: 3, running: 3, ready: 0 }).replicas).to.equal(0);
  });

  it('rises from none by the ratio alone', () => {
    expect(forValue(reading(50_000n, 120_000n), all(0)).replicas).to.equal(3);
  });

  it('shows the sum', () => {
    expect(forValue(reading(50_000n, 40_000n, 2500n), all(1)).shownMilli).to.equal(42_500n);
  });
});

describe('several metrics together', () => {
  it('takes the highest proposal', () => {
    expect(combine([says(2), says(5), says(3)], 4)).to.equal(5);
  });

  it('lets a later proposal replace an earlier 0', () => {
    expect(combine([says(0), says(-1)], 4)).to.equal(-1);
    expect(combine([says(0)], 4)).to.equal(0);
  });

  it('may scale up, but not down, while one metric is unknown', () => {
    expect(combine([says(6), undefined], 4)).to.equal(6);
    expect(combine([says(4), undefined], 4)).to.equal(4);
    expect(combine([says(3), undefined], 4)).to.equal(undefined);
  });

  it('says nothing when no metric is known', () => {
    expect(combine([undefined, undefined], 4)).to.equal(undefined);
    expect(combine([], 4)).to.equal(undefined);
  });
});

describe('stabilization', () => {
  it('holds the highest recommendation of the window', () => {
    const past = [
      { atMs: 0, replicas: 9 },
      { atMs: 100, replicas: 6 },
      { atMs: 200, replicas: 4 },
    ];
    const { replicas, recommendations } = stabilize(past, { atMs: 350, replicas: 2 }, 300);
    expect(replicas).to.equal(6);
    expect(recommendations.map((one) => one.replicas)).to.deep.equal([6, 4, 2]);
  });

  it('never holds back a rise', () => {
    expect(stabilize([{ atMs: 0, replicas: 3 }], { atMs: 1, replicas: 8 }, 300).replicas).to.equal(8);
  });

  it('holds nothing with a window of 0, not even what was found at the same instant', () => {
    expect(stabilize([{ atMs: 5, replicas: 3 }], { atMs: 5, replicas: 1 }, 0).replicas).to.equal(1);
  });
});

describe('limits', () => {
  it('keeps within the bounds and says which one struck', () => {
    expect(clamp(3, 2, { min: 1, max: 5 })).to.deep.equal({ replicas: 3, reason: 'DesiredWithinRange' });
    expect(clamp(0, 2, { min: 1, max: 5 })).to.deep.equal({ replicas: 1, reason: 'TooFewReplicas' });
    expect(clamp(9, 3, { min: 1, max: 5 })).to.deep.equal({ replicas: 5, reason: 'TooManyReplicas' });
  });

  it('rises to at most twice as many, or to 4', () => {
    expect(clamp(90, 10, { min: 1, max: 50 })).to.deep.equal({ replicas: 20, reason: 'ScaleUpLimit' });
    expect(clamp(90, 1, { min: 1, max: 50 })).to.deep.equal({ replicas: 4, reason: 'ScaleUpLimit' });
  });
});
