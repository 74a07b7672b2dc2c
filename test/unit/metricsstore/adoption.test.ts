import { expect } from 'chai';
import fc from 'fast-check';
import { type MetricId, type MetricRecord, metricId } from '../../../core/metric.js';
import { atOnce, type Pace } from '../../../core/pace.js';
import { Adoption } from '../../../metricsstore/adoption.js';
import { encodeRecord } from '../../../metricsstore/codec.js';
import type { StoredShard } from '../../../metricsstore/shard-content.js';
import { ShardReader } from '../../../metricsstore/shard-reader.js';
import { Store } from '../../../metricsstore/store.js';
import { FakeClock } from '../../fake-clock.js';
import { valid } from './replica-scene.js';

const atMs = Date.UTC(2026, 0, 1);
const holding = (...records: readonly MetricRecord[]): StoredShard => ({
  data: Object.fromEntries(records.map(encodeRecord).map(({ key, value }) => [key, value])),
  annotations: {},
  revision: '1',
});

/** `meanwhile` is done once, between the first two steps of the next work. */
function scene() {
  const clock = new FakeClock();
  const store = new Store(clock);
  const reader = new ShardReader(() => {});
  let meanwhile = (): void => {};
  const pace: Pace = {
    run: async (work) => {
      const first = work.next();
      const act = meanwhile;
      meanwhile = () => {};
      act();
      return first.done === true ? first.value : atOnce(work);
    },
  };
  const adoption = new Adoption({ store, reader, clock, pace });
  let shards: (StoredShard | undefined)[] = [];
  let isStill = true;
  return {
    clock,
    store,
    set: (...next: (StoredShard | undefined)[]) => {
      shards = next;
    },
    meanwhile: (act: () => void) => {
      meanwhile = act;
    },
    end: () => {
      isStill = false;
    },
    adopt: () =>
      adoption.adopt(
        () => shards,
        () => isStill,
      ),
    takeOver: () =>
      adoption.takeOver(
        () => shards,
        () => isStill,
      ),
    records: () => [...store.snapshot.values()].map(({ record }) => record),
  };
}

describe('the adoption of what a leader wrote', () => {
  it('brings what a shard that has changed says, and leaves the rest the same objects', async () => {
    const { store, set, adopt, records } = scene();
    const [first, second] = [holding(valid('a'), valid('b')), holding(valid('c'))];
    set(first, second);
    await adopt();
    const kept = store.get('shop/c?' as MetricId);
    set(holding(valid('a', 2), valid('d')), second);
    await adopt();
    expect(records()).to.have.deep.members([valid('a', 2), valid('d'), valid('c')]);
    expect(store.get('shop/c?' as MetricId)).to.equal(kept);
  });

  it('changes nothing when this replica leads by the end', async () => {
    const { set, adopt, end, meanwhile, records } = scene();
    set(holding(valid('a')));
    meanwhile(end);
    await adopt();
    expect(records()).to.deep.equal([]);
  });

  it('is made good the next time when somebody else filled the store meanwhile', async () => {
    const { store, set, adopt, meanwhile, records } = scene();
    set(holding(valid('a')));
    await adopt();
    set(holding(valid('b')));
    const strange = valid('x');
    meanwhile(() => store.replace(new Map([[metricId(strange.key), strange]])));
    await adopt();
    await adopt();
    expect(records()).to.deep.equal([valid('b')]);
  });

  it('says after any history just what reading everything anew would say', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const one = fc
      .record({
        name: fc.constantFrom(...names),
        value: fc.nat(3),
        age: fc.nat(3),
        isValid: fc.boolean(),
      })
      .map(({ name, value, age, isValid }): MetricRecord => {
        const record = valid(name, value, atMs - age * 1000);
        if (isValid || record.state !== 'valid') return record;
        const { key, query } = record;
        return { state: 'invalid', key, query, reason: 'stale', detail: `${value}` };
      });
    const shard = fc.option(
      fc.array(one, { maxLength: 4 }).map((all) => holding(...all)),
      {
        nil: undefined,
      },
    );
    const world = fc.array(shard, { maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(fc.array(world, { minLength: 1, maxLength: 6 }), async (worlds) => {
        const { store, set, adopt } = scene();
        for (const next of worlds) {
          const before = new Map(store.snapshot);
          set(...next);
          await adopt();
          const anew = scene();
          anew.store.replace(new Map([...before].map(([id, { record }]) => [id, record])));
          anew.set(...next);
          await anew.adopt();
          const told = (from: Store): ReadonlyMap<MetricId, MetricRecord> =>
            new Map([...from.snapshot].map(([id, { record }]) => [id, record]));
          expect(told(store)).to.deep.equal(told(anew.store));
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('a new leader', () => {
  it('goes on from a shard that comes while it takes over, and not from the one before', async () => {
    const { set, takeOver, meanwhile, records } = scene();
    set(holding(valid('a', 1, atMs - 60_000)));
    meanwhile(() => set(holding(valid('a', 2, atMs - 30_000))));
    expect(await takeOver()).to.equal(true);
    expect(records()).to.deep.equal([valid('a', 2, atMs - 30_000)]);
  });

  it('loses nothing that came into the store while it took over', async () => {
    const { store, set, takeOver, meanwhile, records } = scene();
    const fresh = valid('a', 3, atMs - 10_000);
    set(holding(valid('a', 1, atMs - 60_000)));
    meanwhile(() => store.replace(new Map([[metricId(fresh.key), fresh]])));
    expect(await takeOver()).to.equal(true);
    expect(records()).to.deep.equal([fresh]);
  });

  it('takes nothing over when it leads no more', async () => {
    const { set, takeOver, meanwhile, end, records } = scene();
    set(holding(valid('a')));
    meanwhile(end);
    expect(await takeOver()).to.equal(false);
    expect(records()).to.deep.equal([]);
  });
});
