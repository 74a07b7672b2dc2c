import { expect } from 'chai';
import { Authenticator } from '../../../apiserver/authn.js';
import { Authorizer, needsNoReview } from '../../../apiserver/authz.js';
import { Gate } from '../../../apiserver/gate.js';
import { anonymous, toIdentity } from '../../../apiserver/identity.js';
import { Fault } from '../../../core/fault.js';
import { fail, ok, type Result } from '../../../core/result.js';
import type { AccessRequest, User } from '../../../core/user.js';
import { FakeClock, settle } from '../../fake-clock.js';
import { plainRequest } from './requests.js';

const list: AccessRequest = {
  kind: 'resource',
  verb: 'list',
  group: 'external.metrics.k8s.io',
  version: 'v1beta1',
  resource: 'queue',
  namespace: 'shop',
};
const path = (text: string, verb = 'get'): AccessRequest => ({ kind: 'path', verb, path: text });
const ann: User = { name: 'ann', uid: undefined, groups: [], extra: {} };

function scene(maxWaiting = 400) {
  const clock = new FakeClock();
  const world = {
    users: new Map<string, User>([['t-ann', ann]]),
    tokenFault: undefined as Fault | undefined,
    decision: async (): Promise<Result<{ allowed: boolean; reason: string }, Fault>> =>
      ok({ allowed: true, reason: '' }),
    reviewed: [] as string[],
    refusals: [] as (readonly string[])[],
  };
  const gate = new Gate(
    {
      authenticator: new Authenticator({
        authentication: { current: () => undefined },
        tokenReviewer: {
          whoIs: async (token) => {
            world.reviewed.push(token);
            return world.tokenFault === undefined ? ok(world.users.get(token)) : fail(world.tokenFault);
          },
        },
        clock,
      }),
      authorizer: new Authorizer({
        accessReviewer: {
          allowed: (user, access) => {
            world.reviewed.push(`${user.name} ${access.kind === 'path' ? access.path : access.resource}`);
            return world.decision();
          },
        },
        clock,
      }),
      onRefusal: (refusals) => world.refusals.push(refusals),
    },
    { maxWaiting },
  );
  const admit = async (token: string | undefined, access: AccessRequest): Promise<string> => {
    try {
      const request = plainRequest(token === undefined ? {} : { authorization: `Bearer ${token}` });
      return (await gate.admit(request, access)).user.name;
    } catch (error: unknown) {
      return error instanceof Fault ? `${error.code}: ${error.message}` : expect.fail(String(error));
    }
  };
  return { clock, world, gate, admit };
}

describe('apiserver/gate', () => {
  it('asks who and whether once each in ten seconds, and lets in at once while it remembers', async () => {
    const { clock, world, gate, admit } = scene();
    const request = plainRequest({ authorization: 'Bearer t-ann' });
    expect(gate.pass(request, list)).to.equal(undefined);
    expect(await admit('t-ann', list)).to.equal('ann');
    expect(gate.pass(request, list)?.user.name).to.equal('ann');
    expect(await admit('t-ann', { ...list })).to.equal('ann');
    expect(world.reviewed).to.deep.equal(['t-ann', 'ann queue']);
    await clock.advance(10_001);
    expect(await admit('t-ann', list)).to.equal('ann');
    expect(world.reviewed).to.deep.equal(['t-ann', 'ann queue', 't-ann', 'ann queue']);
  });

  it('remembers refusals as well', async () => {
    const { clock, world, admit } = scene();
    world.decision = async () => ok({ allowed: false, reason: 'RBAC' });
    const refusal =
      'request.forbidden: queue.external.metrics.k8s.io is forbidden: User "ann" cannot list resource "queue" in API group "external.metrics.k8s.io" in the namespace "shop": RBAC';
    expect(await admit('t-ann', list)).to.equal(refusal);
    expect(await admit('t-ann', list)).to.equal(refusal);
    expect(await admit('nobody', list)).to.equal('request.unauthenticated: Unauthorized');
    expect(await admit('nobody', list)).to.equal('request.unauthenticated: Unauthorized');
    expect(world.reviewed).to.deep.equal(['t-ann', 'ann queue', 'nobody']);
    expect(world.refusals).to.deep.equal([['the bearer token is not valid']]);
    world.decision = async () => ok({ allowed: true, reason: '' });
    await clock.advance(10_001);
    expect(await admit('t-ann', list)).to.equal('ann');
  });

  it('keeps users, verbs, resources and namespaces apart', async () => {
    const { world, admit } = scene();
    world.users.set('t-bob', { ...ann, name: 'bob' });
    const asked: [string, AccessRequest][] = [
      ['t-ann', list],
      ['t-bob', list],
      ['t-ann', { ...list, verb: 'get' }],
      ['t-ann', { ...list, resource: 'other' }],
      ['t-ann', { ...list, namespace: 'other' }],
      ['t-ann', path('/metrics')],
      ['t-ann', path('/metrics', 'post')],
    ];
    for (const [token, access] of asked) await admit(token, access);
    expect(world.reviewed.filter((each) => !each.startsWith('t-'))).to.have.length(asked.length);
  });

  it('treats no credential, and none that it knows, as anonymous', async () => {
    const { gate } = scene();
    const names: string[] = [];
    for (const authorization of [undefined, 'Basic YTpi', 'Bearer', 'Bearer ', 'Bearer  x']) {
      const request = plainRequest(authorization === undefined ? {} : { authorization });
      names.push((await gate.admit(request, list)).user.name);
    }
    expect(new Set(names)).to.deep.equal(new Set(['system:anonymous']));
  });

  it('names the remedy when the cluster cannot be asked, and keeps no such answer', async () => {
    const { world, admit } = scene();
    world.decision = async () => fail(new Fault('kube.denied', '403'));
    expect(await admit(undefined, path('/metrics'))).to.match(
      /^server.internal: Internal error occurred: the API server cannot be asked whether User "system:anonymous" may get path "\/metrics": 403; remedy: .*system:auth-delegator$/,
    );
    world.decision = async () => ok({ allowed: true, reason: '' });
    expect(await admit(undefined, path('/metrics'))).to.equal('system:anonymous');
    world.tokenFault = new Fault('kube.unreachable', 'down');
    expect(await admit('x', list)).to.match(
      /^server.internal: .* the bearer token cannot be reviewed: down; remedy/,
    );
  });

  it('bounds how many wait for the cluster, but not who need not wait', async () => {
    const { clock, world, admit } = scene(2);
    world.decision = () => new Promise(() => {});
    const waiting = [admit('t-ann', list), admit(undefined, list)];
    await settle();
    expect(await admit('t-ann', path('/metrics'))).to.match(/^server.overloaded: too many requests: 2 wait/);
    expect(await admit(undefined, path('/readyz'))).to.equal('system:anonymous');
    await clock.advance(10_000);
    expect((await Promise.all(waiting)).map((text) => text.split(':')[0])).to.deep.equal([
      'server.internal',
      'server.internal',
    ]);
    world.decision = async () => ok({ allowed: true, reason: '' });
    expect(await admit('t-ann', path('/metrics'))).to.equal('ann');
  });
});

describe('apiserver/authz', () => {
  const somebody = toIdentity(ann);
  const master = toIdentity({ ...ann, groups: ['system:masters'] });
  const cases: [string, AccessRequest, readonly [boolean, boolean, boolean]][] = [
    ['a metric', list, [false, false, true]],
    ['/healthz', path('/healthz'), [true, true, true]],
    ['/livez', path('/livez'), [true, true, true]],
    ['/readyz', path('/readyz'), [true, true, true]],
    ['/readyz/', path('/readyz/'), [false, false, true]],
    ['/readyz/store', path('/readyz/store'), [false, false, true]],
    ['/apis', path('/apis'), [false, true, true]],
    ['/apis/', path('/apis/'), [false, true, true]],
    ['the group', path('/apis/external.metrics.k8s.io'), [false, true, true]],
    ['the version', path('/apis/external.metrics.k8s.io/v1beta1'), [false, true, true]],
    ['another group', path('/apis/apps'), [false, false, true]],
    ['/openapi/v2', path('/openapi/v2'), [false, true, true]],
    ['/openapi/v3', path('/openapi/v3'), [false, true, true]],
    ['the group’s OpenAPI', path('/openapi/v3/apis/external.metrics.k8s.io/v1beta1'), [false, true, true]],
    ['/version', path('/version'), [false, true, true]],
    ['a POST of /version', path('/version', 'post'), [false, false, true]],
    ['/metrics', path('/metrics'), [false, false, true]],
    ['/', path('/'), [false, false, true]],
  ];
  for (const [what, access, expected] of cases) {
    it(`knows without asking who may have ${what}`, () =>
      expect([anonymous, somebody, master].map((identity) => needsNoReview(identity, access))).to.deep.equal(
        expected,
      ));
  }
});
