import { expect } from 'chai';
import { Fault } from '../../core/fault.js';
import { fail, ok } from '../../core/result.js';
import { anonymousUser } from '../../core/user.js';
import {
  createCertificate,
  createRoot,
  serverAuth,
  type TestCertificate,
} from '../unit/apiserver/certificates.js';
import { validRecord } from '../unit/apiserver/records.js';
import {
  adminHeaders,
  ask,
  authorities,
  configOf,
  frontProxy,
  hpaHeaders,
  json,
  Scene,
} from './apiserver-scene.js';

const path = '/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/queue';
const hour = 3_600_000;

describe('apiserver: who asks', () => {
  let scene: Scene;

  beforeEach(async () => {
    scene = await new Scene().start();
    scene.records.set(validRecord('queue', { observedAtMs: Date.now() }), { monotonicMs: performance.now() });
  });

  afterEach(() => scene.stop());

  /** The status over HTTP/2 and over HTTP/1.1, which must agree. */
  async function statusFor(
    certificate: TestCertificate | undefined,
    headers: object = hpaHeaders,
  ): Promise<number> {
    const h2 = await ask(scene.connect(certificate), path, headers);
    const h1 = await scene.http1(path, { headers, ...(certificate === undefined ? {} : { certificate }) });
    expect(h1.status, 'HTTP/1.1 against HTTP/2').to.equal(h2.status);
    return h2.status;
  }

  const issue = (wish: Partial<Parameters<typeof createCertificate>[0]>): TestCertificate =>
    createCertificate({ commonName: 'front-proxy-client', issuer: authorities.frontProxy, ...wish });

  it('takes the user, uid, groups and extra fields from a verified front proxy', async () => {
    expect(await statusFor(frontProxy)).to.equal(200);
    expect(scene.access.map(({ user }) => user)).to.deep.equal([
      {
        name: 'system:serviceaccount:kube-system:horizontal-pod-autoscaler',
        uid: '56155721-edd1-41ca-ac2a-116755e815f9',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'],
        extra: { 'authentication.kubernetes.io/credential-id': ['JTI=1e6c3ce9-bd22-48f6-9086-8d266ea68fb1'] },
      },
    ]);
    expect(scene.access[0]?.request).to.deep.equal({
      kind: 'resource',
      verb: 'list',
      group: 'external.metrics.k8s.io',
      version: 'v1beta1',
      resource: 'queue',
      namespace: 'shop',
    });
  });

  it('never splits a group on a comma, and adds system:authenticated to a user without groups', async () => {
    await statusFor(frontProxy, { 'x-remote-user': 'ann', 'x-remote-group': ['a, b', 'c'] });
    await statusFor(frontProxy, { 'x-remote-user': 'bob' });
    expect(scene.access.map(({ user }) => user.groups)).to.deep.equal([
      ['a, b', 'c', 'system:authenticated'],
      ['system:authenticated'],
    ]);
  });

  it('counts the first of several user names', async () => {
    await statusFor(frontProxy, { 'x-remote-user': ['ann', 'bob'] });
    expect(scene.access.map(({ user }) => user.name)).to.deep.equal(['ann']);
  });

  it('refuses a certificate of a wrong authority, wrong name, wrong time or wrong purpose with 401', async () => {
    const now = Date.now();
    const refused = {
      'wrong authority': issue({ issuer: authorities.stranger }),
      'wrong common name': issue({ commonName: 'somebody' }),
      expired: issue({ notBeforeMs: now - 3 * hour, notAfterMs: now - hour }),
      'not yet valid': issue({ notBeforeMs: now + hour, notAfterMs: now + 2 * hour }),
      'server purpose only': issue({ usages: [serverAuth] }),
      'signed by itself': createRoot('front-proxy-client'),
    };
    for (const [what, certificate] of Object.entries(refused)) {
      expect(await statusFor(certificate), what).to.equal(401);
    }
    expect(scene.access).to.deep.equal([]);
  });

  it('takes a certificate without any extended key usage, as Go does', async () => {
    expect(await statusFor(issue({ usages: 'none' }))).to.equal(200);
  });

  it('takes any common name when the list of allowed names is empty', async () => {
    scene.config = configOf('2', { allowedNames: [] });
    expect(await statusFor(issue({ commonName: 'somebody' }))).to.equal(200);
  });

  it('builds the chain over an intermediate authority that the peer shows', async () => {
    const between = createRoot('between', { issuer: authorities.frontProxy });
    const leaf = issue({ issuer: between });
    expect((await ask(scene.connect(leaf, [between]), path, hpaHeaders)).status).to.equal(200);
    expect((await ask(scene.connect(leaf), path, hpaHeaders)).status).to.equal(401);
  });

  it('ignores identity headers from a peer without a certificate', async () => {
    scene.mayAccess = async (user) => ok({ allowed: user.name !== anonymousUser.name, reason: '' });
    expect(await statusFor(undefined, { ...hpaHeaders, ...adminHeaders })).to.equal(403);
    expect(new Set(scene.access.map(({ user }) => user.name))).to.deep.equal(new Set(['system:anonymous']));
  });

  it('ignores identity headers from a client whose own certificate holds', async () => {
    const client = createCertificate({
      commonName: 'carol',
      organizations: ['dev', 'ops'],
      issuer: authorities.client,
    });
    expect(await statusFor(client, adminHeaders)).to.equal(200);
    expect(scene.access.map(({ user }) => user)).to.deep.equal([
      { name: 'carol', uid: undefined, groups: ['dev', 'ops', 'system:authenticated'], extra: {} },
    ]);
  });

  it('refuses a front proxy that names nobody, even on a probe', async () => {
    expect(await statusFor(frontProxy, {})).to.equal(401);
    expect((await ask(scene.connect(frontProxy), '/healthz')).status).to.equal(401);
    expect((await ask(scene.connect(), '/healthz')).status).to.equal(200);
  });

  it('reviews a bearer token once in ten seconds, and refuses one that is nobody’s', async () => {
    scene.whoIs = async (token) =>
      ok(token === 'good' ? { name: 'dave', uid: 'u1', groups: [], extra: {} } : undefined);
    expect(await statusFor(undefined, { authorization: 'Bearer good' })).to.equal(200);
    expect(await statusFor(undefined, { authorization: 'bearer bad' })).to.equal(401);
    expect(scene.tokens).to.deep.equal(['good', 'bad']);
    expect(scene.access.map(({ user }) => user)).to.deep.equal([
      { name: 'dave', uid: 'u1', groups: ['system:authenticated'], extra: {} },
    ]);
  });

  it('lets a good token make up for a certificate that does not hold', async () => {
    scene.whoIs = async () => ok({ name: 'dave', uid: undefined, groups: [], extra: {} });
    const certificate = issue({ issuer: authorities.stranger });
    expect(await statusFor(certificate, { authorization: 'Bearer good' })).to.equal(200);
  });

  it('says what is wrong when a token cannot be reviewed', async () => {
    scene.whoIs = async () => fail(new Fault('kube.denied', 'POST tokenreviews: 403'));
    const answer = await ask(scene.connect(), path, { authorization: 'Bearer x' });
    expect(json(answer)).to.include({
      code: 500,
      reason: 'InternalError',
      message:
        "Internal error occurred: the bearer token cannot be reviewed: POST tokenreviews: 403; remedy: bind this server's service account to the ClusterRole system:auth-delegator",
    });
  });

  it('judges an open connection anew when the configuration changes', async () => {
    const session = scene.connect(frontProxy);
    const statuses = [(await ask(session, path, hpaHeaders)).status];
    scene.config = configOf('2', { frontProxyCa: authorities.stranger.pem });
    statuses.push((await ask(session, path, hpaHeaders)).status);
    scene.config = configOf('3', { frontProxyCa: authorities.stranger.pem + authorities.frontProxy.pem });
    statuses.push((await ask(session, path, hpaHeaders)).status);
    expect(statuses).to.deep.equal([200, 401, 200]);
  });

  it('judges an open connection anew when its certificate has ended', async () => {
    const session = scene.connect(issue({ notBeforeMs: Date.now() - hour, notAfterMs: Date.now() + hour }));
    const statuses = [(await ask(session, '/version', adminHeaders)).status];
    scene.wallOffsetMs = 2 * hour;
    statuses.push((await ask(session, '/version', adminHeaders)).status);
    expect(statuses).to.deep.equal([200, 401]);
  });

  it('asks for patience while the configuration has not been read', async () => {
    scene.config = undefined;
    const answer = await ask(scene.connect(frontProxy), path, { ...hpaHeaders, accept: 'application/json' });
    expect(answer.status).to.equal(503);
    expect(json(answer)).to.include({ reason: 'ServiceUnavailable' });
    expect(String(answer.body)).to.match(
      /extension-apiserver-authentication has not been read yet; remedy: /,
    );
    expect(answer.headers['retry-after']).to.equal(undefined);
  });

  it('tells sixteen users on one connection apart', async () => {
    const session = scene.connect(frontProxy);
    const users = Array.from({ length: 16 }, (_, index) => `user-${index}`);
    scene.mayAccess = async (user) => ok({ allowed: Number(user.name.slice(5)) % 2 === 0, reason: '' });
    const answers = await Promise.all(users.map((user) => ask(session, path, { 'x-remote-user': user })));
    expect(answers.map(({ status }) => status)).to.deep.equal(
      users.map((_, index) => (index % 2 === 0 ? 200 : 403)),
    );
    const refusal: unknown = json(answers[1] ?? expect.fail());
    expect(refusal).to.include({
      message:
        'queue.external.metrics.k8s.io is forbidden: User "user-1" cannot list resource "queue" in API group "external.metrics.k8s.io" in the namespace "shop"',
    });
  });

  it('asks the cluster once for many requests alike that come together', async () => {
    const session = scene.connect(frontProxy);
    await Promise.all(Array.from({ length: 30 }, () => ask(session, path, hpaHeaders)));
    await ask(session, path, hpaHeaders);
    expect(scene.access).to.have.length(1);
  });

  it('says what is wrong when access cannot be reviewed, and asks anew the next time', async () => {
    scene.mayAccess = async () => fail(new Fault('kube.unreachable', 'connection refused'));
    const session = scene.connect(frontProxy);
    const answer = await ask(session, path, { ...hpaHeaders, accept: 'application/json' });
    expect(json(answer)).to.include({
      code: 500,
      reason: 'InternalError',
      message:
        'Internal error occurred: the API server cannot be asked whether User "system:serviceaccount:kube-system:horizontal-pod-autoscaler" may list resource "queue" in API group "external.metrics.k8s.io" in the namespace "shop": connection refused; remedy: bind this server\'s service account to the ClusterRole system:auth-delegator',
    });
    scene.mayAccess = async () => ok({ allowed: true, reason: '' });
    expect((await ask(session, path, hpaHeaders)).status).to.equal(200);
  });
});
