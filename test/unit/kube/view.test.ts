import { expect } from 'chai';
import fc from 'fast-check';
import { nameless, parseEvent, slim } from '../../../kube/view.js';
import { named } from './fake-api.js';
import { event, slimming } from './things.js';

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
