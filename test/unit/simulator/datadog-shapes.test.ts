import { expect } from 'chai';
import { constant, gap, ramp, replay, sine, step } from '../../../simulator/datadog-shapes.js';

describe('simulator/datadog-shapes', () => {
  it('holds a constant at all times', () => {
    expect([0, 1e9].map(constant(7))).to.deep.equal([7, 7]);
  });

  it('swings about its mean', () => {
    const shape = sine({ mean: 10, amplitude: 4, periodSeconds: 40 });
    expect([0, 10, 30].map(shape)).to.deep.equal([10, 14, 6]);
    expect(shape(20)).to.be.closeTo(10, 1e-9);
    const late = sine({ mean: 10, amplitude: 4, periodSeconds: 40, phaseSeconds: 5 });
    expect(late(15)).to.equal(14);
  });

  it('jumps at each change', () => {
    const shape = step(1, [
      { atSeconds: 100, value: 5 },
      { atSeconds: 200, value: 0 },
    ]);
    expect([99.9, 100, 199, 200, 1e9].map(shape)).to.deep.equal([1, 5, 5, 0, 0]);
  });

  it('goes straight from one value to another', () => {
    const shape = ramp({ from: 10, to: 20, startSeconds: 100, durationSeconds: 50 });
    expect([0, 100, 125, 150, 999].map(shape)).to.deep.equal([10, 10, 15, 20, 20]);
  });

  it('is empty within its gap', () => {
    expect([9, 10, 19, 20].map(gap(constant(3), 10, 20))).to.deep.equal([3, null, null, 3]);
  });

  it('plays recorded points, each until the next or for its time of holding', () => {
    const points = [
      [1000, 1],
      [1010, 2],
      [1020, null],
      [1030, 4],
    ] as const;
    expect(
      [999, 1000, 1009, 1010, 1020, 1030, 1049, 1050].map(replay(points, { holdSeconds: 20 })),
    ).to.deep.equal([null, 1, 1, 2, null, 4, 4, null]);
  });

  it('moves a recording in time and plays it again', () => {
    const points = [
      [1000, 1],
      [1010, 2],
    ] as const;
    const shape = replay(points, { startSeconds: 0, holdSeconds: 10, isRepeating: true });
    expect([-1, 0, 10, 19, 20, 30, 40].map(shape)).to.deep.equal([null, 1, 2, 2, 1, 2, 1]);
  });

  it('plays an empty recording as one long gap', () => {
    expect(replay([], { isRepeating: true })(5)).to.equal(null);
  });
});
