import { expect } from 'chai';
import { metricId } from '../../../core/metric.js';
import { Store } from '../../../metricsstore/store.js';
import { FakeClock } from '../../fake-clock.js';
import { valid } from './replica-scene.js';

function scene() {
  const store = new Store(new FakeClock());
  let changes = 0;
  store.onChange(() => {
    changes += 1;
  });
  return { store, changes: () => changes, ids: () => [...store.snapshot.keys()] as string[] };
}
const [a, b] = [valid('a'), valid('b')];
const [idA, idB] = [metricId(a.key), metricId(b.key)];

describe('a draft of the next snapshot', () => {
  it('is seen by nobody before it is committed, and then whole', () => {
    const { store, changes, ids } = scene();
    const draft = store.draft();
    draft.put(idA, a);
    draft.put(idB, b);
    expect([ids(), changes()]).to.deep.equal([[], 0]);
    expect(draft.commit()).to.equal(true);
    expect([ids(), changes()]).to.deep.equal([['shop/a?', 'shop/b?'], 1]);
  });

  it('is worth nothing when another has taken the place of its base', () => {
    const { store, ids } = scene();
    const draft = store.draft();
    draft.put(idA, a);
    store.replace(new Map([[idB, b]]));
    expect(draft.commit()).to.equal(false);
    expect(ids()).to.deep.equal(['shop/b?']);
  });

  it('changes nothing when it says the same as its base', () => {
    const { store, changes } = scene();
    store.replace(new Map([[idA, a]]));
    const { snapshot } = store;
    const draft = store.draft();
    draft.put(idA, a);
    expect([draft.commit(), store.snapshot, changes()]).to.deep.equal([true, snapshot, 1]);
  });

  it('leaves out what is not put into it, and knows what there was', () => {
    const { store, ids } = scene();
    store.replace(
      new Map([
        [idA, a],
        [idB, b],
      ]),
    );
    const draft = store.draft();
    const held = store.get(idB);
    if (held !== undefined) draft.keep(idB, held);
    expect([draft.before(idA), draft.before(idB)]).to.deep.equal([a, b]);
    draft.commit();
    expect([ids(), store.get(idB)]).to.deep.equal([['shop/b?'], held]);
  });
});
