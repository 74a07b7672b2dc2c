import { expect } from 'chai';
import fc from 'fast-check';
import {
  applyEvents,
  applyList,
  nameless,
  parseEvent,
  type Slimming,
  slim,
  type View,
} from '../../../kube/view.js';
import { named } from './fake-api.js';

interface Thing {
  readonly size: number;
}

const slimming: Slimming<Thing> = {
  toItem: (object) => {
    const { size } = object as { readonly size?: unknown };
    if (size === undefined) return undefined;
    if (typeof size !== 'number') throw new Error('size: expected a number');
    return { size };
  },
};

const empty: View<Thing> = { items: new Map(), problems: new Map() };
const event = (type: string, object: unknown) => parseEvent({ type, object }, slimming);
const view = (sizes: Readonly<Record<string, number>>): View<Thing> => ({
  items: new Map(Object.entries(sizes).map(([name, size]) => [`shop/${name}`, { size }])),
  problems: new Map(),
});

describe('slim', () => {
  it('keys by namespace and name, or by name alone', () => {
    expect(slim(named('a', { size: 1 }), slimming)).to.deep.equal({ key: 'shop/a', item: { size: 1 } });
    expect(slim({ metadata: { name: 'node' } }, slimming)).to.deep.equal({ key: 'node', item: undefined });
  });

  it('turns anything at all into a key and a reason, without a throw', () => {
    fc.assert(
      fc.property(fc.anything(), (object) => {
        expect(slim(object, { toItem: () => undefined }).key).to.be.a('string');
      }),
    );
    for (const object of [null, 3, [], {}, { metadata: null }, { metadata: { name: 7 } }]) {
      expect(slim(object, slimming)).to.include({ key: nameless, problem: 'it has no metadata.name' });
    }
    expect(slim(named('a', { size: 'big' }), slimming)).to.include({
      key: 'shop/a',
      problem: 'size: expected a number',
    });
  });
});

describe('parseEvent', () => {
  it('reads the five kinds, and passes over one yet unknown', () => {
    expect(event('ADDED', named('a', { size: 1 }, '5'))).to.deep.equal({
      kind: 'put',
      slimmed: { key: 'shop/a', item: { size: 1 } },
      revision: '5',
    });
    expect(event('MODIFIED', named('a', { size: 1 }, '6'))).to.include({ kind: 'put', revision: '6' });
    expect(event('DELETED', named('a', {}, '7'))).to.deep.equal({
      kind: 'delete',
      key: 'shop/a',
      revision: '7',
    });
    expect(event('BOOKMARK', { metadata: { resourceVersion: '8' } })).to.deep.equal({
      kind: 'bookmark',
      revision: '8',
    });
    expect(event('ERROR', { code: 410 })).to.deep.equal({ kind: 'error', status: { code: 410 } });
    expect(event('REPAINTED', {})).to.deep.equal({ kind: 'unknown' });
    expect(parseEvent('nonsense', slimming)).to.deep.equal({ kind: 'unknown' });
  });
});

describe('applyEvents', () => {
  it('makes a new map and leaves the old one as it was', () => {
    const before = view({ a: 1, b: 2 });
    const after = applyEvents(before, [
      event('MODIFIED', named('a', { size: 9 })),
      event('DELETED', named('b')),
    ]);
    expect([...after.items]).to.deep.equal([['shop/a', { size: 9 }]]);
    expect([...before.items]).to.deep.equal([
      ['shop/a', { size: 1 }],
      ['shop/b', { size: 2 }],
    ]);
  });

  it('keeps the very same map when nothing that counts has changed', () => {
    const before = view({ a: 1 });
    const after = applyEvents(before, [
      event('MODIFIED', named('a', { size: 1, status: 'other' })),
      event('DELETED', named('never-seen')),
      event('BOOKMARK', { metadata: { resourceVersion: '8' } }),
    ]);
    expect(after.items).to.equal(before.items);
  });

  it('drops an object that has become malformed, with a reason, and takes it back when it is well again', () => {
    const broken = applyEvents(view({ a: 1 }), [event('MODIFIED', named('a', { size: 'big' }))]);
    expect(broken.items.size).to.equal(0);
    expect([...broken.problems]).to.deep.equal([['shop/a', 'size: expected a number']]);
    const healed = applyEvents(broken, [event('MODIFIED', named('a', { size: 3 }))]);
    expect(healed.items.get('shop/a')).to.deep.equal({ size: 3 });
    expect(healed.problems.size).to.equal(0);
    expect(applyEvents(broken, [event('DELETED', named('a'))]).problems.size).to.equal(0);
  });

  it('agrees with a plain map, for any events in any batches', () => {
    const anyEvent = fc.record({
      type: fc.constantFrom('ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK'),
      name: fc.constantFrom('a', 'b', 'c'),
      size: fc.constantFrom(1, 2, 'bad', undefined),
    });
    fc.assert(
      fc.property(fc.array(fc.array(anyEvent, { maxLength: 5 }), { maxLength: 8 }), (batches) => {
        const model = new Map<string, Thing>();
        let current = empty;
        for (const batch of batches) {
          current = applyEvents(
            current,
            batch.map(({ type, name, size }) => event(type, named(name, { size }))),
          );
          for (const { type, name, size } of batch) {
            if (type === 'BOOKMARK') continue;
            if (type !== 'DELETED' && typeof size === 'number') model.set(`shop/${name}`, { size });
            else model.delete(`shop/${name}`);
          }
        }
        expect(Object.fromEntries(current.items)).to.deep.equal(Object.fromEntries(model));
      }),
    );
  });
});

describe('applyList', () => {
  const listed = (sizes: Readonly<Record<string, unknown>>) =>
    Object.entries(sizes).map(([name, size]) => slim(named(name, { size }), slimming));

  it('replaces everything, and keeps equal items as the objects they were', () => {
    const before = view({ a: 1, gone: 2 });
    const after = applyList(before, listed({ a: 1, new: 3 }));
    expect(Object.fromEntries(after.items)).to.deep.equal({ 'shop/a': { size: 1 }, 'shop/new': { size: 3 } });
    expect(after.items.get('shop/a')).to.equal(before.items.get('shop/a'));
  });

  it('keeps the very same map when the list brings nothing new', () => {
    const before = view({ a: 1, b: 2 });
    expect(applyList(before, listed({ b: 2, a: 1, other: undefined })).items).to.equal(before.items);
    expect(applyList(before, listed({ a: 1 })).items).not.to.equal(before.items);
  });

  it('forgets the problems of objects that are gone', () => {
    const before = applyList(empty, listed({ a: 'bad', b: 1 }));
    expect([...before.problems.keys()]).to.deep.equal(['shop/a']);
    expect(applyList(before, listed({ b: 1 })).problems.size).to.equal(0);
  });
});
