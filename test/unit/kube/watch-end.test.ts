import { expect } from 'chai';
import { Fault, type FaultCode } from '../../../core/fault.js';
import { afterWatch, type WatchEnd } from '../../../kube/watch-end.js';

const end = (differences: Partial<WatchEnd> & { readonly code?: FaultCode }): WatchEnd => {
  const { code, ...rest } = differences;
  const fault = code === undefined ? undefined : new Fault(code, 'x');
  return { fault, hasHeard: false, lastedMs: 50_000, failuresBefore: 0, ...rest };
};

describe('afterWatch', () => {
  it('watches on at once after an orderly end', () => {
    expect(afterWatch(end({}))).to.deep.equal({ step: 'watch', pauses: false });
    expect(afterWatch(end({ lastedMs: 5, hasHeard: true }))).to.deep.equal({ step: 'watch', pauses: false });
  });

  it('pauses after a watch that ended at once without a word', () => {
    expect(afterWatch(end({ lastedMs: 5 }))).to.deep.equal({ step: 'watch', pauses: true });
  });

  it('lists anew at once when a watch that worked has become too old', () => {
    expect(afterWatch(end({ code: 'kube.gone', hasHeard: true }))).to.deep.equal({
      step: 'list',
      pauses: false,
    });
  });

  it('pauses before it lists again when the fresh list was too old at once', () => {
    expect(afterWatch(end({ code: 'kube.gone' }))).to.deep.equal({ step: 'list', pauses: true });
  });

  it('resumes a broken watch a few times before it lists everything', () => {
    const steps = [0, 1, 2, 3, 4].map((failuresBefore) =>
      afterWatch(end({ code: 'kube.unreachable', failuresBefore })),
    );
    expect(steps.map((next) => next.step)).to.deep.equal(['watch', 'watch', 'watch', 'list', 'list']);
    expect(steps.every((next) => next.pauses)).to.equal(true);
  });

  it('lists again, after a pause, when the server refuses the watch', () => {
    for (const code of ['kube.denied', 'kube.not_found', 'kube.rejected', 'kube.conflict'] as const) {
      expect(afterWatch(end({ code, hasHeard: true }))).to.deep.equal({ step: 'list', pauses: true });
    }
  });
});
