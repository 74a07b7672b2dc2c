import { expect } from 'chai';
import { Fault } from '../../../core/fault.js';
import type { Result } from '../../../core/result.js';
import type { Call, Method } from '../../../kube/api.js';
import { type ReflectionOptions, servedAt } from '../../../kube/reflection.js';
import { Reflector } from '../../../kube/reflector.js';
import { FakeClock, settle } from '../../fake-clock.js';
import { fakeApi, listOf, named, recordingLog } from './fake-api.js';
import { refuse } from './fake-store.js';

const sizeOf = (object: unknown): number | undefined => {
  const { size } = object as { readonly size?: number };
  if (size === -1) throw new Error('size: must not be negative');
  return size;
};

interface Differences extends Partial<ReflectionOptions> {
  readonly selectors?: Parameters<typeof servedAt>[1];
  readonly answer?: (method: Method, path: string, call: Call) => Result<unknown, Fault>;
}

async function scene({ answer, selectors, ...options }: Differences = {}) {
  const clock = new FakeClock();
  const log = recordingLog();
  const client = fakeApi(answer ?? (() => listOf([named('a', { size: 1 })], '10')));
  const reflector = new Reflector<number>(
    {
      client,
      clock,
      log,
      random: () => 0,
      reflected: { locate: servedAt('/things', selectors), toItem: sizeOf },
    },
    { name: 'things', ...options },
  );
  const views: Record<string, number>[] = [];
  const stop = new AbortController();
  reflector.onChange(() => views.push(Object.fromEntries(reflector.items())));
  const ended = reflector.run(stop.signal);
  await settle();
  const lists = (): number => client.seen.filter(({ method }) => method === 'GET').length;
  const watches = (): unknown[] =>
    client.seen.filter(({ method }) => method === 'WATCH').map(({ call }) => call.query?.['resourceVersion']);
  const end = async (): Promise<void> => {
    stop.abort();
    await clock.advance(1);
    await ended;
  };
  return { clock, log, client, reflector, views, lists, watches, end };
}

const put = (name: string, size: number, revision: string) => ({
  type: 'MODIFIED',
  object: named(name, { size }, revision),
});
const gone = { type: 'ERROR', object: { kind: 'Status', code: 410, message: 'too old resource version' } };

describe('Reflector', () => {
  it('lists, then watches from there with bookmarks and an end', async () => {
    const { client, reflector, views, end } = await scene({
      selectors: { fieldSelector: 'metadata.name=a', labelSelector: 'tier=web' },
    });
    expect(reflector.hasSynced()).to.equal(true);
    expect(views).to.deep.equal([{ 'shop/a': 1 }]);
    expect(client.seen[1]).to.deep.equal({
      method: 'WATCH',
      path: '/things',
      call: {
        silenceMs: 75_000,
        query: {
          watch: true,
          allowWatchBookmarks: true,
          timeoutSeconds: 60,
          resourceVersion: '10',
          fieldSelector: 'metadata.name=a',
          labelSelector: 'tier=web',
        },
      },
    });
    await end();
  });

  it('shows each batch of events once, and says nothing of those that change nothing', async () => {
    const { client, views, end } = await scene();
    client.wires[0]?.send(put('b', 2, '11'), put('a', 5, '12'));
    await settle();
    client.wires[0]?.send(put('b', 2, '13'));
    await settle();
    client.wires[0]?.send({ type: 'DELETED', object: named('a', {}, '14') });
    await settle();
    expect(views).to.deep.equal([{ 'shop/a': 1 }, { 'shop/a': 5, 'shop/b': 2 }, { 'shop/b': 2 }]);
    await end();
  });

  it('speaks at once of a watch that fell silent, shows it in its health, and says when it is over', async () => {
    const { client, clock, log, reflector, end } = await scene();
    await clock.advance(75_000);
    client.wires[0]?.fail(new Fault('kube.unreachable', 'GET /things: silent for 75000 ms'));
    await settle();
    expect(log.lines).to.deep.equal(['warn things: cannot be watched; trying again']);
    expect(reflector.health()).to.deep.equal({
      state: 'degraded',
      detail: 'things: GET /things: silent for 75000 ms; last heard of 75 s ago',
    });
    await clock.advance(1_000);
    client.wires[1]?.send({ type: 'BOOKMARK', object: named('', {}, '20') });
    await settle();
    expect(log.lines.at(-1)).to.equal('info things: the API server can be watched again');
    expect(reflector.health()).to.deep.equal({ state: 'ready' });
    await end();
  });

  it('shows in its health that the watch is silent, once that is too long', async () => {
    const { clock, reflector, end } = await scene();
    await clock.advance(75_000);
    expect(reflector.health()).to.deep.equal({ state: 'ready' });
    await clock.advance(1_000);
    expect(reflector.health()).to.deep.equal({
      state: 'degraded',
      detail: 'things: the watch is silent; last heard of 76 s ago',
    });
    await end();
  });

  it('takes a watch that breaks now and then for routine', async () => {
    const { client, clock, log, end } = await scene();
    await clock.advance(30_000);
    client.wires[0]?.fail(new Fault('kube.unreachable', 'reset'));
    await settle();
    expect(log.lines).to.deep.equal([]);
    await end();
  });

  it('tells its listeners of an empty first list', async () => {
    const { views, reflector, end } = await scene({ answer: () => listOf([], '1') });
    expect(views).to.deep.equal([{}]);
    expect(reflector.health()).to.deep.equal({ state: 'ready' });
    await end();
  });

  it('watches on from the last event or bookmark after an orderly end', async () => {
    const { clock, client, watches, lists, end } = await scene();
    client.wires[0]?.send(put('a', 2, '11'));
    client.wires[0]?.end();
    await settle();
    client.wires[1]?.send({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '40' } } });
    client.wires[1]?.end();
    await settle();
    await clock.advance(60_000);
    client.wires[2]?.end();
    await settle();
    expect(watches()).to.deep.equal(['10', '11', '40', '40']);
    expect(lists()).to.equal(1);
    await end();
  });

  it('resumes after a reset, and lists again only when resuming fails', async () => {
    const { clock, client, watches, lists, end } = await scene();
    client.wires[0]?.send(put('a', 2, '11'));
    await settle();
    for (let failures = 0; failures < 4; failures += 1) {
      client.wires.at(-1)?.fail(new Fault('kube.unreachable', 'reset'));
      await clock.advance(30_000);
    }
    expect(watches()).to.deep.equal(['10', '11', '11', '11', '10']);
    expect(lists()).to.equal(2);
    await end();
  });

  it('speaks of failing watches from the third on, and shows them in its health', async () => {
    const { clock, client, log, reflector, end } = await scene();
    for (let failures = 0; failures < 3; failures += 1) {
      expect(log.lines).to.deep.equal([]);
      client.wires.at(-1)?.fail(new Fault('kube.unreachable', 'reset'));
      await settle();
      await clock.advance(5_000);
    }
    expect(log.lines).to.deep.equal(['warn things: cannot be watched; trying again']);
    expect(reflector.health()).to.deep.equal({
      state: 'degraded',
      detail: 'things: reset; last heard of 15 s ago',
    });
    client.wires.at(-1)?.send(put('a', 3, '12'));
    await settle();
    expect(log.lines.at(-1)).to.equal('info things: the API server can be watched again');
    expect(reflector.health()).to.deep.equal({ state: 'ready' });
    await end();
  });

  it('lists again at once when a watch has become too old, by event or by status', async () => {
    const { clock, client, lists, end } = await scene();
    client.wires[0]?.send(put('a', 2, '11'), gone);
    await settle();
    expect(lists()).to.equal(2);
    client.wires[1]?.send(put('a', 2, '12'));
    client.wires[1]?.fail(new Fault('kube.gone', 'expired'));
    await settle();
    expect(lists()).to.equal(3);
    client.wires[2]?.send(gone);
    await settle();
    expect(lists()).to.equal(3);
    await clock.advance(500);
    expect(lists()).to.equal(4);
    await end();
  });

  it('takes the events before an error in the same batch', async () => {
    const { client, views, end } = await scene();
    client.wires[0]?.send(put('a', 7, '11'), gone, put('a', 8, '12'));
    await settle();
    expect(views[1]).to.deep.equal({ 'shop/a': 7 });
    await end();
  });

  it('never shows a list that failed half way, and keeps the old view meanwhile', async () => {
    let mode: 'whole' | 'half' = 'whole';
    const { clock, client, views, reflector, end } = await scene({
      answer: (_method, _path, { query }) => {
        if (mode === 'whole') return listOf([named('a', { size: 1 }), named('b', { size: 2 })], '10');
        return query?.['continue'] === undefined
          ? listOf([named('b', { size: 2 })], '20', 'p2')
          : refuse('kube.unreachable');
      },
    });
    mode = 'half';
    client.wires[0]?.send(gone);
    await clock.advance(10_000);
    expect(Object.fromEntries(reflector.items())).to.deep.equal({ 'shop/a': 1, 'shop/b': 2 });
    expect(views.length).to.equal(1);
    expect(reflector.health()).to.include({ state: 'degraded' });
    mode = 'whole';
    await clock.advance(30_000);
    expect(reflector.health()).to.deep.equal({ state: 'ready' });
    expect(views.length).to.equal(1);
    await end();
  });

  it('waits for an API server that is missing at start, for hours if need be, and says so once', async () => {
    let isUp = false;
    const { clock, log, reflector, lists, end } = await scene({
      answer: () => (isUp ? listOf([], '1') : refuse('kube.unreachable', 'connection refused')),
    });
    await clock.advance(2 * 3600 * 1000);
    expect(reflector.health()).to.deep.equal({ state: 'starting', detail: 'things: connection refused' });
    expect(reflector.staleForMs()).to.equal(Number.POSITIVE_INFINITY);
    expect(log.lines).to.deep.equal(['warn things: cannot be listed; trying again']);
    // With no jitter the wait is half of the cap.
    expect(lists()).to.be.within(470, 490);
    isUp = true;
    await clock.advance(30_000);
    expect(reflector.hasSynced()).to.equal(true);
    expect(log.lines).to.deep.equal([
      'warn things: cannot be listed; trying again',
      'info things: the API server can be listed again',
    ]);
    await end();
  });

  it('does not hammer a server whose watches always fail', async () => {
    const { clock, client, end } = await scene();
    for (let seconds = 0; seconds < 600; seconds += 1) {
      client.wires.at(-1)?.fail(new Fault('kube.denied', 'forbidden'));
      await clock.advance(1000);
    }
    expect(client.wires.length).to.be.within(30, 50);
    await end();
  });

  it('does not hammer a server that ends each watch at once', async () => {
    const { clock, client, lists, end } = await scene({ resyncMs: 3_600_000 });
    for (let seconds = 0; seconds < 600; seconds += 1) {
      client.wires.at(-1)?.end();
      await clock.advance(1000);
    }
    expect(client.wires.length).to.be.within(30, 50);
    expect(lists()).to.equal(1);
    await end();
  });

  it('lists everything again in each period, however lively the watch', async () => {
    const { clock, client, lists, end } = await scene({ resyncMs: 300_000 });
    for (let seconds = 0; seconds < 899; seconds += 10) {
      client.wires.at(-1)?.send(put('a', seconds, String(20 + seconds)));
      await clock.advance(10_000);
    }
    expect(lists()).to.equal(4);
    await end();
  });

  it('counts staleness from lists, events, bookmarks and orderly ends, but not from failures', async () => {
    const { clock, client, reflector, end } = await scene();
    await clock.advance(7_000);
    expect(reflector.staleForMs()).to.equal(7_000);
    client.wires[0]?.send({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '11' } } });
    await clock.advance(2_000);
    expect(reflector.staleForMs()).to.equal(2_000);
    client.wires[0]?.send();
    await clock.advance(1_000);
    expect(reflector.staleForMs()).to.equal(3_000);
    client.wires[0]?.end();
    await settle();
    expect(reflector.staleForMs()).to.equal(0);
    client.wires[1]?.fail(new Fault('kube.unreachable', 'reset'));
    await clock.advance(4_000);
    expect(reflector.staleForMs()).to.equal(4_000);
    await end();
  });

  it('leaves out a malformed object, names it once, and keeps the rest', async () => {
    const { client, clock, log, views, end } = await scene({
      answer: () =>
        listOf([named('bad', { size: -1 }), named('good', { size: 1 }), { metadata: null }], '10'),
    });
    expect(views).to.deep.equal([{ 'shop/good': 1 }]);
    client.wires[0]?.send(put('bad', -1, '12'), gone);
    await clock.advance(1000);
    expect(log.lines).to.deep.equal([
      'warn things: an object cannot be used and is left out',
      'warn things: an object cannot be used and is left out',
    ]);
    expect(log.fields).to.deep.equal([
      { object: 'shop/bad', problem: 'size: must not be negative' },
      { object: '(an object without a name)', problem: 'it has no metadata.name' },
    ]);
    await end();
  });

  it('outlives a listener that throws', async () => {
    const { client, log, reflector, views, end } = await scene();
    const stop = reflector.onChange(() => {
      throw new Error('bug');
    });
    reflector.onChange(() => views.push({ later: 1 }));
    client.wires[0]?.send(put('a', 2, '11'));
    await settle();
    expect(log.lines).to.deep.equal(['error things: a listener failed']);
    expect(views.slice(1)).to.deep.equal([{ 'shop/a': 2 }, { later: 1 }]);
    stop();
    client.wires[0]?.send(put('a', 3, '12'));
    await settle();
    expect(log.lines.length).to.equal(1);
    await end();
  });

  it('asks where to list before each list, and tells of the fault of the last one', async () => {
    const faults: (string | undefined)[] = [];
    const clock = new FakeClock();
    const client = fakeApi((_method, path) =>
      path === '/new' ? listOf([], '1') : refuse('kube.not_found', 'no such path'),
    );
    const reflector = new Reflector<number>(
      {
        client,
        clock,
        log: recordingLog(),
        random: () => 0,
        reflected: {
          toItem: sizeOf,
          locate: (fault, signal) => {
            faults.push(fault?.message);
            return servedAt(fault?.code === 'kube.not_found' ? '/new' : '/old')(fault, signal);
          },
        },
      },
      { name: 'things' },
    );
    const stop = new AbortController();
    const ended = reflector.run(stop.signal);
    await clock.advance(1000);
    expect(faults).to.deep.equal([undefined, 'no such path']);
    expect(reflector.hasSynced()).to.equal(true);
    stop.abort();
    await ended;
  });

  it('ends promptly, wherever it is', async () => {
    const whileWatching = await scene();
    await whileWatching.end();
    const whileWaiting = await scene({ answer: () => refuse('kube.unreachable') });
    await whileWaiting.end();
    expect(whileWaiting.clock.sleeping).to.equal(0);
    expect(whileWatching.clock.sleeping).to.equal(0);
  });
});
