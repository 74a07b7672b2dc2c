import { expect } from 'chai';
import { Authorizer, type Decision } from '../../../apiserver/authz.js';
import { toIdentity } from '../../../apiserver/identity.js';
import { Fault } from '../../../core/fault.js';
import { fail, ok, type Result } from '../../../core/result.js';
import type { AccessRequest } from '../../../core/user.js';
import { FakeClock } from '../../fake-clock.js';

const hpaController = toIdentity({ name: 'hpa', uid: undefined, groups: [], extra: {} });
const access: AccessRequest = {
  kind: 'resource',
  verb: 'list',
  group: 'external.metrics.k8s.io',
  version: 'v1beta1',
  resource: 'queue.depth',
  namespace: 'shop',
};

const yes: Decision = { allowed: true, reason: 'RBAC' };
const no: Decision = { allowed: false, reason: '' };
const never = (): Promise<Result<Decision, Fault>> => new Promise(() => {});

function scene() {
  const clock = new FakeClock();
  const state = { answer: async (): Promise<Result<Decision, Fault>> => ok(yes), calls: 0 };
  const authorizer = new Authorizer({
    clock,
    accessReviewer: {
      allowed: () => {
        state.calls += 1;
        return state.answer();
      },
    },
  });
  const decide = () => authorizer.decide(hpaController, access).catch((error: unknown) => error);
  /** What comes of a question after `ms` of waiting. */
  const answerAfter = async (ms: number) => {
    const decision = decide();
    await clock.advance(ms);
    return decision;
  };
  return { clock, state, decide, answerAfter };
}

describe('apiserver/authz', () => {
  it('asks again after ten seconds, and heeds an answer that comes in time', async () => {
    const { clock, state, decide } = scene();
    expect(await decide()).to.equal(yes);
    state.answer = async () => ok(no);
    await clock.advance(9_999);
    expect(await decide()).to.equal(yes);
    await clock.advance(2);
    expect(await decide()).to.equal(no);
    expect(state.calls).to.equal(2);
  });

  it('lets a permission go on while the API server is away, for five minutes', async () => {
    const { clock, state, decide } = scene();
    await decide();
    state.answer = async () => fail(new Fault('kube.unreachable', 'down'));
    await clock.advance(299_000);
    expect(await decide()).to.equal(yes);
    await clock.advance(2_000);
    expect(await decide()).to.have.property('code', 'server.internal');
  });

  it('waits half a second for a slow API server before it lets a permission go on', async () => {
    const { clock, state, answerAfter } = scene();
    await answerAfter(0);
    state.answer = never;
    await clock.advance(10_001);
    expect(await answerAfter(500)).to.equal(yes);
    expect(clock.sleeping).to.equal(1, 'the call itself goes on, bounded');
  });

  it('takes a late answer into account: a denial ends the permission', async () => {
    const { clock, state, answerAfter, decide } = scene();
    await answerAfter(0);
    let answer = (_: Result<Decision, Fault>): void => {};
    state.answer = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    await clock.advance(10_001);
    expect(await answerAfter(500)).to.equal(yes);
    answer(ok(no));
    await clock.advance(0);
    expect(await decide()).to.equal(no);
    state.answer = async () => fail(new Fault('kube.unreachable', 'down'));
    await clock.advance(10_001);
    expect(await decide()).to.have.property('code', 'server.internal');
  });

  it('neither prolongs a denial nor a permission when it may not ask any more', async () => {
    const { clock, state, decide } = scene();
    state.answer = async () => ok(no);
    await decide();
    state.answer = async () => fail(new Fault('kube.unreachable', 'down'));
    await clock.advance(10_001);
    expect(await decide()).to.have.property('code', 'server.internal');
    state.answer = async () => ok(yes);
    expect(await decide()).to.equal(yes);
    state.answer = async () => fail(new Fault('kube.denied', 'no auth-delegator'));
    await clock.advance(10_001);
    expect(await decide()).to.have.property('code', 'server.internal');
  });
});
