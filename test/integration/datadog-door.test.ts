import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { expect } from 'chai';
import { systemClock } from '../../core/clock.js';
import type { Fault } from '../../core/fault.js';
import { createLogger, type LogLevel } from '../../core/log.js';
import type { Result } from '../../core/result.js';
import { createScrub } from '../../core/scrub.js';
import { createRegistry } from '../../core/telemetry.js';
import { DatadogClient, type DatadogClientOptions } from '../../datadog/client.js';
import { KeyCheck } from '../../datadog/key-check.js';
import { DatadogPoints } from '../../datadog/points.js';
import { createDispatcher, type ProxyOptions } from '../../datadog/transport.js';
import { toBatches } from '../../provider/batch.js';
import type { DatadogQuery } from '../../provider/query.js';
import { FakeClock } from '../fake-clock.js';

const apiKey = '0123456789abcdef0123456789abcdef';
const appKey = 'fedcba9876543210fedcba9876543210fedcba98';
const direct: ProxyOptions = { https: undefined, http: undefined, noProxy: [] };
const never = new AbortController().signal;

interface Seen {
  readonly url: URL;
  readonly rawUrl: string;
  readonly headers: IncomingMessage['headers'];
}

/** How the stand-in answers one request: status, body and headers, or by hand. */
type Reply =
  | { readonly status?: number; readonly body?: unknown; readonly headers?: Record<string, string> }
  | ((response: ServerResponse, socket: Socket) => void);

/** A tiny Datadog on loopback, and the product's road to it. */
async function scene(
  reply: (seen: Seen, count: number) => Reply,
  more: {
    readonly options?: Partial<DatadogClientOptions>;
    readonly clock?: FakeClock;
    readonly proxy?: ProxyOptions;
  } = {},
) {
  const seen: Seen[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((incoming, response) => {
    const one = {
      url: new URL(incoming.url ?? '', 'http://x'),
      rawUrl: incoming.url ?? '',
      headers: incoming.headers,
    };
    seen.push(one);
    const answer = reply(one, seen.length);
    if (typeof answer === 'function') return answer(response, incoming.socket);
    const body =
      typeof answer.body === 'string'
        ? answer.body
        : JSON.stringify(answer.body ?? { status: 'ok', series: [] });
    response
      .writeHead(answer.status ?? 200, { 'content-type': 'application/json', ...answer.headers })
      .end(body);
  });
  server.on('connection', (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const port = await listen(server);
  const registry = createRegistry({ withProcessMetrics: false });
  const dispatcher = createDispatcher(more.proxy ?? direct);
  const clock = more.clock ?? systemClock;
  const client = new DatadogClient(
    { dispatcher, clock, registry },
    {
      baseUrl: `http://127.0.0.1:${port}`,
      apiKey,
      appKey,
      purpose: 'queries',
      timeoutMs: 2_000,
      userAgent: 'agent/1',
      ...more.options,
    },
  );
  const points = new DatadogPoints({ client, clock, registry }, { windowSeconds: 300 });
  opened.push(async () => {
    await dispatcher.destroy();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    seen,
    client,
    points,
    registry,
    port,
    connections: () => connections,
    latest: (...queries: string[]) => points.latest(queries, never),
  };
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const opened: (() => Promise<void>)[] = [];

const series = (
  index: number,
  pointlist: unknown = [
    [1_790_000_000_000, 1.5],
    [1_790_000_030_000, 2],
  ],
) => ({
  metric: 'orders',
  display_name: 'orders',
  query_index: index,
  scope: '*',
  expression: 'avg:orders{*}.rollup(30)',
  interval: 30,
  length: 2,
  start: 1_790_000_000_000,
  end: 1_790_000_059_000,
  aggr: 'avg',
  attributes: {},
  tag_set: [],
  unit: null,
  pointlist,
});
const ok = (...all: unknown[]) => ({
  body: {
    status: 'ok',
    resp_version: 1,
    query: 'q',
    from_date: 1,
    to_date: 2,
    series: all,
    values: [],
    times: [],
    message: '',
    group_by: [],
  },
});

function faultOf(result: Result<unknown, Fault>): string {
  return result.ok ? 'no fault' : result.error.code;
}

describe('the road to Datadog', () => {
  afterEach(async () => {
    for (const close of opened.splice(0)) await close();
  });

  describe('a query', () => {
    it('asks for the window up to now, all queries in one call, with the keys in headers and never in the URL', async () => {
      const clock = new FakeClock(1_790_000_123_456);
      const { seen, latest } = await scene(() => ok(), { clock });
      await latest('avg:a{x:y,z:*}.rollup(30)', 'avg:b{x IN (1,2) AND NOT c:d}.rollup(30)');
      const [only] = seen;
      expect(only?.url.pathname).to.equal('/api/v1/query');
      expect(Object.fromEntries(only?.url.searchParams ?? [])).to.deep.equal({
        from: '1789999823',
        to: '1790000123',
        query: 'avg:a{x:y,z:*}.rollup(30),avg:b{x IN (1,2) AND NOT c:d}.rollup(30)',
      });
      expect(only?.headers).to.include({
        'dd-api-key': apiKey,
        'dd-application-key': appKey,
        'user-agent': 'agent/1',
      });
      expect(only?.rawUrl).to.not.contain(apiKey).and.not.contain(appKey);
    });

    it('gets each query its own point, the newest but one', async () => {
      const { latest } = await scene(() =>
        ok(
          series(1, [
            [3_000, 9],
            [1_000, 7],
            [2_000, null],
          ]),
          series(0),
        ),
      );
      const result = await latest('avg:a{*}', 'avg:b{*}', 'avg:c{*}');
      expect(result.ok && Object.fromEntries(result.value)).to.deep.equal({
        'avg:a{*}': { kind: 'point', point: { value: 1.5, observedAtMs: 1_790_000_000_000 } },
        'avg:b{*}': { kind: 'point', point: { value: 7, observedAtMs: 1_000 } },
      });
    });

    it('keeps its connections for the calls that follow', async () => {
      const { latest, connections } = await scene(() => ok(series(0)));
      for (let call = 0; call < 20; call += 1) await latest('avg:a{*}');
      expect(connections()).to.be.at.most(3);
    });

    it('never makes a URL that is longer than batches promise', async () => {
      const { seen, latest } = await scene(() => ok());
      const queries = Array.from(
        { length: 200 },
        (_, index) => `avg:m${index}{${'key:välue {x}, '.repeat(12)}}.rollup(30)` as DatadogQuery,
      );
      const { batches, oversized } = toBatches(queries, { maxQueries: 35, maxUrlLength: 7_000 });
      expect(oversized.size).to.equal(0);
      for (const batch of batches) await latest(...batch);
      const lengths = seen.map(({ rawUrl, headers }) => `http://${headers.host}${rawUrl}`.length);
      expect(Math.max(...lengths)).to.be.within(6_000, 7_000);
    });

    it('reads a series of NaN and infinity as such, and its neighbour as well', async () => {
      const body = JSON.stringify(ok(series(0, [['X', 1]]), series(1)).body).replace(
        '["X",1]',
        '[1000,NaN],[2000, -Infinity ],[3000,1]',
      );
      const { latest } = await scene(() => ({ body }));
      const result = await latest('avg:a{*}', 'avg:b{*}');
      expect(result.ok && result.value.get('avg:a{*}')).to.have.nested.property(
        'point.value',
        Number.NEGATIVE_INFINITY,
      );
      expect(result.ok && result.value.get('avg:b{*}')).to.have.nested.property('point.value', 1.5);
    });
  });

  describe('an answer that is none', () => {
    const bodies: readonly (readonly [string, string])[] = [
      ['nothing', ''],
      ['half a document', '{"status":"ok","series":[{"query_index":0,'],
      ['a page of a proxy', '<html>login</html>'],
      ['null', 'null'],
      ['a list', '[]'],
      ['a number', '5'],
      ['a text', '"ok"'],
      ['series that are no list', '{"status":"ok","series":{}}'],
      ['series that are a text', '{"status":"ok","series":"none"}'],
      ['a series that is null', '{"status":"ok","series":[null]}'],
      ['a series that is a number', '{"status":"ok","series":[5]}'],
      ['points that are no list', '{"status":"ok","series":[{"query_index":0,"pointlist":{}}]}'],
      ['points that are null', '{"status":"ok","series":[{"query_index":0,"pointlist":null}]}'],
      ['a point that is null', '{"status":"ok","series":[{"query_index":0,"pointlist":[null,null]}]}'],
      ['a point that is a number', '{"status":"ok","series":[{"query_index":0,"pointlist":[5]}]}'],
      ['a point of texts', '{"status":"ok","series":[{"query_index":0,"pointlist":[["a","b"]]}]}'],
      [
        'a point without end',
        '{"status":"ok","series":[{"query_index":0,"pointlist":[[1e999,1],[-1e999,2]]}]}',
      ],
      ['an index that is a text', '{"status":"ok","series":[{"query_index":"length","pointlist":[[1,1]]}]}'],
      ['an error that is an object', '{"status":"error","error":{"a":1}}'],
      ['an error that is a list', '{"error":["a"]}'],
      ['a status that is a number', '{"status":5}'],
    ];
    for (const [title, body] of bodies) {
      it(`costs this call only, without an exception: ${title}`, async () => {
        const { latest } = await scene((_, count) => (count === 1 ? { body } : ok(series(0))));
        const result = await latest('avg:a{*}');
        if (result.ok) expect(result.value.get('avg:a{*}')?.kind).to.not.equal('point');
        else expect(result.error.code).to.match(/^datadog\./);
        expect((await latest('avg:a{*}')).ok).to.equal(true);
      });
    }
  });

  describe('a refusal', () => {
    const statuses: readonly (readonly [number, string])[] = [
      [400, 'datadog.rejected'],
      [401, 'datadog.denied'],
      [403, 'datadog.denied'],
      [404, 'datadog.unreachable'],
      [414, 'datadog.rejected'],
      [422, 'datadog.rejected'],
      [429, 'datadog.rate_limited'],
      [500, 'datadog.unreachable'],
      [503, 'datadog.unreachable'],
      [302, 'datadog.unreachable'],
    ];
    for (const [status, code] of statuses) {
      it(`of ${status} is ${code}, from one call, without a key in its message`, async () => {
        const { seen, latest } = await scene(() => ({
          status,
          body: { errors: [`bad thing with ${apiKey.slice(0, 6)}`] },
          headers: { location: '/' },
        }));
        const result = await latest('avg:a{*}');
        expect(faultOf(result)).to.equal(code);
        expect(seen.length).to.equal(1);
        if (!result.ok) expect(result.error.message).to.not.contain(apiKey).and.not.contain(appKey);
      });
    }

    it("tells Datadog's reason", async () => {
      const { latest } = await scene(() => ({
        status: 400,
        body: { errors: ['Rule expected: metric_name'] },
      }));
      const result = await latest('avg:a{*}');
      expect(!result.ok && result.error.message).to.contain('Rule expected: metric_name');
    });

    it('can be 200 with an error', async () => {
      const { latest } = await scene(() => ({ body: { status: 'error', error: 'Error parsing query' } }));
      const result = await latest('avg:a{*}');
      expect(faultOf(result)).to.equal('datadog.rejected');
      expect(!result.ok && result.error.message).to.contain('Error parsing query');
    });

    it('is counted under the names of the original agent', async () => {
      const withError = { body: { status: 'error', error: 'x' } };
      const replies: Reply[] = [ok(), { status: 422 }, { status: 500 }, withError, { status: 429 }];
      const { latest, registry } = await scene((_, count) => replies[count - 1] ?? ok());
      for (const _ of replies) await latest('avg:a{*}');
      const text = await registry.metrics();
      for (const status of [
        'success',
        'unprocessable_entity_error',
        'other_http_error',
        'response_error',
        'rate_limit_error',
      ]) {
        expect(text).to.match(new RegExp(`datadog_requests\\{[^}]*status="${status}"[^}]*\\} 1\\b`));
        expect(text).to.contain(`datadog_request_seconds_count{purpose="queries",status="${status}"} 1`);
      }
    });
  });

  describe('a rate limit', () => {
    const budget = (remaining: number, reset: number) => ({
      'x-ratelimit-limit': '100',
      'x-ratelimit-period': '60',
      'x-ratelimit-remaining': String(remaining),
      'x-ratelimit-reset': String(reset),
      'x-ratelimit-name': 'batch_query',
    });

    it('that is used up lets no call out before its reset, and the next one after', async () => {
      const clock = new FakeClock();
      const { seen, latest } = await scene(
        (_, count) =>
          count === 1
            ? { status: 429, headers: budget(0, 20), body: { errors: ['Rate limit'] } }
            : ok(series(0)),
        { clock },
      );
      expect(faultOf(await latest('avg:a{*}'))).to.equal('datadog.rate_limited');
      await clock.advance(19_000);
      const paused = await latest('avg:a{*}');
      expect(faultOf(paused)).to.equal('datadog.rate_limited');
      expect(!paused.ok && paused.error.retryAfterSeconds).to.equal(1);
      expect(!paused.ok && paused.error.message).to.match(/100 calls per 60 s.*\d{4}-\d\d-\d\dT[\d:]+Z/);
      expect(seen.length).to.equal(1);
      await clock.advance(1_000);
      expect((await latest('avg:a{*}')).ok).to.equal(true);
      expect(seen.length).to.equal(2);
    });

    it('is obeyed before it is overrun: after the last call that is left', async () => {
      const clock = new FakeClock();
      const { seen, latest } = await scene(() => ({ ...ok(series(0)), headers: budget(0, 10) }), { clock });
      expect((await latest('avg:a{*}')).ok).to.equal(true);
      expect(faultOf(await latest('avg:a{*}'))).to.equal('datadog.rate_limited');
      expect(seen.length).to.equal(1);
    });

    it('says the same while it lasts, so that it is logged and shown once', async () => {
      const clock = new FakeClock();
      const { latest } = await scene(() => ({ status: 429, headers: budget(0, 60) }), { clock });
      const messages = new Set<string>();
      for (let round = 0; round < 5; round += 1) {
        const result = await latest('avg:a{*}');
        if (!result.ok) messages.add(result.error.message);
        await clock.advance(7_000);
      }
      expect([...messages]).to.have.length(1);
    });

    it('is not stretched by a wall clock that steps', async () => {
      const clock = new FakeClock();
      const { latest, seen } = await scene(
        (_, count) => (count === 1 ? { status: 429, headers: budget(0, 20) } : ok()),
        { clock },
      );
      await latest('avg:a{*}');
      clock.stepWall(-3_600_000);
      await clock.advance(20_000);
      await latest('avg:a{*}');
      expect(seen.length).to.equal(2);
    });

    it('is shown as telemetry', async () => {
      const { latest, registry, points } = await scene(() => ({ ...ok(), headers: budget(42, 10) }));
      await latest('avg:a{*}');
      expect(points.rateLimit()).to.include({
        limit: 100,
        remaining: 42,
        periodSeconds: 60,
        name: 'batch_query',
      });
      const text = await registry.metrics();
      for (const [name, value] of [
        ['limit', 100],
        ['remaining', 42],
        ['remaining_min', 42],
        ['reset', 10],
        ['period', 60],
      ]) {
        expect(text).to.contain(`rate_limit_queries_${name}{endpoint="/api/v1/query"} ${value}`);
      }
    });
  });

  describe('a Datadog that is out of reach', () => {
    it('and hangs is given up after the time-out', async () => {
      const { latest } = await scene(() => () => {}, { options: { timeoutMs: 100 } });
      const result = await latest('avg:a{*}');
      expect(faultOf(result)).to.equal('datadog.unreachable');
      expect(!result.ok && result.error.message).to.contain('0.1 s');
    });

    it('and trickles is given up after the time-out, too', async () => {
      const { latest } = await scene(
        () => (response) => {
          response.writeHead(200, { 'content-type': 'application/json' });
          const drip = setInterval(() => response.write(' '), 20);
          response.on('close', () => clearInterval(drip));
        },
        { options: { timeoutMs: 150 } },
      );
      expect(faultOf(await latest('avg:a{*}'))).to.equal('datadog.unreachable');
    });

    it('and resets the connection is named, and reached again with the next call', async () => {
      const { latest } = await scene((_, count) =>
        count === 1 ? (_response, socket) => socket.resetAndDestroy() : ok(series(0)),
      );
      const result = await latest('avg:a{*}');
      expect(faultOf(result)).to.equal('datadog.unreachable');
      expect((await latest('avg:a{*}')).ok).to.equal(true);
    });

    it('and ends in the middle of the body is named', async () => {
      const { latest } = await scene(() => (response, socket) => {
        response.writeHead(200, { 'content-length': '1000' });
        response.write('{"status":');
        setTimeout(() => socket.destroy(), 20);
      });
      expect(faultOf(await latest('avg:a{*}'))).to.equal('datadog.unreachable');
    });

    it('and refuses says so with the address and the cause, by number and by name', async () => {
      const { port } = await scene(() => ok());
      for (const close of opened.splice(0)) await close();
      for (const host of ['127.0.0.1', 'localhost']) {
        const { latest } = await scene(() => ok(), { options: { baseUrl: `http://${host}:${port}` } });
        const result = await latest('avg:a{*}');
        expect(faultOf(result)).to.equal('datadog.unreachable');
        expect(!result.ok && result.error.message, host)
          .to.contain(`${host}:${port}`)
          .and.match(/ECONNREFUSED/);
      }
    });

    it('and has no address says so', async () => {
      const { latest } = await scene(() => ok(), { options: { baseUrl: 'http://datadog.invalid' } });
      const result = await latest('avg:a{*}');
      expect(!result.ok && result.error.message).to.match(/datadog\.invalid cannot be reached/);
    });

    it('is not waited for when this process stops', async () => {
      const { points } = await scene(() => () => {}, { options: { timeoutMs: 60_000 } });
      const stop = new AbortController();
      const asked = points.latest(['avg:a{*}'], stop.signal);
      setTimeout(() => stop.abort(), 20);
      expect(faultOf(await asked)).to.equal('datadog.unreachable');
    });
  });

  describe('keys', () => {
    it('that are missing are named, and no call is made', async () => {
      const { seen, latest } = await scene(() => ok(), { options: { apiKey: undefined, appKey: undefined } });
      const result = await latest('avg:a{*}');
      expect(faultOf(result)).to.equal('datadog.denied');
      expect(!result.ok && result.error.message)
        .to.contain('DD_API_KEY')
        .and.contain('DD_APP_KEY');
      expect(seen.length).to.equal(0);
    });

    it('with a character that no header can hold are a fault, not a crash, and are not shown', async () => {
      const { latest } = await scene(() => ok(), { options: { apiKey: 'planted-secret\n' } });
      const result = await latest('avg:a{*}');
      expect(result.ok).to.equal(false);
      expect(!result.ok && result.error.message).to.not.contain('planted-secret');
    });

    function check(level: LogLevel = 'info') {
      const lines: string[] = [];
      return {
        lines,
        log: createLogger(level, createScrub([apiKey, appKey]), { write: (line) => lines.push(line) }),
      };
    }

    it('are judged by the answers to queries, of which an outage is none', async () => {
      const replies: Reply[] = [ok(), { status: 500 }, { status: 403 }];
      const { latest, points } = await scene((_, count) => replies[count - 1] ?? ok());
      const verdicts = [points.keys().verdict];
      for (const _ of [...replies, ok()]) {
        await latest('avg:a{*}');
        verdicts.push(points.keys().verdict);
      }
      expect(verdicts).to.deep.equal(['unknown', 'valid', 'valid', 'invalid', 'valid']);
      expect(points.keys().detail).to.equal(null);
    });

    it('are checked at start and each hour; a wrong one is said plainly once and never makes the replica unready', async () => {
      const clock = new FakeClock();
      let isWrong = true;
      const { client, seen } = await scene(
        () => (isWrong ? { status: 403, body: { errors: ['Forbidden'] } } : { body: { valid: true } }),
        { clock },
      );
      const { log, lines } = check();
      const stop = new AbortController();
      const keys = new KeyCheck({ client, clock, log }, { consequence: 'metrics have no values' });
      expect(keys.health()).to.deep.equal({ state: 'ready' });
      const done = keys.run(stop.signal);
      await until(() => keys.health().state === 'degraded');
      expect(keys.describe()).to.include({ verdict: 'invalid' });
      expect(seen[0]?.url.pathname).to.equal('/api/v1/validate');
      await until(() => clock.sleeping > 0);
      await clock.advance(60_000);
      await until(() => seen.length === 2 && clock.sleeping > 0);
      expect(lines).to.have.length(1);
      expect(lines[0]).to.contain('DD_API_KEY').and.not.contain(apiKey);
      isWrong = false;
      await clock.advance(60_000);
      await until(() => keys.health().state === 'ready' && clock.sleeping > 0);
      await clock.advance(3_500_000);
      expect(seen.length).to.equal(3);
      await clock.advance(100_000);
      await until(() => seen.length === 4);
      stop.abort();
      await done;
    });
  });

  describe('a proxy', () => {
    async function proxy() {
      const targets: string[] = [];
      const server = createServer((incoming, response) => {
        targets.push(`${incoming.method} ${incoming.url}`);
        const forwarded = request(
          incoming.url ?? '',
          { method: incoming.method ?? 'GET', headers: incoming.headers },
          (answer) => {
            response.writeHead(answer.statusCode ?? 502, answer.headers);
            answer.pipe(response);
          },
        );
        incoming.pipe(forwarded);
      });
      const sockets = new Set<Socket>();
      server.on('connect', (incoming, socket: Socket) => {
        targets.push(`CONNECT ${incoming.url}`);
        const [host, port] = (incoming.url ?? '').split(':');
        const onward = connect(Number(port), host ?? '', () => {
          socket.write('HTTP/1.1 200 OK\r\n\r\n');
          onward.pipe(socket);
          socket.pipe(onward);
        });
        for (const one of [socket, onward]) {
          sockets.add(one);
          one.on('error', () => one.destroy());
        }
      });
      const port = await listen(server);
      opened.push(async () => {
        for (const socket of sockets) socket.destroy();
        server.closeAllConnections();
        server.close();
      });
      return { targets, url: `http://127.0.0.1:${port}` };
    }

    it('is used where one is set', async () => {
      const { targets, url } = await proxy();
      const { latest, port } = await scene(() => ok(series(0)), {
        proxy: { https: undefined, http: url, noProxy: [] },
      });
      expect((await latest('avg:a{*}')).ok).to.equal(true);
      expect(targets[0]).to.contain(`127.0.0.1:${port}`);
    });

    it('is left out for the hosts that are named', async () => {
      const { targets, url } = await proxy();
      const { latest } = await scene(() => ok(series(0)), {
        proxy: { https: undefined, http: url, noProxy: ['127.0.0.1'] },
      });
      expect((await latest('avg:a{*}')).ok).to.equal(true);
      expect(targets).to.deep.equal([]);
    });
  });
});

async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 400; turn += 1) {
    if (holds()) return;
    await systemClock.sleep(5, never);
  }
  throw new Error(`not within 2 s: ${holds.toString()}`);
}
