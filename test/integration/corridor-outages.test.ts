import { expect } from 'chai';
import { autoscaler, metricPath, Scene, until, untilAnswer } from './corridor-scene.js';

/** Times so short that a point grows too old within seconds. */
const shortLived = { DD_EXTERNAL_METRICS_PROVIDER_MAX_AGE: '3' };

describe('What goes wrong on the way to Datadog', function () {
  this.timeout(30_000);
  let scene: Scene;

  beforeEach(async () => {
    scene = new Scene();
    await scene.start();
    scene.standIns.datadog.shape('m.a', [], () => 4);
    scene.standIns.cluster.apply(autoscaler('a', 'm.a'));
  });

  afterEach(() => scene.stop());

  it('serves the last point until it is too old, then names the outage; and recovers by itself', async () => {
    const { client } = await scene.replica({ settings: shortLived });
    await untilAnswer(client, metricPath('m.a'), ({ value }) => value === '4');
    const end = scene.standIns.datadog.faults.always({ kind: 'status', status: 503 });
    expect(await client.metric('shop', 'm.a')).to.include({ status: 200, value: '4' });
    const stale = await untilAnswer(client, metricPath('m.a'), ({ status }) => status === 503);
    expect(stale.message)
      .to.match(/^stale: .*limit 3 s.*remedy:/)
      .and.to.include('answered 503');
    expect((await client.get('/readyz')).status).to.equal(200, 'Datadog down never makes a replica unready');
    end();
    await untilAnswer(client, metricPath('m.a'), ({ value }) => value === '4');
  });

  for (const [fault, says] of [
    [{ kind: 'html' }, /with a body that cannot be read/],
    [{ kind: 'truncated' }, /with a body that cannot be read/],
    [
      { kind: 'errorBody', message: 'internal trouble' },
      /refuses queries that it answered before \(200 with an error: internal trouble\)/,
    ],
    [
      { kind: 'status', status: 422 },
      /refuses queries that it answered before \(422: Unprocessable Entity\)/,
    ],
  ] as const)
    it(`takes ${JSON.stringify(fault)} to all queries for an outage, whose end shows with the next refresh`, async () => {
      const { datadog } = scene.standIns;
      const { client } = await scene.replica({ settings: { DD_EXTERNAL_METRICS_PROVIDER_MAX_AGE: '6' } });
      await untilAnswer(client, metricPath('m.a'), ({ value }) => value === '4');
      const end = datadog.faults.always(fault);
      const calls = datadog.calls.length;
      await until('a query to meet it', () => datadog.calls.length > calls + 1);
      expect(await client.metric('shop', 'm.a')).to.include({ status: 200, value: '4' });
      const stale = await untilAnswer(client, metricPath('m.a'), ({ status }) => status === 503);
      expect(stale.message)
        .to.match(/^stale: /)
        .and.to.match(says);
      const endedAtMs = performance.now();
      end();
      await untilAnswer(client, metricPath('m.a'), ({ value }) => value === '4');
      expect(performance.now() - endedAtMs).to.be.below(3_000);
    });

  it('makes no call before the reset of a rate limit, and says when that is', async () => {
    const { datadog } = scene.standIns;
    const { client } = await scene.replica({ settings: shortLived });
    await untilAnswer(client, metricPath('m.a'), ({ value }) => value === '4');
    datadog.faults.next(1, {
      kind: 'status',
      status: 429,
      headers: { 'x-ratelimit-reset': '6', 'x-ratelimit-period': '60' },
    });
    const isRefusal = (call: { readonly status: number | undefined }): boolean => call.status === 429;
    await until('the 429', () => datadog.calls.some(isRefusal));
    const refusedAtMs = datadog.calls.find(isRefusal)?.atMonotonicMs ?? 0;
    const stale = await untilAnswer(client, metricPath('m.a'), ({ status }) => status === 503);
    expect(stale.message).to.match(/rate limit for queries.*used up; no query before \d{4}-/);
    await untilAnswer(client, metricPath('m.a'), ({ value }) => value === '4', 15_000);
    const next = datadog.calls.find(
      (call) => call.path === '/api/v1/query' && call.atMonotonicMs > refusedAtMs,
    );
    expect((next?.atMonotonicMs ?? 0) - refusedAtMs).to.be.at.least(5_900);
  });

  it('says that the keys are wrong, at start and in each answer', async () => {
    scene.standIns.datadog.acceptKeys({ apiKeys: ['f'.repeat(32)] });
    const lines: string[] = [];
    const { client } = await scene.replica({
      logLevel: 'info',
      logTo: { write: (line) => lines.push(line) },
    });
    const answer = await untilAnswer(client, metricPath('m.a'), ({ body }) =>
      body.includes('refused the keys'),
    );
    expect(answer.status).to.equal(503);
    expect(answer.message).to.match(/^pending: .*refused the keys \(403.*DD_API_KEY and DD_APP_KEY/);
    expect(lines.join(''))
      .to.include('the Datadog API key could not be validated')
      .and.not.include('0123456789abcdef0123456789abcdef');
  });

  it('says which key is missing, without a call', async () => {
    const { client } = await scene.replica({ settings: { DD_APP_KEY: '' } });
    const answer = await untilAnswer(client, metricPath('m.a'), ({ body }) => body.includes('not set'));
    expect(answer.message).to.match(/^pending: .*DD_APP_KEY not set/);
    expect(scene.standIns.datadog.calls.filter(({ path }) => path === '/api/v1/query')).to.deep.equal([]);
  });

  it('gives up a call that hangs, and harms nothing else by it', async () => {
    scene.standIns.datadog.shape('m.b', [], () => 5);
    const { client } = await scene.replica({
      settings: { DD_EXTERNAL_METRICS_PROVIDER_QUERY_TIMEOUT: '0.5' },
    });
    await untilAnswer(client, metricPath('m.a'), ({ value }) => value === '4');
    const end = scene.standIns.datadog.faults.always({ kind: 'hang' });
    scene.standIns.cluster.apply(autoscaler('b', 'm.b'));
    const answer = await untilAnswer(client, metricPath('m.b'), ({ body }) =>
      body.includes('did not answer'),
    );
    expect(answer.message).to.match(/^pending: .*did not answer within 0.5 s/);
    expect(await client.metric('shop', 'm.a')).to.include({ status: 200, value: '4' });
    end();
    await untilAnswer(client, metricPath('m.b'), ({ value }) => value === '5', 15_000);
  });

  it('asks a query that Datadog refuses alone, and never lets it harm another', async () => {
    const { datadog, cluster } = scene.standIns;
    datadog.shape('m.bad', [], () => 1);
    datadog.faults.forQuery(/:m\.bad\{/, { kind: 'status', status: 400 });
    for (let index = 0; index < 34; index += 1) {
      datadog.shape(`m.n${index}`, [], () => index);
      cluster.apply(autoscaler(`n${index}`, `m.n${index}`));
    }
    cluster.apply(autoscaler('bad', 'm.bad'));
    const { client } = await scene.replica();
    for (let index = 0; index < 34; index += 1) {
      await untilAnswer(client, metricPath(`m.n${index}`), ({ value }) => value === String(index));
    }
    await untilAnswer(client, metricPath('m.bad'), ({ body }) => body.includes('rejected'));
    const refused = datadog.calls.filter(({ status }) => status === 400);
    expect(refused.at(-1)?.queries).to.have.length(1);
    datadog.clearCalls();
    await until(
      'two more refreshes',
      () => datadog.calls.filter(({ path }) => path === '/api/v1/query').length >= 2,
    );
    expect(
      datadog.calls.flatMap(({ queries }) => queries).filter((query) => query.includes('m.bad')),
    ).to.deep.equal([]);
  });
});
