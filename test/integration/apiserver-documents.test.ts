import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { Fault } from '../../core/fault.js';
import { fail, ok } from '../../core/result.js';
import { validRecord } from '../unit/apiserver/records.js';
import { type Answer, adminHeaders, ask, frontProxy, json, Scene } from './apiserver-scene.js';

const groupPath = '/apis/external.metrics.k8s.io';
const aggregated =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList';
/** Two identities of the aggregation layer come without any group. */
const aggregator = { 'x-remote-user': 'system:kube-aggregator' };

describe('apiserver: documents', () => {
  let scene: Scene;

  beforeEach(async () => {
    scene = await new Scene().start();
    // Nothing here may depend on the cluster's word.
    scene.mayAccess = async () => fail(new Fault('kube.unreachable', 'down'));
  });

  afterEach(() => scene.stop());

  const get = (path: string, headers: object = {}): Promise<Answer> =>
    ask(scene.connect(frontProxy), path, { ...aggregator, ...headers });

  it('serves the group and its resources to a user without groups, with a placeholder while no metric is known', async () => {
    const version = { groupVersion: 'external.metrics.k8s.io/v1beta1', version: 'v1beta1' };
    const group = { name: 'external.metrics.k8s.io', versions: [version], preferredVersion: version };
    expect(json(await get('/apis'))).to.deep.equal({
      kind: 'APIGroupList',
      apiVersion: 'v1',
      groups: [group],
    });
    expect(json(await get(groupPath))).to.deep.equal({ kind: 'APIGroup', apiVersion: 'v1', ...group });
    expect(json(await get(`${groupPath}/v1beta1`))).to.deep.equal({
      kind: 'APIResourceList',
      apiVersion: 'v1',
      groupVersion: 'external.metrics.k8s.io/v1beta1',
      resources: [
        {
          name: 'externalmetrics',
          singularName: '',
          namespaced: true,
          kind: 'ExternalMetricValueList',
          verbs: ['get', 'list'],
        },
      ],
    });
  });

  it('lists real names up to the bound, sorted, in lower case and once each', async () => {
    for (const name of ['zeta', 'Alpha', 'mid', 'beta']) scene.records.set(validRecord(name));
    scene.records.set(validRecord('alpha', { selector: 'a=b' }));
    scene.records.set(validRecord('status'));
    expect(json(await get(`${groupPath}/v1beta1`)))
      .to.have.property('resources')
      .that.satisfies((resources: { name: string }[]) =>
        expect(resources.map(({ name }) => name)).to.deep.equal(['alpha', 'beta', 'mid']),
      );
  });

  it('answers five probes of availability at once without asking the cluster', async () => {
    const session = scene.connect(frontProxy);
    const probe = { 'x-remote-user': 'system:kube-aggregator', 'x-remote-group': 'system:masters' };
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => ask(session, `${groupPath}/v1beta1`, probe)),
    );
    expect(answers.map(({ status }) => status)).to.deep.equal([200, 200, 200, 200, 200]);
    expect(scene.access).to.deep.equal([]);
  });

  it('serves aggregated discovery with a tag, and 304 until a name comes or goes', async () => {
    scene.records.set(validRecord('queue'));
    const first = await get('/apis', { accept: aggregated });
    expect(first.headers).to.include({
      'content-type': 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
      vary: 'Accept',
      'cache-control': 'public',
      etag: `"${createHash('sha512').update(first.body).digest('hex').toUpperCase()}"`,
    });
    expect(json(first)).to.deep.equal({
      kind: 'APIGroupDiscoveryList',
      apiVersion: 'apidiscovery.k8s.io/v2',
      metadata: {},
      items: [
        {
          metadata: { name: 'external.metrics.k8s.io' },
          versions: [
            {
              version: 'v1beta1',
              freshness: 'Current',
              resources: [
                {
                  resource: 'queue',
                  responseKind: {
                    group: 'external.metrics.k8s.io',
                    version: 'v1beta1',
                    kind: 'ExternalMetricValueList',
                  },
                  scope: 'Namespaced',
                  singularResource: '',
                  verbs: ['get', 'list'],
                },
              ],
            },
          ],
        },
      ],
    });
    const tagged = { accept: aggregated, 'if-none-match': first.headers.etag };
    scene.records.set(validRecord('queue', { value: 2 }));
    const second = await get('/apis', tagged);
    expect(second.status).to.equal(304);
    expect(second.body.length).to.equal(0);
    expect(second.headers.etag).to.equal(first.headers.etag);
    scene.records.set(validRecord('other'));
    const third = await get('/apis', tagged);
    expect(third.status).to.equal(200);
    expect(third.headers.etag).not.to.equal(first.headers.etag);
  });

  it('serves OpenAPI documents that a client may keep', async () => {
    const v2 = await get('/openapi/v2', { accept: 'application/json' });
    expect(json(v2)).to.include({ swagger: '2.0' });
    const again = await get('/openapi/v2', { accept: 'application/json', 'if-none-match': v2.headers.etag });
    expect(again.status).to.equal(304);
    const v3: unknown = json(await get('/openapi/v3'));
    const group = await get('/openapi/v3/apis/external.metrics.k8s.io/v1beta1?hash=any');
    expect(json(group)).to.include({ openapi: '3.0.0' });
    const hash = String(group.headers.etag).replaceAll('"', '');
    expect(v3).to.deep.equal({
      paths: {
        'apis/external.metrics.k8s.io/v1beta1': {
          serverRelativeURL: `/openapi/v3/apis/external.metrics.k8s.io/v1beta1?hash=${hash}`,
        },
      },
    });
    const proto = await get('/openapi/v2', {
      accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
    });
    expect(proto.status).to.equal(406);
  });

  it('tells its version, in YAML if asked', async () => {
    expect(json(await get('/version'))).to.include({
      major: '0',
      minor: '1',
      gitVersion: 'v0.1.0',
      gitCommit: 'abc',
    });
    expect((await get('/version', { accept: 'application/yaml' })).body.toString()).to.match(
      /^major: "0"\nminor: "1"\n/,
    );
    expect((await get('/version', { accept: 'text/html' })).status).to.equal(406);
  });

  it('opens the probes to everyone, and says which checks fail', async () => {
    const session = scene.connect();
    for (const path of ['/healthz', '/livez', '/readyz']) {
      const answer = await ask(session, path);
      expect([answer.status, answer.body.toString()], path).to.deep.equal([200, 'ok']);
    }
    scene.readiness = [
      { name: 'store', ok: true, detail: '' },
      { name: 'wants', ok: false, detail: 'autoscalers have not been listed' },
    ];
    const failing = await ask(session, '/readyz');
    expect([failing.status, failing.body.toString()]).to.deep.equal([
      500,
      '[-]wants failed: autoscalers have not been listed\nreadyz check failed\n',
    ]);
    expect((await ask(session, '/readyz?verbose')).body.toString()).to.equal(
      '[+]store ok\n[-]wants failed: autoscalers have not been listed\nreadyz check failed\n',
    );
    expect((await ask(session, '/livez')).status).to.equal(200);
  });

  it('shows documents to nobody unknown, metrics only to the authorized, and keeps spellings apart', async () => {
    scene.mayAccess = async (user) => ok({ allowed: user.name === 'prometheus', reason: '' });
    const anonymous = scene.connect();
    for (const path of ['/apis', groupPath, '/openapi/v2', '/version', '/metrics', '/readyz/store']) {
      expect((await ask(anonymous, path)).status, path).to.equal(403);
    }
    expect((await get('/metrics')).status).to.equal(403);
    expect((await get('/metrics', { 'x-remote-user': 'prometheus' })).status).to.equal(200);
    for (const path of ['/METRICS', '/metrics/', '/metric%73', '/apis/../metrics', '//metrics']) {
      expect((await get(path, adminHeaders)).status, path).to.equal(404);
    }
    expect((await get('/metrics#', adminHeaders)).status).to.equal(400);
  });

  it('answers other methods on documents with 405', async () => {
    expect((await get('/version', { ...adminHeaders, ':method': 'POST' })).status).to.equal(405);
  });

  it('answers 429 beyond its bound of requests that wait for the cluster, and serves masters on', async () => {
    let release = (): void => {};
    const verdict = new Promise<void>((resolve) => {
      release = resolve;
    });
    scene.mayAccess = async () => {
      await verdict;
      return ok({ allowed: true, reason: '' });
    };
    const path = `${groupPath}/v1beta1/namespaces/shop/queue`;
    // A session bounds its streams, so the requests come over several.
    const sessions = Array.from({ length: 8 }, () => scene.connect(frontProxy));
    const waiting = sessions.flatMap((session, n) =>
      Array.from({ length: 50 }, (_, m) => ask(session, path, { 'x-remote-user': `user-${n}-${m}` })),
    );
    while (scene.access.length < 400) await new Promise((resolve) => setTimeout(resolve, 5));
    const refused = await ask(scene.connect(frontProxy), path, {
      'x-remote-user': 'late',
      accept: 'application/json',
    });
    expect(json(refused)).to.include({ code: 429, reason: 'TooManyRequests' });
    expect(refused.headers['retry-after']).to.equal(undefined);
    expect((await ask(scene.connect(frontProxy), '/version', adminHeaders)).status).to.equal(200);
    expect((await ask(scene.connect(), '/readyz')).status).to.equal(200);
    release();
    const answers = await Promise.all(waiting);
    expect(new Set(answers.map(({ status }) => status))).to.deep.equal(new Set([404]));
  });
});
