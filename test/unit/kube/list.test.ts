import { expect } from 'chai';
import { ok } from '../../../core/result.js';
import { listAll } from '../../../kube/list.js';
import type { Mirror } from '../../../kube/mirror.js';
import { fakeApi, listOf, named } from './fake-api.js';
import { refuse } from './fake-store.js';

const { signal } = new AbortController();
const slimming = { toItem: (object: unknown) => JSON.stringify(object).length };
const options = { collection: { path: '/things' }, pageSize: 2 };

/** Keeps the keys of what was listed since the last beginning. */
function keeper() {
  const keys: string[] = [];
  const mirror: Pick<Mirror<number>, 'begin' | 'list'> = {
    begin: () => keys.splice(0),
    list: (page) => keys.push(...page.map(({ key }) => key)),
  };
  return { keys, mirror };
}

describe('listAll', () => {
  it('reads page after page and begins the watch where the first one stood', async () => {
    const client = fakeApi((_method, _path, { query }) => {
      if (query?.['continue'] === 'p2') return listOf([named('c')], '11');
      return listOf([named('a'), named('b')], '10', 'p2');
    });
    const { keys, mirror } = keeper();
    const listed = await listAll({ client, slimming, mirror }, options, signal);
    expect(keys).to.deep.equal(['shop/a', 'shop/b', 'shop/c']);
    expect(listed.ok && listed.value).to.equal('10');
    expect(client.seen.map(({ call }) => call.query)).to.deep.equal([
      { limit: 2, continue: undefined, fieldSelector: undefined, labelSelector: undefined },
      { limit: 2, continue: 'p2', fieldSelector: undefined, labelSelector: undefined },
    ]);
  });

  it('begins anew when a page has expired, and forgets what it had', async () => {
    let expiries = 1;
    const client = fakeApi((_method, _path, { query }) => {
      if (query?.['continue'] === undefined) return listOf([named(expiries > 0 ? 'old' : 'new')], '20', 'p2');
      expiries -= 1;
      return expiries >= 0 ? refuse('kube.gone') : listOf([named('last')], '20');
    });
    const { keys, mirror } = keeper();
    const listed = await listAll({ client, slimming, mirror }, options, signal);
    expect(listed.ok).to.equal(true);
    expect(keys).to.deep.equal(['shop/new', 'shop/last']);
    expect(client.seen.length).to.equal(4);
  });

  it('gives up for now when pages expire for ever', async () => {
    const client = fakeApi((_method, _path, { query }) =>
      query?.['continue'] === undefined ? listOf([], '20', 'p2') : refuse('kube.gone'),
    );
    const { mirror } = keeper();
    const listed = await listAll({ client, slimming, mirror }, options, signal);
    expect(listed.ok || listed.error.code).to.equal('kube.gone');
    expect(client.seen.length).to.equal(8);
  });

  it('fails as a whole with any page', async () => {
    const client = fakeApi((_method, _path, { query }) =>
      query?.['continue'] === undefined
        ? listOf([named('a')], '1', 'p2')
        : refuse('kube.unreachable', 'reset'),
    );
    const { mirror } = keeper();
    const listed = await listAll({ client, slimming, mirror }, options, signal);
    expect(listed.ok || listed.error.message).to.equal('reset');
  });

  it('takes null items for none, and refuses what is no list', async () => {
    const answerOf = (body: unknown) =>
      listAll({ client: fakeApi(() => ok(body)), slimming, mirror: keeper().mirror }, options, signal);
    expect(await answerOf({ metadata: { resourceVersion: '3' }, items: null })).to.deep.equal(ok('3'));
    for (const body of [
      undefined,
      null,
      [],
      {},
      { items: [] },
      { metadata: { resourceVersion: '3' }, items: 'x' },
    ]) {
      const listed = await answerOf(body);
      expect(listed.ok || listed.error.message).to.equal('GET /things: the answer is no Kubernetes list');
    }
  });
});
