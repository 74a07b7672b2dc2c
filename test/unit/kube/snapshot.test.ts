import { expect } from 'chai';
import fc from 'fast-check';
import { Snapshot } from '../../../kube/snapshot.js';
import { slim } from '../../../kube/view.js';
import { named } from './fake-api.js';
import { event, slimming, type Thing } from './things.js';

type Sizes = Readonly<Record<string, unknown>>;

const page = (sizes: Sizes) =>
  Object.entries(sizes).map(([name, size]) => slim(named(name, { size }), slimming));
const sizesOf = (snapshot: Snapshot<Thing>): Record<string, number> =>
  Object.fromEntries([...snapshot.items()].map(([key, { size }]) => [key, size]));

function list(snapshot: Snapshot<Thing>, ...pages: readonly Sizes[]): boolean {
  snapshot.begin();
  for (const sizes of pages) snapshot.list(page(sizes));
  return snapshot.complete();
}

function scene(sizes: Sizes): Snapshot<Thing> {
  const snapshot = new Snapshot<Thing>();
  list(snapshot, sizes);
  return snapshot;
}

describe('Snapshot', () => {
  it('makes a new map of events and leaves the old one as it was', () => {
    const snapshot = scene({ a: 1, b: 2 });
    const before = snapshot.items();
    const hasChanged = snapshot.apply([
      event('MODIFIED', named('a', { size: 9 })),
      event('DELETED', named('b')),
    ]);
    expect(hasChanged).to.equal(true);
    expect(sizesOf(snapshot)).to.deep.equal({ 'shop/a': 9 });
    expect([...before.keys()]).to.deep.equal(['shop/a', 'shop/b']);
  });

  it('keeps the very same map when nothing that counts has changed', () => {
    const snapshot = scene({ a: 1 });
    const before = snapshot.items();
    const hasChanged = snapshot.apply([
      event('MODIFIED', named('a', { size: 1, status: 'other' })),
      event('DELETED', named('never-seen')),
      event('BOOKMARK', { metadata: { resourceVersion: '8' } }),
    ]);
    expect(hasChanged).to.equal(false);
    expect(snapshot.items()).to.equal(before);
  });

  it('drops an object that has become malformed, and takes it back when it is well again', () => {
    const snapshot = scene({ a: 1 });
    snapshot.apply([event('MODIFIED', named('a', { size: 'big' }))]);
    expect(snapshot.items().size).to.equal(0);
    snapshot.apply([event('MODIFIED', named('a', { size: 3 }))]);
    expect(sizesOf(snapshot)).to.deep.equal({ 'shop/a': 3 });
  });

  it('agrees with a plain map, for any events in any batches', () => {
    const anyEvent = fc.record({
      type: fc.constantFrom('ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK'),
      name: fc.constantFrom('a', 'b', 'c'),
      size: fc.constantFrom(1, 2, 'bad', undefined),
    });
    fc.assert(
      fc.property(fc.array(fc.array(anyEvent, { maxLength: 5 }), { maxLength: 8 }), (batches) => {
        const model = new Map<string, number>();
        const snapshot = new Snapshot<Thing>();
        for (const batch of batches) {
          snapshot.apply(batch.map(({ type, name, size }) => event(type, named(name, { size }))));
          for (const { type, name, size } of batch) {
            if (type === 'BOOKMARK') continue;
            if (type !== 'DELETED' && typeof size === 'number') model.set(`shop/${name}`, size);
            else model.delete(`shop/${name}`);
          }
        }
        expect(sizesOf(snapshot)).to.deep.equal(Object.fromEntries(model));
      }),
    );
  });

  it('replaces everything by a complete list, and keeps equal items as the objects they were', () => {
    const snapshot = scene({ a: 1, gone: 2 });
    const before = snapshot.items();
    expect(list(snapshot, { a: 1 }, { new: 3 })).to.equal(true);
    expect(sizesOf(snapshot)).to.deep.equal({ 'shop/a': 1, 'shop/new': 3 });
    expect(snapshot.items().get('shop/a')).to.equal(before.get('shop/a'));
  });

  it('keeps the very same map when the list brings nothing new', () => {
    const snapshot = scene({ a: 1, b: 2 });
    const before = snapshot.items();
    expect(list(snapshot, { b: 2, a: 1, other: undefined })).to.equal(false);
    expect(snapshot.items()).to.equal(before);
    expect(list(snapshot, { a: 1 })).to.equal(true);
    expect(snapshot.items()).not.to.equal(before);
  });

  it('shows nothing of a list that is not complete', () => {
    const snapshot = scene({ a: 1 });
    snapshot.begin();
    snapshot.list(page({ half: 1 }));
    expect(sizesOf(snapshot)).to.deep.equal({ 'shop/a': 1 });
    expect(list(snapshot, { b: 2 })).to.equal(true);
    expect(sizesOf(snapshot)).to.deep.equal({ 'shop/b': 2 });
  });
});
