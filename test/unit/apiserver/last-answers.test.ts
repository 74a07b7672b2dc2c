import { expect } from 'chai';
import { LastAnswers } from '../../../apiserver/last-answers.js';
import { metricId } from '../../../core/metric.js';

const id = metricId({ namespace: 'shop', name: 'queue', selector: [] });
const controller = 'system:serviceaccount:kube-system:horizontal-pod-autoscaler';

describe('the last answers', () => {
  it("keep the HPA controller's beside those of all others", () => {
    const answers = new LastAnswers();
    expect(answers.of(id)).to.equal(undefined);
    answers.note(id, { user: controller, status: 403, atMs: 1 });
    answers.note(id, { user: 'alice', status: 503, atMs: 2 });
    answers.note(id, { user: 'bob', status: 200, atMs: 3 });
    expect(answers.of(id)).to.deep.equal({
      toController: { user: controller, status: 403, atMs: 1 },
      toOthers: { user: 'bob', status: 200, atMs: 3 },
    });
  });

  it('know the controller where it runs under the name of its manager', () => {
    const answers = new LastAnswers();
    answers.note(id, { user: 'system:kube-controller-manager', status: 200, atMs: 1 });
    expect(answers.of(id)?.toController?.status).to.equal(200);
  });

  it('are bounded', () => {
    const answers = new LastAnswers();
    const idOf = (index: number) => metricId({ namespace: 'shop', name: `m${index}`, selector: [] });
    for (let index = 0; index < 10_001; index += 1)
      answers.note(idOf(index), { user: 'alice', status: 200, atMs: index });
    expect(answers.of(idOf(0))).to.equal(undefined);
    expect(answers.of(idOf(10_000))?.toOthers?.atMs).to.equal(10_000);
  });
});
