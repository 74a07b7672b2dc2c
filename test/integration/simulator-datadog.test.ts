import { connect, createServer } from 'node:net';
import { deflateSync, gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { Agent, request } from 'undici';
import type { Clock } from '../../core/clock.js';
import type { DatadogFault } from '../../simulator/datadog/faults.js';
import { DatadogSimulator, type DatadogSimulatorOptions } from '../../simulator/datadog.js';
import { constant } from '../../simulator/datadog-shapes.js';
import { createAuthority } from '../control-plane/certificates.js';
import { FakeClock } from '../fake-clock.js';

/** A recorded answer of the real service to `system.cpu.idle{*}` over a day, with two of its 288 points. */
const recordedAnswer = {
  status: 'ok',
  resp_version: 1,
  series: [
    {
      end: 1641430499000,
      attributes: {},
      metric: 'system.cpu.idle',
      interval: 300,
      tag_set: [],
      start: 1641344100000,
      length: 288,
      query_index: 0,
      aggr: null,
      scope: '*',
      pointlist: [
        [1641344100000, 91.4583840476142],
        [1641430200000, 92.57754687873684],
      ],
      expression: 'system.cpu.idle{*}',
      unit: [
        {
          family: 'percentage',
          scale_factor: 1,
          name: 'percent',
          short_name: '%',
          plural: 'percent',
          id: 17,
        },
        null,
      ],
      display_name: 'system.cpu.idle',
    },
  ],
  to_date: 1641430252000,
  query: 'system.cpu.idle{*}',
  message: '',
  res_type: 'time_series',
  times: [],
  from_date: 1641343852000,
  group_by: [],
  values: [],
};

/** A recorded answer of the real service to an event. */
const recordedEvent = {
  status: 'ok',
  event: {
    id: 6327818702635911000,
    id_str: '6327818702635911562',
    title: 'a title',
    text: 'A text message.',
    date_happened: 1641430251,
    handle: null,
    priority: null,
    related_event_id: null,
    tags: ['test:a'],
    url: 'https://app.datadoghq.com/event/event?id=6327818702635911562',
  },
};

const keys = { 'dd-api-key': 'an-api-key', 'dd-application-key': 'an-application-key' };
/** Ten buckets of 30 s, the last of them just complete. */
const nowSeconds = 1_800_000_299;
const cpu = 'avg:cpu{env:prod}.rollup(30)';
const memory = 'avg:memory{env:prod}.rollup(30)';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body as JSON; `undefined` where it is none. */
  readonly body: unknown;
}

describe('simulated Datadog', () => {
  const running: DatadogSimulator[] = [];
  let agent: Agent;

  beforeEach(() => {
    agent = new Agent({ connections: 4 });
  });

  afterEach(async () => {
    await Promise.all(running.splice(0).map((simulator) => simulator.stop()));
    await agent.destroy();
  });

  async function scene(
    options: DatadogSimulatorOptions = {},
    clock: Clock = new FakeClock(nowSeconds * 1000),
  ) {
    const simulator = new DatadogSimulator({ clock }, options);
    running.push(simulator);
    const { url, port } = await simulator.start();
    simulator.shape('cpu', { env: 'prod' }, constant(3));
    simulator.shape('memory', { env: 'prod' }, constant(7));

    const send = async (
      path: string,
      init: {
        method?: 'GET' | 'POST';
        headers?: Record<string, string>;
        body?: string | Buffer;
        signal?: AbortSignal;
      } = {},
    ): Promise<Answer> => {
      const response = await request(`${url}${path}`, { headers: keys, dispatcher: agent, ...init });
      const text = await response.body.text();
      return { status: response.statusCode, headers: response.headers, text, body: parse(text) };
    };
    const query = (queries: string | readonly string[], backSeconds = 299): Promise<Answer> =>
      send(queryPath([queries].flat().join(','), { from: nowSeconds - backSeconds, to: nowSeconds }));
    return { simulator, url, port, send, query };
  }

  describe('answers of /api/v1/query', () => {
    it('have the fields and types of a recorded answer, and its figures for the same window', async () => {
      const { simulator, send } = await scene({}, new FakeClock(1_641_430_252_653));
      const unit = recordedAnswer.series[0]?.unit[0];
      if (unit) simulator.describe('system.cpu.idle', unit);
      simulator.shape('system.cpu.idle', { host: 'a' }, constant(91.5));
      const answer = await send('/api/v1/query?from=1641343852&to=1641430252&query=system.cpu.idle%7B%2A%7D');
      expect(answer.status).to.equal(200);
      expect(answer.headers['content-type']).to.equal('application/json');
      expect(shapeOf(answer.body)).to.deep.equal(shapeOf(recordedAnswer));
      const { pointlist: recordedPoints, ...recordedSeries } = fieldsOf(at(recordedAnswer, 'series', 0));
      const { pointlist, ...series } = fieldsOf(at(answer.body, 'series', 0));
      expect(series).to.deep.equal(recordedSeries);
      expect([first(pointlist), last(pointlist)].map((point) => at(point, 0))).to.deep.equal(
        [first(recordedPoints), last(recordedPoints)].map((point) => at(point, 0)),
      );
      const { series: _recorded, ...recordedEnvelope } = recordedAnswer;
      expect(answer.body).to.deep.include(recordedEnvelope);
    });

    it('number the series by query, and have none for what is unknown', async () => {
      const { query } = await scene();
      const answer = await query([memory, 'avg:unknown{*}.rollup(30)', cpu]);
      expect(
        seriesOf(answer).map((one) => [one['query_index'], one['expression'], one['aggr'], one['unit']]),
      ).to.deep.equal([
        [0, memory, 'avg', null],
        [2, cpu, 'avg', null],
      ]);
      expect(valuesOf(answer)).to.deep.equal([Array(10).fill(7), Array(10).fill(3)]);
      expect(at(answer.body, 'query')).to.equal(`${memory},avg:unknown{*}.rollup(30),${cpu}`);
    });

    it('group by tags', async () => {
      const { simulator, query } = await scene();
      simulator.shape('cpu', { env: 'prod', host: 'b' }, constant(5));
      const answer = await query('max:cpu{env:prod} by {host}.rollup(30)');
      expect(at(answer.body, 'group_by')).to.deep.equal(['host']);
      expect(seriesOf(answer).map((one) => [one['tag_set'], one['scope']])).to.deep.equal([
        [['host:b'], 'host:b,env:prod'],
      ]);
    });

    it('show a value that was set, by the system clock too', async () => {
      const simulator = new DatadogSimulator();
      running.push(simulator);
      const { url } = await simulator.start();
      simulator.set('queue.length', { app: 'web' }, 42);
      const seconds = Math.floor(performance.timeOrigin / 1000 + performance.now() / 1000);
      const path = queryPath('avg:queue.length{app:web}.rollup(30)', { from: seconds - 300, to: seconds });
      const response = await request(`${url}${path}`, { headers: keys, dispatcher: agent });
      expect(last(at(await response.body.json(), 'series', 0, 'pointlist'))).to.include(42);
    });

    it('lag behind by the delay of arrival', async () => {
      const { query } = await scene({ delaySeconds: 60 });
      expect(seriesOf(await query(cpu)).map(secondsBehind)).to.deep.equal([89]);
    });

    it('have no series once those are removed or cleared', async () => {
      const { simulator, query } = await scene();
      simulator.remove('cpu', { env: 'prod' });
      expect(seriesOf(await query([cpu, memory])).map((one) => one['metric'])).to.deep.equal(['memory']);
      simulator.clearSeries();
      expect(seriesOf(await query([cpu, memory]))).to.deep.equal([]);
    });

    it('are 400 for the whole batch when one query cannot be read', async () => {
      const { query } = await scene();
      const bad = await query([cpu, 'avg:cpu{env:prod']);
      expect(bad.status).to.equal(400);
      expect(at(bad.body, 'errors', 0))
        .to.contain('unable to parse avg:cpu{env:prod:')
        .and.contain('column 8');
      const mixed = await query([cpu, 'avg:cpu{env:prod AND !host:a}']);
      expect(mixed).to.deep.include({
        status: 400,
        body: { errors: ["Error parsing query: 'AND' and 'OR' cannot be mixed with ','"] },
      });
    });

    it('are 400 for a window that is none', async () => {
      const { send } = await scene();
      const errors = await Promise.all(
        ['from=5&to=5', 'from=5', 'from=x&to=9'].map(async (window) => {
          const answer = await send(`/api/v1/query?${window}&query=${encodeURIComponent(cpu)}`);
          return [answer.status, at(answer.body, 'errors', 0)];
        }),
      );
      expect(errors).to.deep.equal([
        [400, 'query end is not after query start'],
        [400, "to must be a whole number of seconds, got ''"],
        [400, "from must be a whole number of seconds, got 'x'"],
      ]);
    });

    it('are 500 when the shape of a test throws, and the server lives on', async () => {
      const { simulator, query } = await scene();
      simulator.shape('broken', {}, () => {
        throw new Error('a bug in the test');
      });
      expect(await query('avg:broken{*}')).to.deep.include({
        status: 500,
        body: { errors: ['a shape of the simulated Datadog failed: a bug in the test'] },
      });
      expect((await query(cpu)).status).to.equal(200);
    });

    it('are gzipped where that is wished and accepted', async () => {
      const { url } = await scene({ isCompressing: true });
      const path = queryPath(cpu, { from: nowSeconds - 299, to: nowSeconds });
      const zipped = await request(`${url}${path}`, {
        headers: { ...keys, 'accept-encoding': 'gzip' },
        dispatcher: agent,
      });
      expect(zipped.headers['content-encoding']).to.equal('gzip');
      expect(
        Buffer.from(await zipped.body.arrayBuffer())
          .subarray(0, 2)
          .toString('hex'),
      ).to.equal('1f8b');
      const plain = await request(`${url}${path}`, { headers: keys, dispatcher: agent });
      expect(plain.headers['content-encoding']).to.equal(undefined);
      expect(at(await plain.body.json(), 'status')).to.equal('ok');
    });
  });

  describe('refusals', () => {
    it('are 403 without the right keys, which no record keeps', async () => {
      const { simulator, send } = await scene({
        keys: { apiKeys: ['right-api'], applicationKeys: ['right-app'] },
      });
      const path = queryPath(cpu, { from: 1, to: 2 });
      const statuses: number[] = [];
      for (const headers of [
        {},
        { 'dd-api-key': 'right-api' },
        { 'dd-api-key': 'right-api', 'dd-application-key': 'wrong' },
        { 'dd-api-key': 'wrong', 'dd-application-key': 'right-app' },
      ]) {
        const answer = await send(path, { headers });
        statuses.push(answer.status);
        expect(answer.body).to.deep.equal({ errors: ['Forbidden'] });
      }
      expect(statuses).to.deep.equal([403, 403, 403, 403]);
      const right = {
        'dd-api-key': 'right-api',
        'dd-application-key': 'right-app',
        authorization: 'Bearer secret',
      };
      expect((await send(path, { headers: right })).status).to.equal(200);
      simulator.acceptKeys({ apiKeys: ['another'] });
      expect((await send(path, { headers: right })).status).to.equal(403);
      expect(JSON.stringify(simulator.calls)).to.not.match(/right-|wrong|secret/);
    });

    it('are 403 for keys in the URL, even beside right headers, and are recorded as a violation', async () => {
      const { simulator, send } = await scene();
      const answer = await send(
        `${queryPath(cpu, { from: 1, to: 2 })}&api_key=topsecret&application_key=topsecret`,
      );
      expect(answer).to.deep.include({ status: 403, body: { errors: ['Forbidden'] } });
      expect(simulator.violations).to.deep.equal([
        {
          kind: 'keyInUrl',
          path: '/api/v1/query',
          detail: 'a key stands in the query string; it belongs in a header',
        },
      ]);
      expect(JSON.stringify([simulator.calls, simulator.violations])).to.not.contain('topsecret');
    });

    it('are 414 for a URL of more than 7,607 characters, whatever its length', async () => {
      const { simulator, send } = await scene();
      const base = queryPath(cpu, { from: 1, to: 2 });
      const pad = (length: number): string => `${base}&pad=${'x'.repeat(length - base.length - 5)}`;
      expect((await send(pad(7_607))).status).to.equal(200);
      const answers = [await send(pad(7_608)), await send(pad(60_000))];
      expect(answers.map(({ status }) => status)).to.deep.equal([414, 414]);
      expect(answers[0]?.headers['content-type']).to.equal('text/html');
      expect(simulator.violations.map(({ kind, detail }) => [kind, detail])).to.deep.equal([
        ['urlTooLong', '7608 characters, at most 7607'],
        ['urlTooLong', '60000 characters, at most 7607'],
      ]);
      expect(simulator.calls.map(({ urlLength }) => urlLength)).to.deep.equal([7_607, 7_608, 60_000]);
    });

    it('are 400 for more than 35 queries', async () => {
      const { simulator, query } = await scene();
      expect((await query(Array(35).fill('avg:cpu{*}'))).status).to.equal(200);
      expect(simulator.violations).to.deep.equal([]);
      const answer = await query(Array(36).fill('avg:cpu{*}'));
      expect(answer.status).to.equal(400);
      expect(at(answer.body, 'errors', 0)).to.equal(
        'Too many queries in one request: 36, at most 35 are allowed',
      );
      expect(simulator.violations.map(({ kind }) => kind)).to.deep.equal(['tooManyQueries']);
    });

    it('are 404 and 405 for other paths and methods', async () => {
      const { send } = await scene();
      expect((await send('/api/v2/query')).status).to.equal(404);
      expect((await send('/constructor')).status).to.equal(404);
      expect((await send('/api/v1/query', { method: 'POST', body: '{}' })).status).to.equal(405);
      expect((await send('/api/v1/events')).status).to.equal(405);
    });
  });

  describe('rate limit', () => {
    it('counts queries down, refuses with 429 until its reset, then starts again', async () => {
      const clock = new FakeClock(nowSeconds * 1000);
      const { simulator, query, send } = await scene(
        { rateLimit: { limit: 2, periodSeconds: 10, name: 'batch_query' } },
        clock,
      );
      const limits = (answer: Answer) =>
        ['limit', 'period', 'remaining', 'reset', 'name'].map(
          (name) => answer.headers[`x-ratelimit-${name}`],
        );
      const refused = await send(queryPath(cpu, { from: 1, to: 2 }), { headers: {} });
      expect(refused.status).to.equal(403);
      expect(limits(await query(cpu))).to.deep.equal(['2', '10', '1', '1', 'batch_query']);
      expect(limits(await query([cpu, memory]))).to.deep.equal(['2', '10', '0', '1', 'batch_query']);
      const exhausted = await query(cpu);
      expect(exhausted).to.deep.include({
        status: 429,
        body: { errors: ['Rate limit of 2 requests in 10 seconds reached. Please try again later.'] },
      });
      expect(limits(exhausted)).to.deep.equal(['2', '10', '0', '1', 'batch_query']);
      expect((await send('/api/v1/validate')).status).to.equal(200);
      await clock.advance(1_000);
      expect(limits(await query(cpu))).to.deep.equal(['2', '10', '1', '10', 'batch_query']);
      simulator.rateLimit.configure({ limit: 0 });
      expect((await query(cpu)).status).to.equal(429);
    });
  });

  describe('faults on the wire', () => {
    it('answers late', async () => {
      const clock = new FakeClock(nowSeconds * 1000);
      const { simulator, query } = await scene({}, clock);
      simulator.faults.next(1, { kind: 'latency', ms: 4_000 });
      let isAnswered = false;
      const answer = query(cpu).finally(() => {
        isAnswered = true;
      });
      while (clock.sleeping === 0) await turn();
      await clock.advance(3_999);
      expect([isAnswered, simulator.calls[0]?.status]).to.deep.equal([false, undefined]);
      await clock.advance(1);
      expect((await answer).status).to.equal(200);
      expect(simulator.calls[0]?.status).to.equal(200);
    });

    it('hangs before or within an answer until the client gives up', async () => {
      const { simulator, send } = await scene();
      for (const [fault, status] of [
        [{ kind: 'hang' }, undefined],
        [{ kind: 'hang', at: 'body' }, 200],
      ] as const) {
        simulator.clearCalls();
        simulator.faults.next(1, fault);
        const failure = await send(queryPath(cpu, { from: 1, to: 2 }), {
          signal: AbortSignal.timeout(300),
        }).catch(nameOf);
        expect(failure).to.equal('TimeoutError');
        expect(simulator.calls.map((call) => call.status)).to.deep.equal([status]);
      }
    });

    it('breaks the connection before or within an answer', async () => {
      const { simulator, query } = await scene();
      simulator.faults.next(1, { kind: 'reset' });
      expect(await query(cpu).catch(codeOf)).to.be.oneOf(['ECONNRESET', 'UND_ERR_SOCKET']);
      simulator.faults.next(1, { kind: 'reset', at: 'body' });
      expect(await query(cpu).catch(codeOf)).to.be.oneOf(['UND_ERR_SOCKET', 'UND_ERR_ABORTED']);
      expect(simulator.calls.map(({ status }) => status)).to.deep.equal([undefined, 200]);
      expect((await query(cpu)).status).to.equal(200);
    });

    for (const [status, body] of [
      [400, /^\{"errors":\["Error parsing query: unable to parse avg:memory\{env:prod\}.rollup\(30\): /],
      [403, /^\{"errors":\["Forbidden"\]\}$/],
      [413, /^\{"errors":\["Payload too large"\]\}$/],
      [422, /^\{"errors":\["Unprocessable Entity"\]\}$/],
      [
        429,
        /^\{"errors":\["Rate limit of 10000000 requests in 60 seconds reached\. Please try again later\."\]\}$/,
      ],
      [500, /^\{"errors":\["Internal Server Error"\]\}$/],
      [502, /<h1>502 Bad Gateway<\/h1>/],
      [503, /"code":503,"errors":\["Service Unavailable"\]/],
    ] as const) {
      it(`answers ${status} for the whole batch of a query that matches, and only for that`, async () => {
        const { simulator, query } = await scene();
        simulator.faults.forQuery(/memory/, { kind: 'status', status });
        const answer = await query([cpu, memory]);
        expect(answer.status).to.equal(status);
        expect(answer.text).to.match(body);
        expect((await query([cpu, cpu])).status).to.equal(200);
        simulator.faults.clear();
        expect((await query([cpu, memory])).status).to.equal(200);
      });
    }

    it('lets a status carry any body and headers', async () => {
      const { simulator, query } = await scene();
      simulator.faults.next(1, {
        kind: 'status',
        status: 429,
        body: '{"errors":["Too many requests"]}',
        headers: { 'x-ratelimit-reset': '-5' },
        withoutHeaders: ['x-ratelimit-period'],
      });
      const { status, headers, body } = await query(cpu);
      expect([status, body]).to.deep.equal([429, { errors: ['Too many requests'] }]);
      expect(headers).to.include({ 'x-ratelimit-reset': '-5', 'x-ratelimit-remaining': '0' });
      expect(headers).to.not.have.property('x-ratelimit-period');
    });

    it('answers 200 with an error for the whole batch', async () => {
      const { simulator, query } = await scene();
      simulator.faults.forQuery(/memory/, { kind: 'errorBody' });
      const answer = await query([cpu, memory]);
      expect(answer.status).to.equal(200);
      expect(answer.body).to.deep.include({ status: 'error', series: [] });
      expect(at(answer.body, 'error')).to.contain(
        'Error parsing query: unable to parse avg:memory{env:prod}.rollup(30)',
      );
      simulator.faults.clear();
      simulator.faults.next(1, { kind: 'errorBody', message: 'query timed out' });
      expect(at((await query(cpu)).body, 'error')).to.equal('query timed out');
    });

    it('answers with half a body, or with a web page', async () => {
      const { simulator, query } = await scene();
      const whole = (await query(cpu)).text;
      simulator.faults.next(1, { kind: 'truncated' });
      const half = await query(cpu);
      expect([half.status, half.body, half.text]).to.deep.equal([
        200,
        undefined,
        whole.slice(0, whole.length / 2),
      ]);
      simulator.faults.next(1, { kind: 'html' });
      const page = await query(cpu);
      expect([page.status, page.headers['content-type'], page.body]).to.deep.equal([
        200,
        'text/html',
        undefined,
      ]);
      expect(page.text).to.match(/^<!DOCTYPE html>/);
    });

    it('turns the order of the series round', async () => {
      const { simulator, query } = await scene();
      simulator.faults.next(1, { kind: 'shuffled' });
      expect(seriesOf(await query([cpu, memory])).map((one) => one['query_index'])).to.deep.equal([1, 0]);
    });

    for (const [fault, text] of [
      [{ kind: 'value', value: Number.NaN }, 'NaN'],
      [{ kind: 'value', value: Number.POSITIVE_INFINITY }, '1e999'],
      [{ kind: 'value', value: Number.NEGATIVE_INFINITY }, '-1e999'],
      [{ kind: 'value', value: -3.5 }, '-3.5'],
      [{ kind: 'value', value: 1e300 }, '1e+300'],
      [{ kind: 'nulls' }, 'null'],
    ] as const satisfies readonly (readonly [DatadogFault, string])[]) {
      it(`writes ${text} for every point of one query, as a bare token`, async () => {
        const { simulator, query } = await scene();
        simulator.faults.forQuery(/memory/, fault);
        const { text: written } = await query([cpu, memory]);
        const lists = [...written.matchAll(/"pointlist":\[\[(.*?)\]\]/g)].map((match) =>
          match[1]?.split('],['),
        );
        expect(lists[0]?.map((point) => point.split(',')[1])).to.deep.equal(Array(10).fill('3'));
        expect(lists[1]?.map((point) => point.split(',')[1])).to.deep.equal(Array(10).fill(text));
      });
    }

    for (const [fault, describeSeries, expected] of [
      [{ kind: 'noSeries' }, (one) => one['query_index'], [0]],
      [{ kind: 'noPoints' }, (one) => one['length'], [10, 0]],
      [{ kind: 'newestValue', value: 1 }, (one) => at(last(one['pointlist']), 1), [3, 1]],
      [{ kind: 'noIndex' }, (one) => one['query_index'] ?? 'none', [0, 'none']],
      [{ kind: 'index', index: 0 }, (one) => one['query_index'], [0, 0]],
      [{ kind: 'index', index: 99 }, (one) => one['query_index'], [0, 99]],
      [{ kind: 'severalSeries' }, (one) => one['query_index'], [0, 1, 1]],
      [{ kind: 'shifted', bySeconds: -600 }, secondsBehind, [29, 629]],
      [{ kind: 'shifted', bySeconds: 600 }, secondsBehind, [29, -571]],
      [{ kind: 'futurePoint', aheadSeconds: 3_600 }, secondsBehind, [29, -3_571]],
    ] as const satisfies readonly (readonly [DatadogFault, (one: Fields) => unknown, readonly unknown[]])[]) {
      it(`spoils one query of a batch: ${JSON.stringify(fault)}`, async () => {
        const { simulator, query } = await scene();
        simulator.faults.forQuery(/memory/, fault);
        expect(seriesOf(await query([cpu, memory])).map(describeSeries)).to.deep.equal(expected);
      });
    }

    it('lasts as long as it should, on other paths too', async () => {
      const { simulator, query, send } = await scene();
      const takeBack = simulator.faults.always({ kind: 'status', status: 503 });
      simulator.faults.next(1, { kind: 'status', status: 500 }, '/api/v1/validate');
      expect([(await query(cpu)).status, (await query(cpu)).status]).to.deep.equal([503, 503]);
      expect([
        (await send('/api/v1/validate')).status,
        (await send('/api/v1/validate')).status,
      ]).to.deep.equal([500, 200]);
      takeBack();
      expect((await query(cpu)).status).to.equal(200);
    });
  });

  describe('other endpoints', () => {
    it('validates the API key', async () => {
      const { send } = await scene({ keys: { apiKeys: ['right'] } });
      const validate = async (headers: Record<string, string>) => {
        const { status, body } = await send('/api/v1/validate', { headers });
        return [status, body];
      };
      expect(await validate({ 'dd-api-key': 'right' })).to.deep.equal([200, { valid: true }]);
      expect(await validate({})).to.deep.equal([403, { errors: ['API key required'] }]);
      expect(await validate({ 'dd-api-key': 'wrong' })).to.deep.equal([403, { errors: ['Forbidden'] }]);
    });

    it('takes an event and answers as recorded', async () => {
      const { simulator, send } = await scene();
      const event = {
        title: 'a title',
        text: 'A text message.',
        tags: ['test:a'],
        date_happened: 1_800_000_000,
      };
      const answer = await send('/api/v1/events', { method: 'POST', body: JSON.stringify(event) });
      expect(answer.status).to.equal(202);
      expect(shapeOf(answer.body)).to.deep.equal(shapeOf(recordedEvent));
      expect(answer.body).to.deep.equal({
        ...recordedEvent,
        event: { ...recordedEvent.event, date_happened: 1_800_000_000 },
      });
      expect(simulator.intake.events).to.deep.equal([event]);
    });

    it('refuses an event too far in the past, or without title', async () => {
      const { simulator, send } = await scene();
      const post = (event: object) => send('/api/v1/events', { method: 'POST', body: JSON.stringify(event) });
      const old = await post({ title: 't', text: 't', date_happened: 1 });
      expect(old).to.deep.include({ status: 400, body: { errors: ['Event too far in the past'] } });
      expect(old.headers['content-type']).to.equal('text/plain; charset=utf-8');
      const edge = nowSeconds - 18 * 3600;
      expect((await post({ title: 't', text: 't', date_happened: edge })).status).to.equal(202);
      expect((await post({ title: 't', text: 't', date_happened: edge - 1 })).status).to.equal(400);
      expect((await post({ text: 't' })).status).to.equal(400);
      expect(simulator.intake.events).to.have.length(1);
    });

    it('takes service checks, one or several', async () => {
      const { simulator, send } = await scene();
      const check = { check: 'app.ok', host_name: 'host', status: 0, tags: ['a:b'] };
      for (const payload of [[check, check], check]) {
        const answer = await send('/api/v1/check_run', { method: 'POST', body: JSON.stringify(payload) });
        expect([answer.status, answer.text, answer.headers['content-type']]).to.deep.equal([
          202,
          '{"status": "ok"}',
          'text/json',
        ]);
      }
      const wrong = await send('/api/v1/check_run', {
        method: 'POST',
        body: JSON.stringify([{ ...check, status: 4 }]),
      });
      expect(wrong.status).to.equal(400);
      expect(simulator.intake.checkRuns).to.deep.equal([check, check, check]);
    });

    it('takes series, plain or compressed, and forgets them when told', async () => {
      const { simulator, send } = await scene();
      const series = { metric: 'system.load.1', points: [[1_800_000_000, 1.1]], type: 'gauge' };
      const text = JSON.stringify({ series: [series] });
      for (const [encoding, body] of [
        ['identity', Buffer.from(text)],
        ['deflate', deflateSync(text)],
        ['gzip', gzipSync(text)],
      ] as const) {
        const headers = { ...keys, 'content-encoding': encoding };
        expect((await send('/api/v1/series', { method: 'POST', headers, body })).status).to.equal(202);
      }
      expect(simulator.intake.series).to.deep.equal([series, series, series]);
      simulator.intake.clear();
      expect(simulator.intake.series).to.deep.equal([]);
    });

    it('refuses bodies that are broken or too large', async () => {
      const { send } = await scene();
      const post = async (body: string | Buffer, encoding = 'identity') => {
        const headers = { ...keys, 'content-encoding': encoding };
        return (await send('/api/v1/series', { method: 'POST', headers, body })).status;
      };
      expect(await post('{')).to.equal(400);
      expect(await post('not zipped', 'gzip')).to.equal(400);
      expect(await post('{"series":[{}]}')).to.equal(400);
      expect(await post(Buffer.alloc(3_200_001, ' '))).to.equal(413);
      expect(await post(gzipSync(Buffer.alloc(63_000_000, ' ')), 'gzip')).to.equal(413);
      const keyless = await send('/api/v1/series', { method: 'POST', headers: {}, body: '{"series":[]}' });
      expect(keyless.status).to.equal(403);
    });
  });

  describe('life', () => {
    it('records calls with time, queries, status and the size of the answer', async () => {
      const clock = new FakeClock(nowSeconds * 1000);
      const { simulator, query, send } = await scene({ maxRecords: 2 }, clock);
      await send('/api/v1/validate');
      await clock.advance(250);
      await query([cpu, memory]);
      const refusal = await query('avg:{');
      expect(
        simulator.calls.map(({ headers: _headers, urlLength: _length, sentBytes: _bytes, ...call }) => call),
      ).to.deep.equal([
        { atMonotonicMs: 250, method: 'GET', path: '/api/v1/query', queries: [cpu, memory], status: 200 },
        { atMonotonicMs: 250, method: 'GET', path: '/api/v1/query', queries: ['avg:{'], status: 400 },
      ]);
      expect(simulator.calls[1]?.sentBytes).to.equal(Buffer.byteLength(refusal.text));
      expect(Object.keys(simulator.calls[0]?.headers ?? {}))
        .to.include('host')
        .and.not.include('dd-api-key');
      simulator.clearCalls();
      expect(simulator.calls).to.deep.equal([]);
    });

    it('lives on when a client goes away while it sends', async () => {
      const { port, send } = await scene();
      const socket = connect(port, '127.0.0.1');
      socket.write('POST /api/v1/events HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nhalf');
      await turn();
      socket.destroy();
      expect((await send('/api/v1/validate')).status).to.equal(200);
    });

    it('keeps connections alive', async () => {
      const { simulator, query } = await scene();
      for (let count = 0; count < 20; count += 1) await query(cpu);
      expect(simulator.connectionCount).to.be.within(1, 4);
    });

    it('stops at once with answers outstanding, and comes back on its port with its series', async () => {
      const { simulator, port, query } = await scene();
      simulator.faults.always({ kind: 'hang' });
      const hanging = query(cpu).catch(codeOf);
      while (simulator.calls.length === 0) await turn();
      await simulator.stop();
      await simulator.stop();
      expect(await hanging).to.be.oneOf(['ECONNRESET', 'UND_ERR_SOCKET']);
      expect(await query(cpu).catch(codeOf)).to.equal('ECONNREFUSED');
      simulator.faults.clear();
      expect((await simulator.start()).port).to.equal(port);
      expect(valuesOf(await query(cpu))).to.deep.equal([Array(10).fill(3)]);
    });

    it('speaks HTTPS with a certificate, and breaks such connections too', async () => {
      const authority = createAuthority('simulated authority');
      const leaf = authority.issue({ commonName: 'datadog', purpose: 'server', hosts: ['127.0.0.1'] });
      const tls = { key: leaf.keyPem, cert: leaf.certificatePem };
      const trusting = new Agent({ connect: { ca: authority.certificatePem } });
      const { simulator, url } = await scene({ tls });
      const path = queryPath(cpu, { from: nowSeconds - 299, to: nowSeconds });
      const options = { headers: keys, dispatcher: trusting };
      const answer = await request(`${url}${path}`, options);
      expect(url).to.match(/^https:/);
      expect(at(await answer.body.json(), 'series', 0, 'length')).to.equal(10);
      simulator.faults.next(1, { kind: 'reset' });
      expect(await request(`${url}${path}`, options).catch(codeOf)).to.be.oneOf([
        'ECONNRESET',
        'UND_ERR_SOCKET',
      ]);
      await trusting.destroy();
    });

    it('says so when it runs already or its port is taken', async () => {
      const { simulator } = await scene();
      expect(await simulator.start().catch(String)).to.contain('runs already');
      const blocker = createServer();
      await new Promise<void>((resolve) => {
        blocker.listen(0, '127.0.0.1', resolve);
      });
      const address = blocker.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const second = new DatadogSimulator({}, { port });
      expect(await second.start().catch(codeOf)).to.equal('EADDRINUSE');
      await new Promise((resolve) => {
        blocker.close(resolve);
      });
      running.push(second);
      expect((await second.start()).port).to.equal(port);
    });
  });
});

type Fields = Readonly<Record<string, unknown>>;

function queryPath(query: string, { from, to }: { readonly from: number; readonly to: number }): string {
  return `/api/v1/query?from=${from}&to=${to}&query=${encodeURIComponent(query)}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Some of these bodies are not JSON on purpose.
    return undefined;
  }
}

/** What stands at a path of fields and positions; `undefined` where the path ends early. */
function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((inner, key) => fieldsOf(inner)[key], value);
}

function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

function first(list: unknown): unknown {
  return at(list, 0);
}

function last(list: unknown): unknown {
  return Array.isArray(list) ? list.at(-1) : undefined;
}

function seriesOf(answer: Answer): readonly Fields[] {
  const series = at(answer.body, 'series');
  return Array.isArray(series) ? series : [];
}

function valuesOf(answer: Answer): unknown {
  return seriesOf(answer).map(({ pointlist }) =>
    Array.isArray(pointlist) ? pointlist.map((point) => at(point, 1)) : undefined,
  );
}

function secondsBehind({ pointlist }: Fields): number {
  return nowSeconds - Number(at(last(pointlist), 0)) / 1000;
}

/** The names of all fields with the types of their values; of a list, its first element. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf);
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value;
  const fields = Object.entries(value).map(([name, inner]) => [name, shapeOf(inner)] as const);
  return Object.fromEntries(fields.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function codeOf(error: unknown): unknown {
  return at(error, 'code');
}

function nameOf(error: unknown): unknown {
  return at(error, 'name');
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
