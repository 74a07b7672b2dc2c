import { expect } from 'chai';
import { metricId } from '../../core/metric.js';
import { ok } from '../../core/result.js';
import { pendingRecord, selectorOf, validRecord } from '../unit/apiserver/records.js';
import { adminHeaders, ask, frontProxy, hpaHeaders, json, Scene } from './apiserver-scene.js';

const base = '/apis/external.metrics.k8s.io/v1beta1/namespaces';
const asJson = { ...hpaHeaders, accept: 'application/json' };

/** Everything that a metric's GET and its neighbours are answered with: path and headers → code, reason, message. */
interface Situation {
  readonly what: string;
  readonly path: string;
  readonly headers?: object;
  readonly code: number;
  readonly reason: string;
  readonly message: string | RegExp;
}

const metric = `${base}/shop/queue`;

const situations: readonly Situation[] = [
  {
    what: 'an unreadable selector',
    path: `${metric}?labelSelector=a%3D%3D%3Db`,
    code: 400,
    reason: 'BadRequest',
    message: 'unable to parse requirement: found \'=\', expected: identifier (labelSelector "a===b")',
  },
  {
    what: 'a query string that cannot be decoded',
    path: `${metric}?labelSelector=%zz`,
    code: 400,
    reason: 'BadRequest',
    message: 'the query string cannot be decoded at "labelSelector=%zz": expected UTF-8, percent-encoded',
  },
  {
    what: 'a raw semicolon',
    path: `${metric}?a=b;labelSelector=c`,
    code: 400,
    reason: 'BadRequest',
    message:
      "the query string holds a raw ';' in \"a=b;labelSelector=c\": separate parameters by '&' and write ';' as %3B",
  },
  {
    what: 'two selectors',
    path: `${metric}?labelSelector=a&labelSelector=b`,
    code: 400,
    reason: 'BadRequest',
    message: 'the parameter labelSelector came 2 times: expected one, with its conditions joined by commas',
  },
  {
    what: 'a NUL in the selector',
    path: `${metric}?labelSelector=a%3Db%00`,
    code: 400,
    reason: 'BadRequest',
    message: /^unable to parse requirement: value 'b ' of 'a': must be empty or at most 63 letters/,
  },
  {
    what: 'a field selector',
    path: `${metric}?fieldSelector=metadata.name%3Dx`,
    code: 400,
    reason: 'BadRequest',
    message: 'external metrics have no fields to select by: leave out fieldSelector "metadata.name=x"',
  },
  {
    what: 'a name with an encoded slash',
    path: `${base}/shop/a%2Fb`,
    code: 400,
    reason: 'BadRequest',
    message: 'a metric name cannot contain "/"',
  },
  {
    what: 'a namespace that cannot be',
    path: `${base}/Shop_1/queue`,
    code: 400,
    reason: 'BadRequest',
    message: /^not a namespace: "Shop_1": expected up to 63 lower-case letters/,
  },
  {
    what: 'a path that cannot be decoded',
    path: `${base}/shop/%zz`,
    code: 400,
    reason: 'BadRequest',
    message: 'the request target is malformed: the path cannot be decoded: expected UTF-8, percent-encoded',
  },
  {
    what: 'list options that exclude each other',
    path: `${metric}?resourceVersionMatch=Exact`,
    code: 422,
    reason: 'Invalid',
    message:
      'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
  },
  {
    what: 'a watch',
    path: `${metric}?watch=true`,
    code: 405,
    reason: 'MethodNotAllowed',
    message: 'watch is not supported on resources of kind "*.external.metrics.k8s.io"',
  },
  {
    what: 'an Accept that nothing fits',
    path: metric,
    headers: { accept: 'text/html, application/json;as=Table;g=meta.k8s.io;v=v1' },
    code: 406,
    reason: 'NotAcceptable',
    message:
      'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf',
  },
  ...[
    '/apis/external.metrics.k8s.io/v1beta1/nonexistent',
    `${base}/shop`,
    `${base}/shop/group/queue`,
    `${base}//queue`,
    `${base}/shop/`,
    `${base}/shop/status`,
    '/apis/other.k8s.io/v1',
    '/nowhere',
  ].map((path) => ({
    what: `no route at ${path}`,
    path,
    code: 404,
    reason: 'NotFound',
    message: 'the server could not find the requested resource',
  })),
];

describe('apiserver: what is answered', () => {
  let scene: Scene;

  beforeEach(async () => {
    scene = await new Scene().start();
  });

  afterEach(() => scene.stop());

  const serve = (name: string, wish: Parameters<typeof validRecord>[1] = {}): void => {
    const record = validRecord(name, { observedAtMs: Date.now(), ...wish });
    scene.records.set(record, {
      ageMs: Date.now() - record.point.observedAtMs,
      monotonicMs: performance.now(),
    });
  };

  it('answers exactly one item, with the point’s own time and a canonical quantity', async () => {
    const observedAtMs = Date.now() - 30_000;
    serve('queue', { selector: 'app=web,tier in (a,b)', value: 1.5, observedAtMs });
    const session = scene.connect(frontProxy);
    const selector = '?labelSelector=app%3Dweb%2Ctier+in+%28a%2Cb%29';
    const answer = await ask(session, `${metric}${selector}`, asJson);
    expect(json(answer)).to.deep.equal({
      kind: 'ExternalMetricValueList',
      apiVersion: 'external.metrics.k8s.io/v1beta1',
      metadata: {},
      items: [
        {
          metricName: 'queue',
          metricLabels: { app: 'web' },
          timestamp: `${new Date(observedAtMs).toISOString().slice(0, 19)}Z`,
          value: '1500m',
        },
      ],
    });
    expect(answer.headers).to.include({
      'content-type': 'application/json',
      'cache-control': 'no-cache, private',
    });
    const controller = await ask(session, `${metric}${selector}`, hpaHeaders);
    expect(controller.headers['content-type']).to.equal('application/vnd.kubernetes.protobuf');
    expect(controller.body.subarray(0, 4).toString('latin1')).to.equal('k8s\0');
  });

  it('matches names without regard to case, and selectors exactly or not at all', async () => {
    serve('Queue.Depth', { selector: 'app=web' });
    const session = scene.connect(frontProxy);
    const status = async (rest: string): Promise<number> =>
      (await ask(session, `${base}/shop/${rest}`, asJson)).status;
    expect(await status('queue.depth?labelSelector=app%3Dweb')).to.equal(200);
    expect(await status('queue.depth')).to.equal(404);
    expect(await status('queue.depth?labelSelector=app%3Dweb%2Cx%3Dy')).to.equal(404);
  });

  for (const { what, path, headers, code, reason, message } of situations) {
    it(`answers ${what} with ${code}`, async () => {
      serve('queue');
      const sent = { ...adminHeaders, accept: 'application/json', ...headers };
      const answers = [
        await ask(scene.connect(frontProxy), path, sent),
        await scene.http1(path, { certificate: frontProxy, headers: sent }),
      ];
      for (const answer of answers) {
        expect(answer.status).to.equal(code);
        expect(answer.headers['content-type']).to.equal('application/json');
        expect(answer.headers['retry-after']).to.equal(undefined);
        expect(answer.headers['allow']).to.equal(undefined);
        const status = json(answer);
        expect(status).to.include({ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, code });
        expect(status)
          .to.have.property('message')
          .that.satisfies((text: string) =>
            message instanceof RegExp ? message.test(text) : text === message,
          );
      }
    });
  }

  it('answers other methods on a metric with 405', async () => {
    serve('queue');
    for (const method of ['HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      const answer = await ask(scene.connect(frontProxy), metric, { ...adminHeaders, ':method': method });
      expect(answer.status, method).to.equal(405);
    }
  });

  it('authorizes before it says what is wrong with the request', async () => {
    scene.mayAccess = async () => ok({ allowed: false, reason: 'no' });
    const session = scene.connect(frontProxy);
    const user = { 'x-remote-user': 'eve', accept: 'application/json' };
    for (const path of [
      `${metric}?labelSelector=%zz`,
      `${base}/shop/unknown`,
      `${metric}?watch=1`,
      '/nowhere',
    ]) {
      expect((await ask(session, path, user)).status, path).to.equal(403);
    }
    expect((await ask(session, metric, { ...user, ':method': 'DELETE' })).status).to.equal(403);
    const refusal = await ask(session, '/nowhere', user);
    expect(json(refusal)).to.include({ message: 'forbidden: User "eve" cannot get path "/nowhere": no' });
    expect(refusal.headers['x-content-type-options']).to.equal('nosniff');
    expect(scene.access.map(({ request }) => request.verb)).to.include.members([
      'list',
      'watch',
      'deletecollection',
      'get',
    ]);
  });

  it('tells the selectors that are served when one is not', async () => {
    serve('queue', { selector: 'app=web' });
    serve('queue', { selector: 'app=mail' });
    const answer = await ask(scene.connect(frontProxy), `${metric}?labelSelector=app%3Dfax`, asJson);
    expect(json(answer)).to.deep.include({
      code: 404,
      reason: 'NotFound',
      message:
        'no autoscaler of namespace "shop" is known to ask for external metric "queue" with the selector "app=fax"; it is served there under: "app=mail", "app=web"; remedy: an autoscaler must name the metric with exactly these conditions; it is served within seconds of the autoscaler (this replica leads)',
    });
  });

  it('refuses a value that has grown too old since it came, and says whom this replica follows', async () => {
    serve('queue', { observedAtMs: Date.now() - 30_000 });
    scene.replica = 'this replica follows dca-1, whose last update came 62 s ago';
    const session = scene.connect(frontProxy);
    expect((await ask(session, metric, asJson)).status).to.equal(200);
    scene.wallOffsetMs = 61_000;
    const answer = await ask(session, metric, asJson);
    expect(json(answer)).to.include({ code: 503, reason: 'ServiceUnavailable' });
    expect(String(answer.body)).to.match(
      /stale: the newest point is too old to scale on; query avg:queue\{\*\}\.rollup\(30\); last point 9\d s old, limit 90 s; remedy: .*\(this replica follows dca-1, whose last update came 62 s ago\)/,
    );
    expect(answer.headers['retry-after']).to.equal(undefined);
    expect(json(answer)).to.have.nested.property('details.causes[0].reason', 'stale');
  });

  it('does not believe a wall clock that was set back', async () => {
    serve('queue', { observedAtMs: Date.now() - 100_000 });
    scene.wallOffsetMs = -3_600_000;
    expect((await ask(scene.connect(frontProxy), metric, asJson)).status).to.equal(503);
  });

  it('lets a request wait for the first record of a metric that is wanted', async () => {
    const id = metricId({ namespace: 'shop', name: 'queue', selector: selectorOf('') });
    scene.wanted.add(id);
    const asked = ask(scene.connect(frontProxy), metric, asJson);
    setTimeout(() => scene.records.set(pendingRecord('queue')), 50);
    setTimeout(() => serve('queue', { value: 7 }), 120);
    const answer = await asked;
    expect(answer.status).to.equal(200);
    expect(json(answer)).to.have.nested.property('items[0].value', '7');
  });

  it('lets a request wait a moment for an autoscaler that it has not seen', async () => {
    const asked = ask(scene.connect(frontProxy), metric, asJson);
    setTimeout(() => serve('queue', { value: 7 }), 120);
    expect((await asked).status).to.equal(200);
  });

  it('says that there is no value yet when the wait is over, and does not wait again', async () => {
    scene.records.set(pendingRecord('queue', 'Datadog answered 403: the application key is not valid'));
    const session = scene.connect(frontProxy);
    const first = await ask(session, metric, asJson);
    expect(json(first)).to.include({
      code: 503,
      message:
        "pending: no value has been read from Datadog yet; query avg:queue{*}.rollup(30); no point so far; the last refresh failed: Datadog answered 403: the application key is not valid; remedy: cure the failed refresh; the next one follows by itself, and the leader's log shows each (this replica leads)",
    });
    const beforeMs = performance.now();
    expect((await ask(session, metric, asJson)).status).to.equal(503);
    expect(performance.now() - beforeMs).to.be.lessThan(300);
  });

  it('gives up waiting when the client does', async () => {
    await scene.stop();
    scene = await new Scene().start({ firstRecordWaitMs: 60_000 });
    scene.records.set(pendingRecord('queue'));
    const session = scene.connect(frontProxy);
    const stream = session.request({ ':path': metric, accept: 'application/json', 'x-remote-user': 'ann' });
    stream.on('error', () => {});
    while (scene.records.listeners < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    stream.close();
    while (scene.records.listeners > 1) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it('counts what it answers', async () => {
    serve('queue');
    const session = scene.connect(frontProxy);
    await ask(session, metric, asJson);
    await ask(session, `${base}/shop/${'x'.repeat(401)}`, asJson);
    await ask(session, '/apis/external.metrics.k8s.io/v1beta1', asJson);
    const text = (await ask(session, '/metrics', adminHeaders)).body.toString();
    expect(text).to.include('external_metrics_api_requests{handler="get",in_error="false"} 1');
    expect(text).to.include('external_metrics_api_requests{handler="get",in_error="true"} 1');
    expect(text).to.include('external_metrics_api_requests{handler="list",in_error="false"} 1');
    expect(text).to.include('external_metrics_api_elapsed_count{handler="get",in_error="false"} 1');
    expect(text).to.include('api_requests{handler="get",status="400",forwarded="false"} 1');
  });
});
