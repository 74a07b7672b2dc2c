import { expect } from 'chai';
import fc from 'fast-check';
import { type MetricRecord, metricId, type Point, pointAgeMs } from '../../../core/metric.js';
import { Store } from '../../../metricsstore/store.js';
import { FakeClock } from '../../fake-clock.js';
import { record } from '../core/arbitrary.js';

const key = { namespace: 'shop', name: 'orders', selector: [] };
const id = metricId(key);
const valid = (point: Point): MetricRecord => ({ state: 'valid', key, query: 'q', point });

function scene() {
  const clock = new FakeClock();
  const store = new Store(clock);
  let changes = 0;
  store.onChange(() => {
    changes += 1;
  });
  const hold = (one: MetricRecord): void => store.replace(new Map([[metricId(one.key), one]]));
  const ageMs = (): number | undefined => {
    const held = store.get(id);
    return held && pointAgeMs(held, clock);
  };
  return { clock, store, hold, ageMs, changes: () => changes };
}

describe('the store', () => {
  it('is empty at first', () => {
    const { store } = scene();
    expect(store.snapshot.size).to.equal(0);
    expect(store.get(id)).to.equal(undefined);
    expect([...store.list()]).to.deep.equal([]);
  });

  it('gives back what it was given', () => {
    const { clock, store, hold } = scene();
    const one = valid({ value: 5, observedAtMs: clock.nowMs() - 30_000 });
    hold(one);
    expect(store.get(id)).to.deep.equal({ record: one, ageOnArrivalMs: 30_000, arrivedAtMonotonicMs: 0 });
    expect([...store.list()].map((held) => held.record)).to.deep.equal([one]);
  });

  it('swaps the snapshot: readers keep what they took', () => {
    const { clock, store, hold } = scene();
    hold(valid({ value: 5, observedAtMs: clock.nowMs() }));
    const taken = store.snapshot;
    hold(valid({ value: 6, observedAtMs: clock.nowMs() }));
    expect(taken.get(id)?.record).to.have.nested.property('point.value', 5);
    expect(store.get(id)?.record).to.have.nested.property('point.value', 6);
  });

  it('keeps nothing that the new records do not hold', () => {
    const { store, hold } = scene();
    hold({ state: 'pending', key, query: 'q' });
    hold({ state: 'pending', key: { ...key, name: 'other' }, query: 'q' });
    expect([...store.snapshot.keys()]).to.deep.equal(['shop/other?']);
    store.replace(new Map());
    expect(store.snapshot.size).to.equal(0);
  });
});

describe('the age of a stored point', () => {
  it('counts from its own time, not from its arrival', async () => {
    const { clock, hold, ageMs } = scene();
    hold(valid({ value: 5, observedAtMs: clock.nowMs() - 45_000 }));
    await clock.advance(10_000);
    expect(ageMs()).to.equal(55_000);
  });

  it('goes on growing when the wall clock steps back, and when the same point is stored again', async () => {
    const { clock, hold, ageMs } = scene();
    const point = { value: 5, observedAtMs: clock.nowMs() - 45_000 };
    hold(valid(point));
    clock.stepWall(-3_600_000);
    await clock.advance(30_000);
    hold(valid({ ...point }));
    expect(ageMs()).to.equal(75_000);
    hold({ ...valid(point), trouble: 'down' } as MetricRecord);
    await clock.advance(30_000);
    hold({ state: 'invalid', key, query: 'q', reason: 'stale', detail: '', lastPoint: point });
    expect(ageMs()).to.equal(105_000);
  });

  it('goes on growing when a later answer gives the same bucket another value', async () => {
    const { clock, hold, ageMs } = scene();
    const observedAtMs = clock.nowMs() - 45_000;
    hold(valid({ value: 5, observedAtMs }));
    clock.stepWall(-3_600_000);
    await clock.advance(30_000);
    hold(valid({ value: 6, observedAtMs }));
    expect(ageMs()).to.equal(75_000);
  });

  it('begins anew with a newer point', async () => {
    const { clock, hold, ageMs } = scene();
    hold(valid({ value: 5, observedAtMs: clock.nowMs() - 45_000 }));
    await clock.advance(30_000);
    hold(valid({ value: 6, observedAtMs: clock.nowMs() - 40_000 }));
    expect(ageMs()).to.equal(40_000);
  });

  it('never shrinks while the point stays, whatever the wall clock and the stored records do', async () => {
    const step = fc.record({
      wall: fc.integer({ min: -1e7, max: 1e7 }),
      pass: fc.nat(60_000),
      again: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
        const { clock, hold, ageMs } = scene();
        const point = { value: 5, observedAtMs: clock.nowMs() - 45_000 };
        hold(valid(point));
        let leastMs = 45_000;
        for (const { wall, pass, again } of steps) {
          clock.stepWall(wall);
          await clock.advance(pass);
          if (again) hold(valid({ ...point }));
          leastMs += pass;
          expect(ageMs()).to.be.at.least(leastMs);
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe('listeners of the store', () => {
  it('hear of a change, an addition and a removal', () => {
    const { clock, store, hold, changes } = scene();
    hold(valid({ value: 5, observedAtMs: clock.nowMs() }));
    hold(valid({ value: 6, observedAtMs: clock.nowMs() }));
    store.replace(new Map());
    expect(changes()).to.equal(3);
  });

  it('hear of one record in the place of another, though the number stays', () => {
    const { hold, changes } = scene();
    hold({ state: 'pending', key, query: 'q' });
    hold({ state: 'pending', key: { ...key, name: 'other' }, query: 'q' });
    expect(changes()).to.equal(2);
  });

  it('hear nothing when nothing differs, and the snapshot stays the same object', () => {
    fc.assert(
      fc.property(fc.uniqueArray(record, { selector: (one) => metricId(one.key) }), (records) => {
        const { store, changes } = scene();
        const all = new Map(records.map((one) => [metricId(one.key), one]));
        store.replace(all);
        const [before, snapshot] = [changes(), store.snapshot];
        store.replace(new Map(all));
        expect(changes()).to.equal(before);
        expect(store.snapshot).to.equal(snapshot);
      }),
      { numRuns: 50 },
    );
  });

  it('see the new records when they are told', () => {
    const { store, hold } = scene();
    const seen: number[] = [];
    store.onChange(() => seen.push(store.snapshot.size));
    hold({ state: 'pending', key, query: 'q' });
    store.replace(new Map());
    expect(seen).to.deep.equal([1, 0]);
  });
});
