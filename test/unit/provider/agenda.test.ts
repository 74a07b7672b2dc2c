import { expect } from 'chai';
import fc from 'fast-check';
import { type Agenda, nextStep } from '../../../provider/agenda.js';

const options = { refreshPeriodMs: 30_000, batchWindowMs: 10_000 };
const idle: Agenda = { lastFullAtMs: undefined, lastNewAtMs: undefined, newSinceMs: undefined };

describe('the agenda', () => {
  it('asks for everything at once when nothing was asked yet', () => {
    expect(nextStep(idle, options, 500)).to.deep.equal({ scope: 'all', atMs: 500 });
    expect(nextStep({ ...idle, newSinceMs: 400 }, options, 500)).to.deep.equal({ scope: 'all', atMs: 500 });
  });

  it('asks for everything a period after the last time began', () => {
    expect(nextStep({ ...idle, lastFullAtMs: 1_000 }, options, 2_000)).to.deep.equal({
      scope: 'all',
      atMs: 31_000,
    });
  });

  it('asks for a new metric of a quiet time as soon as its companions had a moment to arrive', () => {
    const step = nextStep({ lastFullAtMs: 1_000, lastNewAtMs: undefined, newSinceMs: 5_000 }, options, 5_000);
    expect(step.scope).to.equal('new');
    expect(step.atMs).to.be.within(5_000, 5_500);
  });

  it('asks for further ones together at the end of the batch window', () => {
    const step = nextStep({ lastFullAtMs: 1_000, lastNewAtMs: 5_000, newSinceMs: 6_000 }, options, 6_000);
    expect(step).to.deep.equal({ scope: 'new', atMs: 15_000 });
  });

  it('lets the full refresh carry new metrics when it comes first', () => {
    const step = nextStep({ lastFullAtMs: 1_000, lastNewAtMs: 25_000, newSinceMs: 26_000 }, options, 26_000);
    expect(step).to.deep.equal({ scope: 'all', atMs: 31_000 });
  });

  it('never lets anything wait longer than its bound, for any history', () => {
    const past = fc.option(fc.integer({ min: 0, max: 100_000 }), { nil: undefined });
    fc.assert(
      fc.property(
        past,
        past,
        past,
        fc.integer({ min: 0, max: 30_000 }),
        (lastFullAtMs, lastNewAtMs, newSinceMs, later) => {
          const nowMs = Math.max(lastFullAtMs ?? 0, lastNewAtMs ?? 0, newSinceMs ?? 0) + later;
          const step = nextStep({ lastFullAtMs, lastNewAtMs, newSinceMs }, options, nowMs);
          expect(step.atMs).to.be.at.most((lastFullAtMs ?? nowMs) + options.refreshPeriodMs);
          if (newSinceMs === undefined) expect(step.scope).to.equal('all');
          else
            expect(step.atMs).to.be.at.most(
              Math.max(nowMs, newSinceMs + 1_000, (lastNewAtMs ?? 0) + options.batchWindowMs),
            );
        },
      ),
    );
  });
});
