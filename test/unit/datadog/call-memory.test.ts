import { expect } from 'chai';
import { CallMemory } from '../../../datadog/call-memory.js';
import { recentPoints } from '../../../datadog/recent-points.js';
import { FakeClock } from '../../fake-clock.js';

const series = (...points: readonly (readonly [number, number | null])[]) => [
  { pointlist: points as [number, number][] },
];
const call = { atMs: 1, tookMs: 2, batchSize: 1 };

describe('the last points of a series', () => {
  it('are the newest five by their own times, with nulls as nulls', () => {
    const found = recentPoints(series([1, 1], [2, 2], [7, 7], [4, null], [5, 5], [6, 6]), 6);
    expect(found).to.deep.equal({
      series: 1,
      count: 6,
      timesMs: [2, 4, 5, 6, 7],
      values: [2, null, 5, 6, 7],
    });
  });

  it('hold the chosen one, however many nulls came after it', () => {
    const { timesMs, values } = recentPoints(
      series([1, 10], [2, 20], [3, null], [4, null], [5, null], [6, null], [7, null]),
      1,
    );
    expect([timesMs, values]).to.deep.equal([
      [1, 4, 5, 6, 7],
      [10, null, null, null, null],
    ]);
  });

  it('count the series, and leave out what is no point', () => {
    const odd = [{ pointlist: [[1, 2], 'x', ['y', 3], [Number.NaN, 1]] as never }, {}, {}];
    expect(recentPoints(odd, undefined)).to.deep.equal({ series: 3, count: 4, timesMs: [1], values: [2] });
    expect(recentPoints([], undefined)).to.deep.equal({ series: 0, count: 0, timesMs: [], values: [] });
  });
});

describe('the memory of calls', () => {
  it('keeps the points of the last answer through failed calls, and drops them when an answer has none', () => {
    const memory = new CallMemory(new FakeClock());
    const points = recentPoints(series([1, 1]), 1);
    memory.note(['q', 'r'], call, new Map([['q', points]]));
    expect(memory.of('q')).to.deep.equal({ call, points });
    expect(memory.of('r')?.points?.series).to.equal(0);
    const failed = { ...call, fault: { code: 'datadog.unreachable', message: 'gone' } } as const;
    memory.note(['q'], failed, undefined);
    expect(memory.of('q')).to.deep.equal({ call: failed, points });
    memory.note(['q'], call, new Map());
    expect(memory.of('q')?.points?.count).to.equal(0);
    expect(memory.of('unasked')).to.equal(undefined);
  });

  it('forgets what nobody has asked for an hour', async () => {
    const clock = new FakeClock();
    const memory = new CallMemory(clock);
    memory.note(['q'], call, new Map());
    await clock.advance(3_600_001);
    expect(memory.of('q')).to.equal(undefined);
  });
});
