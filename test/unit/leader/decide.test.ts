import { expect } from 'chai';
import fc from 'fast-check';
import { decide, electionTimes, type LockView } from '../../../leader/decide.js';
import { LoneLeader } from '../../../leader/lone.js';
import { describeReplica } from '../../../leader/replica-view.js';

const lock = (holder: string | undefined, seenAtMs = 100_000, durationSeconds = 15): LockView => ({
  holder,
  durationSeconds,
  lastChangeSeenAtMs: seenAtMs,
});

describe('the decision of an election', () => {
  const table: readonly (readonly [string, LockView | undefined, number, string])[] = [
    ['a lock that nobody has made', undefined, 0, 'acquire'],
    ['a lock that nobody holds', lock(undefined), 100_000, 'acquire'],
    ['my own lock', lock('me'), 100_000, 'renew'],
    ['my own lock of long ago', lock('me'), 900_000, 'renew'],
    ['a lock that another has just taken', lock('other'), 100_000, 'wait'],
    ["another's lock just before its end", lock('other'), 114_999, 'wait'],
    ["another's lock at its very end", lock('other'), 115_000, 'wait'],
    ["another's lock past its end", lock('other'), 115_001, 'acquire'],
    ["another's lock with a longer duration than ours", lock('other', 100_000, 60), 159_000, 'wait'],
    ["another's long lock past its end", lock('other', 100_000, 60), 160_001, 'acquire'],
    ['a name that only begins like mine', lock('me-2'), 100_000, 'wait'],
  ];
  for (const [title, view, nowMs, expected] of table) {
    it(`is to ${expected} for ${title}`, () => expect(decide(view, 'me', nowMs)).to.equal(expected));
  }

  it('never takes a lock from a holder within its duration, and always takes it after', () => {
    fc.assert(
      fc.property(
        fc.nat(1e9),
        fc.integer({ min: 1, max: 600 }),
        fc.nat(2_000_000),
        (seenAtMs, durationSeconds, laterMs) => {
          const decision = decide(
            { holder: 'other', durationSeconds, lastChangeSeenAtMs: seenAtMs },
            'me',
            seenAtMs + laterMs,
          );
          expect(decision).to.equal(laterMs > durationSeconds * 1000 ? 'acquire' : 'wait');
        },
      ),
    );
  });
});

describe('the times of an election', () => {
  it('renew at half and retry at a quarter of the duration, and step down before it ends', () => {
    expect(electionTimes(60)).to.deep.equal({ renewMs: 30_000, retryMs: 15_000, stepDownMs: 52_500 });
  });

  it('leave room for a failed renewal and for drifting clocks, for any duration', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3_600 }), (durationSeconds) => {
        const { renewMs, retryMs, stepDownMs } = electionTimes(durationSeconds);
        expect(renewMs + retryMs).to.be.below(stepDownMs);
        expect(stepDownMs).to.be.at.most(durationSeconds * 1000 * 0.95);
        expect(retryMs).to.be.above(0);
      }),
    );
  });
});

describe('a lone replica', () => {
  it('leads always, since when it began, and nothing ever changes', () => {
    const lone = new LoneLeader(5_000);
    expect(lone.isLeader()).to.equal(true);
    expect(lone.leader()).to.deep.equal({
      who: 'me',
      sinceMs: 5_000,
      renewedAtMs: 5_000,
      transitions: 0,
    });
    expect(lone.onChange()()).to.equal(undefined);
  });
});

describe('what a replica says of itself', () => {
  const reign = { sinceMs: 0, renewedAtMs: 0, transitions: 0 };
  it('is that it leads, whom it follows, or that it knows of no leader; and how old its knowledge is', () => {
    expect(describeReplica({ who: 'me', ...reign }, 5_000)).to.contain('leads');
    const follows = describeReplica({ who: 'other', name: 'dca-1', ...reign }, 125_400);
    expect(follows).to.contain('dca-1').and.contain('125 s');
    expect(describeReplica({ who: 'unknown' }, undefined))
      .to.contain('no leader')
      .and.contain('have not come');
  });
});
