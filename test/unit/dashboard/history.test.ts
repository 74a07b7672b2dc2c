import { expect } from 'chai';
import { History, historyPoints } from '../../../dashboard/history.js';

describe('History', () => {
  const values = (entries: Readonly<Record<string, number>>) => new Map(Object.entries(entries));

  it('keeps the last points, the oldest first', () => {
    const history = new History({ points: 3, maxSeries: 10 });
    for (let at = 1; at <= 5; at += 1) history.sample(at * 1_000, values({ a: at }));
    expect(history.timesMs()).to.deep.equal([3_000, 4_000, 5_000]);
    expect(history.read('a')).to.deep.equal([3, 4, 5]);
  });

  it('leaves a gap where there was no value, and before a series began', () => {
    const history = new History({ points: 4, maxSeries: 10 });
    history.sample(1, values({ a: 1 }));
    history.sample(2, values({ a: Number.NaN, b: 7 }));
    expect(history.read('a')).to.deep.equal([1, null]);
    expect(history.read('b')).to.deep.equal([null, 7]);
    expect(history.read('c')).to.deep.equal([]);
  });

  it('forgets a series that has gone, and a new one of that name begins anew', () => {
    const history = new History({ points: 4, maxSeries: 10 });
    history.sample(1, values({ a: 1 }));
    history.sample(2, values({}));
    expect(history.has('a')).to.equal(false);
    history.sample(3, values({ a: 3 }));
    expect(history.read('a')).to.deep.equal([null, null, 3]);
  });

  it('takes no more series than it may, and a new one when another has gone', () => {
    const history = new History({ points: 2, maxSeries: 2 });
    history.sample(1, values({ a: 1, b: 1, c: 1 }));
    expect(['a', 'b', 'c'].map((key) => history.has(key))).to.deep.equal([true, true, false]);
    history.sample(2, values({ b: 2, c: 2 }));
    expect(history.read('c')).to.deep.equal([null, 2]);
    expect(history.bytes).to.equal(3 * 2 * 8);
  });

  it('covers an hour at the refresh period, within bounds', () => {
    expect([30_000, 60_000, 1_000, 100, 3_600_000].map(historyPoints)).to.deep.equal([120, 60, 720, 720, 2]);
  });
});
