import { expect } from 'chai';
import { verdictOf } from '../../../explain/judge.js';
import { isFine } from '../../../explain/verdict.js';
import { wordsOf } from '../../../explain/words.js';
import { condition, controller, hpa, metric, nowMs, registered, saying, shared } from './scene.js';
import { cases } from './verdicts.js';

describe('the verdict', () => {
  for (const [kind, { shared: facts, metric: one }] of Object.entries(cases)) {
    it(`${kind} is reached, with a sentence and a remedy`, () => {
      const verdict = verdictOf(facts, one);
      expect(verdict.kind).to.equal(kind);
      for (const words of Object.values(wordsOf(verdict)))
        expect(words)
          .to.match(/^([A-Z]|kube).*\S$/)
          .and.not.match(/undefined|NaN (ms|s)|\[object|[^.]\.\.$|\n/);
    });
  }

  it('has nothing to repair where the HPA does what it is told', () => {
    const fine = Object.values(cases)
      .map(({ shared: facts, metric: one }) => verdictOf(facts, one))
      .filter(isFine)
      .map(({ kind }) => kind);
    expect(fine).to.have.members(['limited', 'stabilized', 'within_tolerance', 'other_metric', 'well']);
  });

  it('names the first fault on the road, whatever lies behind it', () => {
    const behind = {
      registration: registered(condition('Available', 'False', 'FailedDiscoveryCheck', 'x509: unknown')),
      ...saying(condition('ScalingActive', 'False', 'FailedGetExternalMetric', '/queue.depth/')),
    };
    const record = { state: 'invalid', reason: 'no_series', detail: 'none' } as const;
    expect(verdictOf(shared(behind), metric({ here: { record } })).kind).to.equal('no_series');
    expect(verdictOf(shared(behind), metric()).kind).to.equal('certificate_untrusted');
  });

  it('tells what is still served when a refresh fails, and for how long', () => {
    const point = { value: 60, observedAtMs: nowMs - 20_000 };
    const record = {
      state: 'valid',
      point,
      ageMs: 20_000,
      trouble: 'x refused the keys (403): check',
    } as const;
    const verdict = verdictOf(shared(), metric({ here: { record } }));
    expect(verdict).to.include({ kind: 'keys_refused', servedForMs: 100_000 });
    expect(wordsOf(verdict).sentence).to.contain('the last value is served for 100 s more');
  });

  it('takes a value that outlived a failed refresh for the failure, not for old', () => {
    const point = { value: 60, observedAtMs: nowMs - 200_000 };
    const trouble = 'h answered 503';
    for (const record of [
      { state: 'valid', point, ageMs: 200_000, trouble },
      { state: 'invalid', reason: 'stale', detail: trouble, lastPoint: point, ageMs: 200_000 },
    ] as const)
      expect(verdictOf(shared(), metric({ here: { record } })).kind).to.equal('datadog_failing');
  });

  it('blames the missing leader for an old value before the value', () => {
    const point = { value: 60, observedAtMs: nowMs - 200_000 };
    const record = {
      state: 'invalid',
      reason: 'stale',
      detail: 'Datadog has no newer point',
      ageMs: 2e5,
    } as const;
    const facts = shared({ leader: { who: 'unknown' } });
    expect(verdictOf(facts, metric({ here: { record } })).kind).to.equal('no_leader');
    const silent = shared({ leader: { who: 'other', name: 'dca-1', silence: 'refused' } });
    const held = { state: 'valid', point, ageMs: 2e5 } as const;
    expect(verdictOf(silent, metric({ here: { record: held } })).kind).to.equal('leader_unreachable');
  });

  it('minds no silent leader while the value is young and the HPA is served', () => {
    const silent = shared({ leader: { who: 'other', name: 'dca-1', silence: 'refused' } });
    expect(verdictOf(silent, metric()).kind).to.equal('well');
  });

  it('goes by the newest answer to the HPA controller, whichever replica gave it', () => {
    const answered = (status: number, atMs: number) => ({
      answers: { toController: { user: controller, status, atMs } },
    });
    const here = { ...metric().here, ...answered(403, nowMs - 9_000) };
    expect(verdictOf(shared(), metric({ here, atLeader: answered(200, nowMs) })).kind).to.equal('well');
    expect(verdictOf(shared(), metric({ here, atLeader: answered(200, nowMs - 10_000) })).kind).to.equal(
      'reader_forbidden',
    );
  });

  it("finds kube-apiserver's own refusal in what the HPA says", () => {
    const message =
      'unable to get external metric shop/queue.depth/nil: unable to fetch metrics from external metrics API: queue.depth.external.metrics.k8s.io is forbidden: User "x" cannot list';
    const facts = shared(saying(condition('ScalingActive', 'False', 'FailedGetExternalMetric', message)));
    expect(verdictOf(facts, metric()).kind).to.equal('reader_forbidden');
  });

  it('does not wait for a controller that has no workload to scale, and so asks for no metric', () => {
    const conditions = [
      condition('AbleToScale', 'False', 'FailedGetScale', 'deployments.apps "web" not found'),
    ];
    const autoscaler = { state: 'found', value: hpa({ conditions }) } as const;
    expect(verdictOf(shared({ autoscaler }), metric()).kind).to.equal('not_able_to_scale');
  });

  it('does not guess what it may not read', () => {
    const registration = { state: 'unread', why: 'forbidden' } as const;
    expect(verdictOf(shared({ registration }), metric()).kind).to.equal('well');
    const autoscaler = { state: 'unread', why: 'time-out' } as const;
    expect(verdictOf(shared({ autoscaler }), metric()).kind).to.equal('hpa_unread');
    const owner = registered(condition('Available', 'True', 'Passed'), { namespace: 'a', name: 'b' });
    expect(verdictOf(shared({ registration: owner, ownService: undefined }), metric()).kind).to.equal('well');
  });

  it('does not call another metric the stronger one when there is none', () => {
    const computation = { ratio: 0.5, isWithinTolerance: false, proposed: 3, replicas: 3, formula: '' };
    expect(verdictOf(shared(), metric({ computation })).kind).to.equal('well');
    const autoscaler = { state: 'found', value: hpa({ otherMetrics: 1, desiredReplicas: 3 }) } as const;
    expect(verdictOf(shared({ autoscaler }), metric({ computation })).kind).to.equal('well');
  });
});
