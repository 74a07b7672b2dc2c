import { expect } from 'chai';
import type { Fault } from '../../../core/fault.js';
import { ok, type Result } from '../../../core/result.js';
import type { AccessRequest, User } from '../../../core/user.js';
import { Reviews } from '../../../kube/review.js';
import { FakeClock } from '../../fake-clock.js';
import { fakeApi } from './fake-api.js';
import { refuse } from './fake-store.js';

const { signal } = new AbortController();
const user: User = { name: 'jane', uid: 'u1', groups: ['devs', 'a, b'], extra: { scopes: ['x', 'y'] } };
const question: AccessRequest = {
  kind: 'resource',
  verb: 'list',
  group: 'external.metrics.k8s.io',
  version: 'v1beta1',
  resource: 'queue_depth',
  namespace: 'shop',
};

function scene(...answers: readonly Result<unknown, Fault>[]) {
  const clock = new FakeClock();
  const rest = [...answers];
  const client = fakeApi(() => (rest.length > 1 ? rest.shift() : rest[0]) ?? refuse('kube.unreachable'));
  const reviews = new Reviews({ client, clock, random: () => 1 - Number.EPSILON }, {});
  return { clock, client, reviews };
}

const status = (value: unknown): Result<unknown, Fault> => ok({ status: value });

describe('Reviews', () => {
  it('asks whether a user may read a metric', async () => {
    const { reviews, client } = scene(status({ allowed: true, reason: 'RBAC: allowed' }));
    expect(await reviews.allowed(user, question, signal)).to.deep.equal(
      ok({ allowed: true, reason: 'RBAC: allowed' }),
    );
    expect(client.seen[0]?.path).to.equal('/apis/authorization.k8s.io/v1/subjectaccessreviews');
    expect(client.seen[0]?.call).to.deep.include({
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: {
          user: 'jane',
          uid: 'u1',
          groups: ['devs', 'a, b'],
          extra: { scopes: ['x', 'y'] },
          resourceAttributes: {
            verb: 'list',
            group: 'external.metrics.k8s.io',
            version: 'v1beta1',
            resource: 'queue_depth',
            namespace: 'shop',
          },
        },
      },
    });
  });

  it('asks whether a user may read a path', async () => {
    const { reviews, client } = scene(status({ allowed: false }));
    const verdict = await reviews.allowed(
      { ...user, uid: undefined },
      { kind: 'path', verb: 'get', path: '/metrics' },
      signal,
    );
    expect(verdict).to.deep.equal(ok({ allowed: false, reason: '' }));
    expect(JSON.stringify(client.seen[0]?.call))
      .to.contain('"nonResourceAttributes":{"verb":"get","path":"/metrics"}')
      .and.not.contain('uid');
  });

  it('lets a denial override, and takes anything unclear for a refusal', async () => {
    const allowed = async (value: unknown): Promise<boolean | string> => {
      const verdict = await scene(status(value)).reviews.allowed(user, question, signal);
      return verdict.ok ? verdict.value.allowed : verdict.error.code;
    };
    expect(await allowed({ allowed: true, denied: true })).to.equal(false);
    expect(await allowed({ allowed: 'true' })).to.equal(false);
    expect(await allowed({})).to.equal(false);
    const failed = await scene(status({ allowed: false, evaluationError: 'webhook down' })).reviews.allowed(
      user,
      question,
      signal,
    );
    expect(failed).to.deep.equal(ok({ allowed: false, reason: 'webhook down' }));
  });

  it('tells whose a token is, with the keys of extra in lower case', async () => {
    const { reviews, client } = scene(
      status({
        authenticated: true,
        user: { username: 'bot', uid: 'u2', groups: ['g'], extra: { Scope: ['s'], bad: 3 } },
      }),
    );
    expect(await reviews.whoIs('abc', signal)).to.deep.equal(
      ok({ name: 'bot', uid: 'u2', groups: ['g'], extra: { scope: ['s'], bad: [] } }),
    );
    expect(client.seen[0]?.path).to.equal('/apis/authentication.k8s.io/v1/tokenreviews');
  });

  it("knows nobody by a token that is empty, unknown, or nobody's name", async () => {
    const empty = scene();
    expect(await empty.reviews.whoIs('', signal)).to.deep.equal(ok(undefined));
    expect(empty.client.seen.length).to.equal(0);
    for (const value of [
      { authenticated: false, error: 'expired' },
      { authenticated: 'true', user: { username: 'x' } },
      { authenticated: true },
      { authenticated: true, user: { username: '' } },
    ]) {
      expect(await scene(status(value)).reviews.whoIs('abc', signal)).to.deep.equal(ok(undefined));
    }
  });

  it('tries again while the API server cannot answer, five times and ten seconds at most', async () => {
    const recovering = scene(
      refuse('kube.unreachable'),
      refuse('kube.unreachable'),
      status({ allowed: true }),
    );
    const verdict = recovering.reviews.allowed(user, question, signal);
    await recovering.clock.advance(1500);
    expect(await verdict).to.deep.equal(ok({ allowed: true, reason: '' }));

    const down = scene(refuse('kube.unreachable', 'connection refused'));
    const failed = down.reviews.allowed(user, question, signal);
    await down.clock.advance(10_000);
    const result = await failed;
    expect(result.ok || result.error.message).to.equal('connection refused');
    expect(down.client.seen.length).to.equal(5);
  });

  it('does not repeat what was refused, and passes on an answer without a status as a fault', async () => {
    const denied = scene(refuse('kube.denied', 'forbidden'));
    const verdict = await denied.reviews.allowed(user, question, signal);
    expect(verdict.ok || verdict.error.code).to.equal('kube.denied');
    expect(denied.client.seen.length).to.equal(1);
    const odd = scene(ok({}));
    const result = odd.reviews.whoIs('abc', signal);
    await odd.clock.advance(10_000);
    const unclear = await result;
    expect(unclear.ok || unclear.error.code).to.equal('kube.unreachable');
  });

  it('ends when the asker goes', async () => {
    const { reviews, clock, client } = scene(refuse('kube.unreachable'));
    const asker = new AbortController();
    const verdict = reviews.whoIs('abc', asker.signal);
    await clock.advance(100);
    asker.abort();
    expect((await verdict).ok).to.equal(false);
    expect(client.seen.length).to.equal(1);
  });
});
