import { expect } from 'chai';
import { metricId } from '../../../core/metric.js';
import { atOnce, type Pace } from '../../../core/pace.js';
import { Store } from '../../../metricsstore/store.js';
import type { DatadogQuery } from '../../../provider/query.js';
import type { Outcome } from '../../../provider/reading.js';
import { RecordKeeper } from '../../../provider/record-keeper.js';
import type { Want } from '../../../provider/wants.js';
import { FakeClock } from '../../fake-clock.js';

const want = (name: string): Want => {
  const key = { namespace: 'shop', name, selector: [] };
  return { id: metricId(key), key, ask: { kind: 'query', query: name as DatadogQuery } };
};

function scene() {
  const clock = new FakeClock();
  const store = new Store(clock);
  let meanwhile = (): void => {};
  const pace: Pace = {
    run: async (work) => {
      const made = atOnce(work);
      const act = meanwhile;
      meanwhile = () => {};
      act();
      return made;
    },
  };
  const keeper = new RecordKeeper({ sink: store, clock, pace }, { maxAgeMs: 90_000 });
  const read = (): Outcome => ({
    kind: 'read',
    reading: { kind: 'point', point: { value: 1, observedAtMs: clock.nowMs() } },
  });
  return {
    clock,
    store,
    keeper,
    read,
    meanwhile: (act: () => void) => {
      meanwhile = act;
    },
    ids: () => [...store.snapshot.keys()] as string[],
  };
}

describe('the keeper of records', () => {
  it('keeps a record of each want and of nothing else, and counts them', async () => {
    const { keeper, read, ids } = scene();
    await keeper.keep([want('gone')], read, () => true);
    const outcomeOf = (query: DatadogQuery) => (query === 'a' ? read() : undefined);
    const count = await keeper.keep([want('a'), want('b')], outcomeOf, () => true);
    expect(count).to.deep.equal({ all: 2, valid: 1, pending: 1 });
    expect(ids()).to.deep.equal(['shop/a?', 'shop/b?']);
  });

  it('stores nothing when the lead was lost while it judged', async () => {
    const { keeper, read, meanwhile, ids } = scene();
    let leads = true;
    meanwhile(() => {
      leads = false;
    });
    expect(await keeper.keep([want('a')], read, () => leads)).to.equal(undefined);
    expect(ids()).to.deep.equal([]);
  });

  it('judges anew by what came into the store while it judged', async () => {
    const { clock, store, keeper, meanwhile } = scene();
    const { id, key } = want('a');
    const point = { value: 7, observedAtMs: clock.nowMs() - 1_000 };
    meanwhile(() => store.replace(new Map([[id, { state: 'valid', key, query: 'a', point }]])));
    await keeper.keep(
      [want('a')],
      () => undefined,
      () => true,
    );
    expect(store.get(id)?.record).to.have.nested.property('point.value', 7);
  });
});
