import type { ServerResponse } from 'node:http';
import { expect } from 'chai';
import { systemClock } from '../../core/clock.js';
import { silentLog } from '../../core/log.js';
import { Autoscalers } from '../../kube/autoscalers.js';
import { ConfigMapShards } from '../../kube/configmap.js';
import { type ReflectionOptions, servedAt } from '../../kube/reflection.js';
import { Reflector } from '../../kube/reflector.js';
import { json, type Loopback, type Pod, refusal, startLoopback, startPod, until } from './kube-loopback.js';

const thing = (name: string, size: number, revision: string) => ({
  metadata: { namespace: 'shop', name, resourceVersion: revision },
  size,
});
const line = (type: string, object: unknown): string => `${JSON.stringify({ type, object })}\n`;

interface Asked {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
}

describe('Reflector over HTTPS', () => {
  let loopback: Loopback;
  let pod: Pod;
  let asked: Asked[];
  let watches: ServerResponse[];
  let stop: AbortController;
  let ended: Promise<void>;
  let onList: (query: URLSearchParams, response: ServerResponse) => void;
  let onWatch: (query: URLSearchParams, response: ServerResponse) => void;

  beforeEach(async () => {
    asked = [];
    watches = [];
    stop = new AbortController();
    ended = Promise.resolve();
    onWatch = (_query, response) => {
      response.writeHead(200).flushHeaders();
      watches.push(response);
    };
    loopback = await startLoopback((_request, response, url) => {
      asked.push({ path: url.pathname, query: Object.fromEntries(url.searchParams) });
      if (url.searchParams.get('watch') === 'true') onWatch(url.searchParams, response);
      else onList(url.searchParams, response);
    });
    pod = startPod(loopback);
  });

  afterEach(async () => {
    stop.abort();
    await ended;
    await pod.leave();
    await loopback.close();
  });

  const reflect = (options: Partial<ReflectionOptions> = {}): Reflector<number> => {
    const reflector = new Reflector<number>(
      {
        client: pod.client,
        clock: systemClock,
        log: silentLog,
        random: () => 0,
        reflected: { locate: servedAt('/things'), toItem: (object) => (object as { size?: number }).size },
      },
      { name: 'things', ...options },
    );
    ended = reflector.run(stop.signal);
    return reflector;
  };
  const list = (response: ServerResponse, items: readonly unknown[], revision: string, next?: string): void =>
    json(response, {
      metadata: { resourceVersion: revision, ...(next === undefined ? {} : { continue: next }) },
      items,
    });
  const view = (reflector: Reflector<number>): Record<string, number> =>
    Object.fromEntries(reflector.items());
  const lists = (): number => asked.filter(({ query }) => query['watch'] === undefined).length;
  const watchedFrom = (): (string | undefined)[] =>
    asked.filter(({ query }) => query['watch'] === 'true').map(({ query }) => query['resourceVersion']);

  it('reads pages and watches from where they stood', async () => {
    onList = (query, response) => {
      const from = Number(query.get('continue') ?? 0);
      const items = [from, from + 1].map((index) => thing(`t${index}`, index, '7'));
      list(response, items, '10', from < 4 ? String(from + 2) : undefined);
    };
    const reflector = reflect({ pageSize: 2 });
    await until(() => watches.length === 1);
    expect(Object.keys(view(reflector))).to.deep.equal([0, 1, 2, 3, 4, 5].map((index) => `shop/t${index}`));
    expect(asked.map(({ query }) => query)).to.deep.equal([
      { limit: '2' },
      { limit: '2', continue: '2' },
      { limit: '2', continue: '4' },
      { watch: 'true', allowWatchBookmarks: 'true', timeoutSeconds: '60', resourceVersion: '10' },
    ]);
  });

  it('begins a list anew when its token expires half way', async () => {
    let expiries = 2;
    onList = (query, response) => {
      if (query.get('continue') === null) return list(response, [thing('a', 1, '1')], '10', 'p2');
      expiries -= 1;
      if (expiries >= 0) return refusal(response, 410, 'The provided continue parameter is too old');
      list(response, [thing('b', 2, '1')], '10');
    };
    const reflector = reflect();
    await until(() => reflector.hasSynced());
    expect(view(reflector)).to.deep.equal({ 'shop/a': 1, 'shop/b': 2 });
    expect(lists()).to.equal(6);
  });

  it('follows events, and goes on from a bookmark after the connection was reset', async () => {
    onList = (_query, response) => list(response, [thing('a', 1, '1')], '10');
    const reflector = reflect();
    await until(() => watches.length === 1);
    watches[0]?.write(line('MODIFIED', thing('a', 2, '11')) + line('ADDED', thing('b', 3, '12')));
    watches[0]?.write(line('BOOKMARK', { metadata: { resourceVersion: '99' } }));
    await until(() => reflector.items().size === 2);
    expect(view(reflector)).to.deep.equal({ 'shop/a': 2, 'shop/b': 3 });
    await new Promise((resolve) => setTimeout(resolve, 20));
    loopback.reset();
    await until(() => watches.length === 2);
    watches[1]?.write(line('DELETED', thing('a', 2, '100')));
    await until(() => reflector.items().size === 1);
    expect(watchedFrom()).to.deep.equal(['10', '99']);
    expect(lists()).to.equal(1);
    expect(reflector.health()).to.deep.equal({ state: 'ready' });
  });

  it('lists again when its revision is too old, told by an event or by the status', async () => {
    let size = 1;
    onList = (_query, response) => list(response, [thing('a', size, '1')], String(size * 10));
    const reflector = reflect();
    await until(() => watches.length === 1);
    size = 2;
    watches[0]?.write(line('BOOKMARK', { metadata: { resourceVersion: '11' } }));
    watches[0]?.end(line('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' }));
    await until(() => reflector.items().get('shop/a') === 2);
    const usual = onWatch;
    onWatch = (_query, response) => {
      onWatch = usual;
      refusal(response, 410, 'too old resource version');
    };
    size = 3;
    await until(() => watches.length === 2);
    watches[1]?.end();
    await until(() => reflector.items().get('shop/a') === 3);
    expect(lists()).to.equal(3);
  });

  it('notices a watch that has gone silent, and reopens it', async () => {
    onList = (_query, response) => list(response, [thing('a', 1, '1')], '10');
    const reflector = reflect({ silenceMs: 150 });
    await until(() => watches.length === 1);
    const silentSinceMs = performance.now();
    await until(() => watches.length === 2);
    expect(performance.now() - silentSinceMs).to.be.within(100, 1500);
    watches[1]?.write(line('MODIFIED', thing('a', 5, '11')));
    await until(() => reflector.items().get('shop/a') === 5);
    expect(lists()).to.equal(1);
  });

  it('reports its staleness while the server is away, and none after it is back', async () => {
    let isUp = true;
    onList = (_query, response) =>
      isUp ? list(response, [thing('a', 1, '1')], '10') : refusal(response, 503, 'down');
    const usual = onWatch;
    onWatch = (query, response) => (isUp ? usual(query, response) : refusal(response, 503, 'down'));
    const reflector = reflect();
    await until(() => watches.length === 1);
    isUp = false;
    watches[0]?.socket?.destroy();
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(reflector.staleForMs()).to.be.greaterThan(380);
    expect(view(reflector)).to.deep.equal({ 'shop/a': 1 });
    isUp = true;
    await until(() => watches.length === 2);
    watches[1]?.write(line('BOOKMARK', { metadata: { resourceVersion: '12' } }));
    await until(() => reflector.staleForMs() < 100);
  });

  it('waits for a server that is not there yet', async () => {
    onList = (_query, response) => list(response, [], '10');
    const { port } = loopback;
    await loopback.close();
    const reflector = reflect();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(reflector.health()).to.deep.equal({
      state: 'starting',
      detail: `things: GET /things: connect ECONNREFUSED 127.0.0.1:${port}`,
    });
    await new Promise<void>((resolve) => loopback.server.listen(port, '127.0.0.1', resolve));
    await until(() => reflector.hasSynced());
  });

  it('shares one pool: three reflectors and their requests need five connections', async () => {
    onList = (_query, response) => list(response, [], '10');
    const stopAll = new AbortController();
    const shards = new ConfigMapShards(
      { client: pod.client, clock: systemClock, log: silentLog, random: Math.random },
      { namespace: 'n' },
    );
    const follows = ['a', 'b', 'c'].map((name) => shards.follow(name, () => {}, stopAll.signal));
    await until(() => watches.length === 3);
    for (let reads = 0; reads < 50; reads += 1) await shards.read('a', stopAll.signal);
    expect(loopback.connections()).to.be.at.most(5);
    stopAll.abort();
    await Promise.all(follows);
  });

  it('reflects 10,000 autoscalers slimly and soon', async function () {
    this.timeout(60_000);
    const managed = {
      manager: 'kubectl',
      operation: 'Update',
      fieldsV1: {
        'f:spec': Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`f:field-${index}`, {}])),
      },
    };
    const hpa = (index: number) => ({
      metadata: {
        namespace: `ns-${index % 50}`,
        name: `hpa-${index}`,
        uid: `uid-${index}`,
        resourceVersion: '5',
        annotations: { last: 'x'.repeat(1500) },
        managedFields: [managed],
      },
      spec: {
        maxReplicas: 10,
        scaleTargetRef: { kind: 'Deployment', name: `web-${index}` },
        metrics: [
          {
            type: 'External',
            external: {
              metric: { name: 'queue.depth', selector: { matchLabels: { queue: `q${index}` } } },
              target: { type: 'Value', value: '5' },
            },
          },
        ],
      },
      status: {
        currentReplicas: 2,
        conditions: [{ type: 'AbleToScale', status: 'True', message: 'm'.repeat(200) }],
      },
    });
    const pages = new Map<number, string>();
    for (let from = 0; from < 10_000; from += 500) {
      const items = Array.from({ length: 500 }, (_, index) => hpa(from + index));
      const next = from + 500 < 10_000 ? { continue: String(from + 500) } : {};
      pages.set(from, JSON.stringify({ metadata: { resourceVersion: '10', ...next }, items }));
    }
    onList = (query, response) => {
      if (asked.at(-1)?.path === '/apis/autoscaling')
        return json(response, { versions: [{ version: 'v2' }] });
      response.end(pages.get(Number(query.get('continue') ?? 0)));
    };
    const autoscalers = new Autoscalers(
      { client: pod.client, clock: systemClock, log: silentLog, random: Math.random },
      { resyncMs: 300_000 },
    );
    let changes = 0;
    autoscalers.onChange(() => {
      changes += 1;
    });
    global.gc?.();
    const before = process.memoryUsage().heapUsed;
    const startedAtMs = performance.now();
    ended = autoscalers.run(stop.signal);
    await until(() => autoscalers.hasSynced(), 50_000);
    const wallMs = performance.now() - startedAtMs;
    expect(autoscalers.list().length).to.equal(10_000);
    expect(changes).to.equal(1);
    if (global.gc !== undefined) {
      global.gc();
      const keptMb = (process.memoryUsage().heapUsed - before) / 2 ** 20;
      const rawMb = [...pages.values()].reduce((sum, page) => sum + page.length, 0) / 2 ** 20;
      console.log(
        `      10,000 autoscalers (${rawMb.toFixed(1)} MB of JSON): ${wallMs.toFixed(0)} ms, ${keptMb.toFixed(1)} MB kept`,
      );
      expect(keptMb).to.be.lessThan(rawMb / 3);
    }
    expect(wallMs).to.be.lessThan(30_000);
    await until(() => watches.length === 1);
    watches[0]?.write(line('MODIFIED', hpa(3)) + line('DELETED', hpa(4)));
    await until(() => autoscalers.list().length === 9_999);
    expect(changes).to.equal(2);
  });
});
