import { expect } from 'chai';
import { Reviews } from '../../../apiserver/reviews.js';
import { Fault } from '../../../core/fault.js';
import { fail, ok, type Result } from '../../../core/result.js';
import { FakeClock, settle } from '../../fake-clock.js';

function scene(answer: () => Promise<Result<string, Fault>>) {
  const clock = new FakeClock();
  const reviews = new Reviews<string>(clock, { max: 10, ttlMs: 10_000, timeoutMs: 10_000 });
  let calls = 0;
  const ask = (question: string, isKept = true) =>
    reviews.answer(question, isKept, () => {
      calls += 1;
      return answer();
    });
  return { clock, reviews, ask, calls: () => calls };
}

describe('apiserver/reviews', () => {
  it('asks once for all who ask at the same time, and keeps the answer for its time', async () => {
    const { clock, reviews, ask, calls } = scene(async () => ok('yes'));
    const answers = await Promise.all([ask('q'), ask('q'), ask('q')]);
    expect(answers).to.deep.equal([ok('yes'), ok('yes'), ok('yes')]);
    expect(calls()).to.equal(1);
    await clock.advance(9_999);
    expect(reviews.known('q')).to.deep.equal({ value: 'yes' });
    await clock.advance(2);
    expect(reviews.known('q')).to.equal(undefined);
  });

  it('keeps neither failures nor what shall not be kept', async () => {
    let answer: Result<string, Fault> = fail(new Fault('kube.unreachable', 'down'));
    const { reviews, ask, calls } = scene(async () => answer);
    expect(await ask('q')).to.have.property('ok', false);
    answer = ok('yes');
    expect(await ask('q', false)).to.deep.equal(ok('yes'));
    expect(reviews.known('q')).to.equal(undefined);
    expect(calls()).to.equal(2);
  });

  it('ends in time though the asked one does not', async () => {
    const { clock, ask } = scene(() => new Promise(() => {}));
    const asked = ask('q');
    await clock.advance(10_000);
    const answer = await asked;
    expect(answer.ok ? '' : `${answer.error.code}: ${answer.error.message}`).to.equal(
      'server.timeout: the API server gave no answer within 10000 ms',
    );
    await settle();
    expect(clock.sleeping).to.equal(0);
  });

  it('does not hold on to a question whose asking threw', async () => {
    const { ask } = scene(() => Promise.reject(new TypeError('bug')));
    const outcomes = await Promise.allSettled([ask('q'), ask('q')]);
    expect(outcomes.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected']);
    expect((await Promise.allSettled([ask('q')]))[0]?.status).to.equal('rejected');
  });
});
