import { expect } from 'chai';
import { Fault } from '../../../core/fault.js';
import { silentLog } from '../../../core/log.js';
import { fail, ok, type Result } from '../../../core/result.js';
import type { Call, Query } from '../../../kube/api.js';
import { type EventChunk, EventLog } from '../../../kube/events.js';
import { settle } from '../../fake-clock.js';
import { fakeApi } from './fake-api.js';

const newer = '/apis/events.k8s.io/v1/events';
const older = '/api/v1/events';
const never = new AbortController().signal;
const object = (uid: string, revision: string) => ({
  metadata: { name: uid, namespace: 'ns', uid, resourceVersion: revision },
});
const page = (revision: string, items: readonly object[], next?: string) =>
  ok({ metadata: { resourceVersion: revision, ...(next && { continue: next }) }, items });

function scene(
  answer: (path: string, query: Query) => Result<unknown, Fault>,
  filteredReasons: string[] = [],
) {
  const api = fakeApi((_method, path, call: Call) => answer(path, call.query ?? {}));
  const log = new EventLog(
    { client: api, log: silentLog, random: () => 0 },
    { filteredReasons, watchSeconds: 60 },
  );
  return { api, log };
}

async function all(chunks: AsyncIterable<Result<EventChunk, Fault>>): Promise<unknown[]> {
  const seen: unknown[] = [];
  for await (const chunk of chunks)
    seen.push(
      chunk.ok ? [chunk.value.events.map(({ uid }) => uid), chunk.value.revision] : chunk.error.message,
    );
  return seen;
}

describe('the log of events', () => {
  it('lists by pages; the revision is that of the first and comes with the last', async () => {
    const { log, api } = scene((_path, { continue: next, limit }) =>
      limit === 1
        ? page('9', [])
        : next === 'p2'
          ? page('12', [object('c', '3')])
          : page('10', [object('a', '1'), object('b', '2')], 'p2'),
    );
    expect(await all(log.list(never))).to.deep.equal([
      [['a', 'b'], undefined],
      [['c'], '10'],
    ]);
    expect(api.seen.map(({ path }) => path)).to.deep.equal([newer, newer, newer]);
  });

  it('begins anew when a page has expired, but not for ever', async () => {
    const gone = fail(new Fault('kube.gone', 'expired'));
    const refusals = [gone];
    let refusal = (): Result<unknown, Fault> => refusals.shift() ?? page('11', []);
    const { log } = scene((_path, { continue: next, limit }) =>
      limit === 1 ? page('9', []) : next === undefined ? page('10', [object('a', '1')], 'p2') : refusal(),
    );
    expect(await all(log.list(never))).to.deep.equal([
      [['a'], undefined],
      [['a'], undefined],
      [[], '10'],
    ]);
    refusal = () => gone;
    expect((await all(log.list(never))).at(-1)).to.equal('expired');
  });

  for (const code of ['kube.not_found', 'kube.denied'] as const) {
    it(`reads core v1 where the newer API is ${code}`, async () => {
      const { log, api } = scene((path) =>
        path === newer ? fail(new Fault(code, 'no')) : page('10', [object('a', '1')]),
      );
      expect(await all(log.list(never))).to.deep.equal([[['a'], '10']]);
      expect(api.seen.at(-1)?.path).to.equal(older);
    });
  }

  it('names the right to grant when neither may be read, and goes back to the better one when it may', async () => {
    let isGranted = false;
    const denied = (path: string) => fail(new Fault('kube.denied', `GET ${path}: HTTP 403; grant it`));
    const { log, api } = scene((path) => (isGranted ? page('10', []) : denied(path)));
    expect(await all(log.list(never))).to.deep.equal([`GET ${newer}: HTTP 403; grant it`]);
    expect((await log.current(never)).ok).to.equal(false);
    isGranted = true;
    expect(await log.current(never)).to.deep.equal(ok('10'));
    expect(api.seen.at(-1)?.path).to.equal(newer);
  });

  it('watches: events in order, deletions passed over, bookmarks and errors', async () => {
    const { log, api } = scene(() => page('9', []));
    const chunks: unknown[] = [];
    const reading = (async () => {
      for await (const chunk of log.watch('9', never))
        chunks.push(
          chunk.ok
            ? [chunk.value.events.map(({ uid, count }) => [uid, count]), chunk.value.revision]
            : chunk.error.code,
        );
    })();
    await settle();
    const wire = api.wires[0];
    wire?.send(
      { type: 'ADDED', object: object('a', '10') },
      { type: 'MODIFIED', object: { ...object('a', '11'), count: 2 } },
    );
    await settle();
    wire?.send({ type: 'DELETED', object: object('a', '12') });
    await settle();
    wire?.send({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '20' } } });
    await settle();
    wire?.send(
      { type: 'ADDED', object: object('b', '21') },
      { type: 'ERROR', object: { code: 410, message: 'too old' } },
      { type: 'ADDED', object: object('c', '22') },
    );
    await reading;
    expect(chunks).to.deep.equal([
      [
        [
          ['a', 1],
          ['a', 2],
        ],
        '11',
      ],
      [[], '12'],
      [[], '20'],
      [[['b', 1]], '21'],
      'kube.gone',
    ]);
    expect(api.seen.at(-1)?.call.query).to.include({ watch: true, resourceVersion: '9', timeoutSeconds: 60 });
  });

  it('leaves an unreadable event out and goes on after it', async () => {
    const { log } = scene((_path, { limit }) =>
      limit === 1 ? page('9', []) : page('10', [{ metadata: { name: 'x' } }, object('a', '1')]),
    );
    expect(await all(log.list(never))).to.deep.equal([[['a'], '10']]);
  });

  it('does not ask for filtered reasons, as the server escapes them', async () => {
    const { log, api } = scene(() => page('9', []), ['Pulling', 'a,b=c']);
    await all(log.list(never));
    expect(api.seen.at(-1)?.call.query).to.include({ fieldSelector: 'reason!=Pulling,reason!=a\\,b\\=c' });
  });

  it('says what is no Kubernetes list', async () => {
    const { log } = scene(() => ok({ hello: 'proxy' }));
    expect(await all(log.list(never))).to.deep.equal([`GET ${newer}: the answer is no Kubernetes list`]);
  });
});
