import { expect } from 'chai';
import { ApiError } from '../../../simulator/cluster/api-error.js';
import { servedKinds } from '../../../simulator/cluster/kinds.js';
import { toListOptions } from '../../../simulator/cluster/list-options.js';
import { listPage } from '../../../simulator/cluster/listing.js';
import type { Extent } from '../../../simulator/cluster/negotiation.js';
import { fieldAt, listAt, textAt } from '../../../simulator/cluster/object.js';
import { ObjectStore } from '../../../simulator/cluster/store.js';
import { FakeClock } from '../../fake-clock.js';

/** ConfigMaps `c0` … in namespace `ns`, and pages of them. */
function scene(count: number, history = { maxEvents: 100, maxBytes: 1_000_000 }) {
  const store = new ObjectStore({ clock: new FakeClock() }, { kinds: servedKinds('v2'), history });
  const table = store.table('configmaps');
  if (table === undefined) throw new Error('no configmaps');
  const put = (name: string, value: string): unknown =>
    store.put(table, { namespace: 'ns', name }, { data: { value } });
  for (let index = 0; index < count; index += 1) put(`c${index}`, 'first');
  return {
    store,
    put,
    remove: (name: string): unknown => store.remove(table, { namespace: 'ns', name }),
    page(
      query: string,
      extent: Extent = 'whole',
    ): { readonly list: unknown; readonly names: string; readonly next: string } {
      const options = toListOptions(new URLSearchParams(query));
      const list: unknown = JSON.parse(listPage(table, store.revision, { namespace: 'ns', options, extent }));
      const names = listAt(list, 'items').map(
        (item) => `${textAt(item, 'metadata', 'name')}:${textAt(item, 'data', 'value')}`,
      );
      return { list, names: names.join(' '), next: textAt(list, 'metadata', 'continue') ?? '' };
    },
  };
}

function refusal(act: () => unknown): ApiError['status'] {
  try {
    act();
  } catch (error: unknown) {
    if (error instanceof ApiError) return error.status;
    throw error;
  }
  throw new Error('expected a refusal');
}

describe('listing', () => {
  it('has the form of a typed list, whose items name no kind', () => {
    const { list } = scene(1).page('');
    expect(list).to.deep.include({
      kind: 'ConfigMapList',
      apiVersion: 'v1',
      metadata: { resourceVersion: '1' },
    });
    expect(fieldAt(list, 'items', 0, 'kind')).to.equal(undefined);
    expect(fieldAt(list, 'items', 0, 'metadata', 'name')).to.equal('c0');
  });

  it('shows metadata alone when asked to, each with a kind', () => {
    const { list } = scene(1).page('', 'metadata');
    expect(list).to.deep.include({ kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1' });
    const [item] = listAt(list, 'items');
    expect(item).to.deep.include({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' });
    expect(textAt(item, 'metadata', 'name')).to.equal('c0');
    expect(fieldAt(item, 'data')).to.equal(undefined);
  });

  it('shows the state of its first page on all its pages', () => {
    const { page, put, remove, store } = scene(5);
    const first = page('limit=2');
    expect(first.names).to.equal('c0:first c1:first');
    expect(fieldAt(first.list, 'metadata', 'remainingItemCount')).to.equal(3);
    put('c2', 'later');
    put('c2', 'later still');
    remove('c3');
    put('c35', 'new');
    const second = page(`limit=2&continue=${first.next}`);
    expect(second.names).to.equal('c2:first c3:first');
    expect(textAt(second.list, 'metadata', 'resourceVersion')).to.equal('5');
    const third = page(`limit=2&continue=${second.next}`);
    expect(third.names).to.equal('c4:first');
    expect(third.next).to.equal('');
    expect(page('').names).to.equal('c0:first c1:first c2:later still c35:new c4:first');
    expect(store.revision).to.equal(9);
  });

  it('ends a list whose past is compacted with 410 and a token for the rest as it is now', () => {
    const { page, put, store } = scene(4);
    const first = page('limit=2');
    put('c2', 'later');
    store.compact();
    const status = refusal(() => page(`limit=2&continue=${first.next}`));
    expect(status).to.include({ code: 410, reason: 'Expired' });
    expect(status.message).to.contain(
      'The provided continue parameter is too old to display a consistent list result.',
    );
    const rest = page(`limit=9&continue=${status.metadata.continue}`);
    expect(rest.names).to.equal('c2:later c3:first');
    expect(textAt(rest.list, 'metadata', 'resourceVersion')).to.equal('5');
  });

  it('forgets the older half of a past that grows beyond its bounds', () => {
    const { page, put } = scene(3, { maxEvents: 10, maxBytes: 1_000_000 });
    const first = page('limit=1');
    for (let round = 0; round < 20; round += 1) put('c2', `${round}`);
    expect(refusal(() => page(`limit=1&continue=${first.next}`)).code).to.equal(410);
    const bySize = scene(3, { maxEvents: 1000, maxBytes: 2000 });
    const page1 = bySize.page('limit=1');
    bySize.put('c2', 'x'.repeat(3000));
    bySize.put('c2', 'y'.repeat(3000));
    expect(refusal(() => bySize.page(`limit=1&continue=${page1.next}`)).code).to.equal(410);
  });

  it('lists at an exact version, at any, and not beyond the newest', () => {
    const { page, put, store } = scene(2);
    put('c1', 'later');
    expect(page('resourceVersion=2&resourceVersionMatch=Exact').names).to.equal('c0:first c1:first');
    expect(page('resourceVersion=2&limit=5').names).to.equal('c0:first c1:first');
    expect(page('resourceVersion=2').names).to.equal('c0:first c1:later');
    expect(page('resourceVersion=0').names).to.equal('c0:first c1:later');
    expect(refusal(() => page('resourceVersion=99'))).to.deep.include({
      code: 504,
      reason: 'Timeout',
      message: 'Timeout: Too large resource version: 99, current: 3',
    });
    store.compact();
    expect(refusal(() => page('resourceVersion=2&resourceVersionMatch=Exact')).code).to.equal(410);
  });

  it('gives everything at once for any version, whatever the limit', () => {
    const { names, next } = scene(3).page('resourceVersion=0&limit=1');
    expect(names.split(' ').length).to.equal(3);
    expect(next).to.equal('');
  });

  it('refuses parameters that mean nothing', () => {
    const { page } = scene(1);
    const message = (query: string): string => refusal(() => page(query)).message;
    expect(message('resourceVersion=abc')).to.contain('parsing "abc": invalid syntax');
    expect(message('limit=x')).to.contain('unable to decode query parameter limit');
    expect(message('continue=nonsense')).to.contain('continue key is not valid');
    expect(message('resourceVersionMatch=Exact')).to.contain('forbidden unless resourceVersion is provided');
    expect(message('resourceVersion=1&resourceVersionMatch=Newest')).to.contain(
      'Unsupported value: "Newest"',
    );
    const token = Buffer.from('{"v":"meta.k8s.io/v1","rv":1,"start":"x"}').toString('base64url');
    expect(message(`resourceVersion=1&continue=${token}`)).to.contain('not allowed when using continue');
  });
});
