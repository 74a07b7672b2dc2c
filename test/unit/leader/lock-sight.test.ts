import { expect } from 'chai';
import { type Decision, decide } from '../../../leader/decide.js';
import type { Lock, StoredLock } from '../../../leader/lock.js';
import { LockSight } from '../../../leader/lock-sight.js';

const base: Lock = { holder: 'me', durationSeconds: 15, acquiredAtMs: 1, renewedAtMs: 2, transitions: 3 };
let revisions = 0;

/** A lock as stored; each has a revision of its own. */
function stored(change: Partial<Lock> = {}, rest: Partial<StoredLock> = {}): StoredLock {
  revisions += 1;
  return {
    lock: { ...base, ...change },
    revision: String(revisions),
    stamp: JSON.stringify(change),
    ...rest,
  };
}

function both(first: StoredLock | undefined, second: StoredLock | undefined): StoredLock {
  return stored({}, { parts: [first, second] });
}

const mine = stored();
const others = stored({ holder: 'other' });
const free = stored({ holder: undefined, durationSeconds: 1 });
const bare = stored({ holder: undefined, durationSeconds: 0 });
const wiped = stored({ holder: undefined });
const unreadable = stored({ holder: undefined, durationSeconds: 0 }, { doubt: 'no record' });

/**
 * What is decided: at the first look after the change; when it has lasted for a lease of 15 s, and a moment longer; and
 * at the first look by who led until then.
 */
type Row = readonly [
  title: string,
  seen: readonly (StoredLock | undefined)[],
  atOnce: Decision,
  atTheEnd: Decision,
  afterIt: Decision,
  leading: Decision,
];

const table: readonly Row[] = [
  // One object.
  ['none, and never was', [undefined], 'acquire', 'acquire', 'acquire', 'acquire'],
  ['free: given up', [free], 'acquire', 'acquire', 'acquire', 'acquire'],
  ['free: given up by another before our eyes', [others, free], 'acquire', 'acquire', 'acquire', 'acquire'],
  ['free: an object that nobody has held', [bare], 'acquire', 'acquire', 'acquire', 'acquire'],
  ['free as before', [bare, bare], 'acquire', 'acquire', 'acquire', 'acquire'],
  ['mine', [mine], 'renew', 'renew', 'renew', 'renew'],
  ['mine, taken by another', [mine, others], 'wait', 'wait', 'acquire', 'wait'],
  ["another's", [others], 'wait', 'wait', 'acquire', 'wait'],
  ["another's, renewed", [others, stored({ holder: 'other' })], 'wait', 'wait', 'acquire', 'wait'],
  ["another's, for 60 s", [stored({ holder: 'other', durationSeconds: 60 })], 'wait', 'wait', 'wait', 'wait'],
  [
    "another's, cut short",
    [stored({ holder: 'other', durationSeconds: 1 })],
    'wait',
    'wait',
    'acquire',
    'wait',
  ],
  [
    "another's, for no time",
    [stored({ holder: 'other', durationSeconds: 0 })],
    'wait',
    'wait',
    'acquire',
    'wait',
  ],
  [
    "another's, for ever",
    [stored({ holder: 'other', durationSeconds: 2 ** 31 - 1 })],
    'wait',
    'wait',
    'acquire',
    'wait',
  ],
  ['mine, for no time', [stored({ durationSeconds: 0 })], 'renew', 'renew', 'renew', 'renew'],
  ['mine, for ever', [stored({ durationSeconds: 2 ** 31 - 1 })], 'renew', 'renew', 'renew', 'renew'],
  ['deleted while mine', [mine, undefined], 'wait', 'wait', 'acquire', 'acquire'],
  ["deleted while another's", [others, undefined], 'wait', 'wait', 'acquire', 'acquire'],
  ['deleted while free: taken meanwhile, maybe', [free, undefined], 'wait', 'wait', 'acquire', 'acquire'],
  ['deleted, and made anew by another', [mine, undefined, others], 'wait', 'wait', 'acquire', 'wait'],
  [
    'deleted, and made anew without a holder',
    [others, undefined, bare],
    'wait',
    'wait',
    'acquire',
    'acquire',
  ],
  ["wiped while another's", [others, wiped], 'wait', 'wait', 'acquire', 'acquire'],
  ['wiped while mine', [mine, bare], 'wait', 'wait', 'acquire', 'acquire'],
  ['unreadable', [unreadable], 'wait', 'wait', 'acquire', 'acquire'],
  ['unreadable, having been mine', [mine, unreadable], 'wait', 'wait', 'acquire', 'acquire'],
  ['unreadable, then free', [unreadable, free], 'acquire', 'acquire', 'acquire', 'acquire'],
  // Two objects.
  ['both mine', [both(mine, mine)], 'renew', 'renew', 'renew', 'renew'],
  ["both another's", [both(others, others)], 'wait', 'wait', 'acquire', 'wait'],
  ['both free', [both(free, free)], 'acquire', 'acquire', 'acquire', 'acquire'],
  ['the first mine, the second free', [both(mine, free)], 'renew', 'renew', 'renew', 'renew'],
  ['the first mine, the second never made', [both(mine, undefined)], 'renew', 'renew', 'renew', 'renew'],
  ['the first never made, the second mine', [both(undefined, mine)], 'renew', 'renew', 'renew', 'renew'],
  [
    "the first another's, the second never made",
    [both(others, undefined)],
    'wait',
    'wait',
    'acquire',
    'wait',
  ],
  ["the first free, the second another's", [both(free, others)], 'wait', 'wait', 'acquire', 'wait'],
  ["the first mine, the second another's", [both(mine, others)], 'wait', 'wait', 'acquire', 'wait'],
  ["the first another's, the second mine", [both(others, mine)], 'wait', 'wait', 'acquire', 'wait'],
  ["two others'", [both(others, stored({ holder: 'third' }))], 'wait', 'wait', 'acquire', 'wait'],
  ['the first unreadable, the second mine', [both(unreadable, mine)], 'wait', 'wait', 'acquire', 'renew'],
  [
    "the first unreadable, the second another's",
    [both(unreadable, others)],
    'wait',
    'wait',
    'acquire',
    'wait',
  ],
  [
    'both mine, the second deleted',
    [both(mine, mine), both(mine, undefined)],
    'wait',
    'wait',
    'acquire',
    'renew',
  ],
  [
    "the second deleted, having been another's",
    [both(mine, others), both(mine, undefined)],
    'wait',
    'wait',
    'acquire',
    'renew',
  ],
  ['both mine, both deleted', [both(mine, mine), undefined], 'wait', 'wait', 'acquire', 'acquire'],
  ['both mine, the first wiped', [both(mine, mine), both(wiped, mine)], 'wait', 'wait', 'acquire', 'renew'],
];

describe('what is decided of a lock that is', () => {
  for (const [title, seen, ...expected] of table) {
    it(`${title}: ${expected.join(', ')}`, () => {
      const sight = new LockSight({ identity: 'me', durationSeconds: 15 });
      for (const one of seen) sight.see(one, 100_000);
      const decision = (nowMs: number, wasLeading = false): Decision =>
        decide(sight.view(wasLeading), 'me', nowMs);
      expect([
        decision(100_000),
        decision(115_000),
        decision(115_001),
        decision(100_000, true),
      ]).to.deep.equal(expected);
    });
  }

  it('another’s: anew after each change, and not after a look that shows none', () => {
    const sight = new LockSight({ identity: 'me', durationSeconds: 15 });
    const renewed = stored({ holder: 'other' });
    for (const [one, atMs] of [
      [others, 0],
      [renewed, 10_000],
      [renewed, 20_000],
    ] as const)
      sight.see(one, atMs);
    expect(decide(sight.view(false), 'me', 25_000)).to.equal('wait');
    expect(decide(sight.view(false), 'me', 25_001)).to.equal('acquire');
  });
});

describe('a lock that was not looked at for long', () => {
  const view = (lookedAtMs: readonly number[], seen: readonly (StoredLock | undefined)[], nowMs: number) => {
    const sight = new LockSight({ identity: 'me', durationSeconds: 15 });
    for (const [index, one] of seen.entries()) sight.see(one, lookedAtMs[index] ?? 0);
    return decide(sight.view(false), 'me', nowMs);
  };

  it('and is absent, as it was, may have been there meanwhile: it is waited for anew', () => {
    const absent = [others, undefined, undefined];
    expect(view([0, 1_000, 8_500], absent, 16_001)).to.equal('acquire');
    expect(view([0, 1_000, 8_501], absent, 16_001)).to.equal('wait');
    expect(view([0, 1_000, 8_501], absent, 23_502)).to.equal('acquire');
    expect(view([0, 8_000], [undefined, undefined], 8_000)).to.equal('wait');
    expect(view([0, 7_000], [undefined, undefined], 7_000)).to.equal('acquire');
  });

  it('and has the same revision was the same all the time', () => {
    expect(view([0, 14_000, 15_001], [others, others, others], 15_001)).to.equal('acquire');
  });
});

describe('what a replica sees of its lock', () => {
  const see = (...seen: readonly (StoredLock | undefined)[]): LockSight => {
    const sight = new LockSight({ identity: 'me', durationSeconds: 15 });
    for (const one of seen) sight.see(one, 0);
    return sight;
  };

  it('is that it is its own, only when every object names it', () => {
    const cases = [mine, both(mine, mine), both(mine, free), both(undefined, mine), unreadable, undefined];
    expect(cases.map((one) => see(one).isMine())).to.deep.equal([true, true, false, false, false, false]);
  });

  it('is who holds it, where that is sure', () => {
    const cases = [others, both(others, free), both(undefined, others), both(mine, others), unreadable, free];
    expect(cases.map((one) => see(one).holder())).to.deep.equal(['other', 'other', 'other', ...unsure(3)]);
    expect(see(others, undefined).holder()).to.equal(undefined);
  });

  it('is a renewal, only when every object has changed and names it', () => {
    const later = stored({ renewedAtMs: 9 });
    expect(see(later).isRenewedSince(mine)).to.equal(true);
    expect(see(later).isRenewedSince(undefined)).to.equal(true);
    expect(see({ ...mine, revision: 'touched' }).isRenewedSince(mine)).to.equal(false);
    expect(see(others).isRenewedSince(mine)).to.equal(false);
    expect(see(both(later, later)).isRenewedSince(both(mine, mine))).to.equal(true);
    expect(see(both(later, later)).isRenewedSince(both(mine, undefined))).to.equal(true);
    expect(see(both(later, mine)).isRenewedSince(both(mine, mine))).to.equal(false);
    expect(see(both(mine, later)).isRenewedSince(both(mine, mine))).to.equal(false);
  });

  it('is, where it cannot be told who holds it, the reason', () => {
    expect(see(unreadable).doubt()).to.equal('no record');
    expect(see(both(mine, others)).doubt()).to.contain('different holders (me and other)');
    expect(see(both(mine, mine)).doubt()).to.equal(undefined);
  });
});

function unsure(count: number): readonly undefined[] {
  return Array.from({ length: count }, () => undefined);
}
