import { expect } from 'chai';
import { Fault, type FaultCode } from '../../../core/fault.js';
import { fail, ok } from '../../../core/result.js';
import type { Lock, LockBox, StoredLock } from '../../../leader/lock.js';
import { TwoLocks } from '../../../leader/two-locks.js';
import { MemoryLock } from './memory-lock.js';

const { signal } = new AbortController();

const mine: Lock = { holder: 'me', durationSeconds: 60, acquiredAtMs: 1, renewedAtMs: 2, transitions: 0 };

/** One object, which may be told to refuse what is written. */
function part(): LockBox & { readonly lock: MemoryLock; refusal: FaultCode | undefined } {
  const lock = new MemoryLock();
  return {
    lock,
    refusal: undefined,
    read: () => Promise.resolve(ok(lock.stored)),
    write(written, revision) {
      if (this.refusal !== undefined) return Promise.resolve(fail(new Fault(this.refusal, 'no')));
      return Promise.resolve(lock.swap(written.holder ?? '', written, revision));
    },
    follow(onChange) {
      lock.follow(onChange);
      return Promise.resolve();
    },
  };
}

function scene() {
  const [first, second] = [part(), part()];
  const both = new TwoLocks({ first, second });
  return {
    first,
    second,
    both,
    read: async (): Promise<StoredLock | undefined> => {
      const read = await both.read(signal);
      if (!read.ok) throw read.error;
      return read.value;
    },
    holders: () => [first.lock.stored?.lock.holder, second.lock.stored?.lock.holder],
  };
}

describe('two locks as one', () => {
  it('are not there while neither is', async () => {
    expect(await scene().read()).to.equal(undefined);
  });

  it('are both made, both renewed and both given up', async () => {
    const { both, holders, read } = scene();
    const made = await both.write(mine, undefined, signal);
    expect(holders()).to.deep.equal(['me', 'me']);
    expect(await read()).to.deep.equal(made.ok && made.value);
    const renewed = await both.write({ ...mine, renewedAtMs: 3 }, made.ok ? made.value.revision : '', signal);
    expect(renewed.ok && renewed.value.lock).to.deep.equal({ ...mine, renewedAtMs: 3 });
    await both.write({ ...mine, holder: undefined }, renewed.ok ? renewed.value.revision : '', signal);
    expect(holders()).to.deep.equal([undefined, undefined]);
  });

  it('add the one that is missing to the one that is there', async () => {
    const { first, both, holders, read } = scene();
    first.lock.set({ ...mine, holder: undefined });
    const before = await read();
    expect((await both.write(mine, before?.revision, signal)).ok).to.equal(true);
    expect(holders()).to.deep.equal(['me', 'me']);
  });

  const merges: readonly (readonly [string, Partial<Lock> | undefined, Partial<Lock> | undefined, object])[] =
    [
      ['one holder of both', {}, {}, { holder: 'me' }],
      ['who holds the first, the second being free', {}, { holder: undefined }, { holder: 'me' }],
      ['who holds the second, the first being free', { holder: undefined }, {}, { holder: 'me' }],
      ['who holds the first, the second being absent', {}, undefined, { holder: 'me' }],
      ['who holds the second, the first being absent', undefined, {}, { holder: 'me' }],
      ['nobody, when they name two', {}, { holder: 'other' }, { holder: undefined }],
      ['the earlier renewal', { renewedAtMs: 9 }, { renewedAtMs: 7 }, { renewedAtMs: 7 }],
      ['nothing of a free one’s times', { holder: undefined, renewedAtMs: 0 }, {}, { renewedAtMs: 2 }],
      ['the longer duration', { durationSeconds: 5 }, { durationSeconds: 6 }, { durationSeconds: 6 }],
    ];
  for (const [title, one, other, expected] of merges) {
    it(`tell ${title}`, async () => {
      const { first, second, read } = scene();
      if (one !== undefined) first.lock.set({ ...mine, ...one });
      if (other !== undefined) second.lock.set({ ...mine, ...other });
      expect((await read())?.lock).to.include(expected);
    });
  }

  it('have another revision whenever one of them has', async () => {
    const { first, second, read } = scene();
    const revisions: (string | undefined)[] = [];
    for (const change of [first.lock, second.lock, first.lock]) {
      change.set(mine);
      revisions.push((await read())?.revision);
    }
    second.lock.delete();
    revisions.push((await read())?.revision);
    expect(new Set(revisions).size).to.equal(4);
  });

  it('are not taken, and the second is left alone, when the first was faster taken by another', async () => {
    const { first, both, holders, read } = scene();
    first.lock.set({ ...mine, holder: undefined });
    const before = await read();
    first.lock.set({ ...mine, holder: 'other' });
    const written = await both.write(mine, before?.revision, signal);
    expect(written).to.have.nested.property('error.code', 'kube.conflict');
    expect(holders()).to.deep.equal(['other', undefined]);
  });

  it('are not taken when the second was faster taken by another, and the first is given back', async () => {
    const { second, both, holders, read } = scene();
    const before = await read();
    second.lock.set({ ...mine, holder: 'other' });
    const written = await both.write(mine, before?.revision, signal);
    expect(written).to.have.nested.property('error.code', 'kube.conflict');
    expect(holders()).to.deep.equal([undefined, 'other']);
    expect((await read())?.lock.holder).to.equal('other');
  });

  it('keep the first when a renewal of the second is refused: it is still ours', async () => {
    const { second, both, holders, read } = scene();
    await both.write(mine, undefined, signal);
    const before = await read();
    second.lock.set({ ...mine, renewedAtMs: 99 });
    const written = await both.write({ ...mine, renewedAtMs: 3 }, before?.revision, signal);
    expect(written).to.have.nested.property('error.code', 'kube.conflict');
    expect(holders()).to.deep.equal(['me', 'me']);
  });

  it('give the second up though the first cannot be', async () => {
    const { first, both, holders, read } = scene();
    await both.write(mine, undefined, signal);
    const before = await read();
    first.refusal = 'kube.unreachable';
    const written = await both.write({ ...mine, holder: undefined }, before?.revision, signal);
    expect(written).to.have.nested.property('error.code', 'kube.unreachable');
    expect(holders()).to.deep.equal(['me', undefined]);
  });

  for (const name of ['first', 'second'] as const) {
    it(`cannot be read when the ${name} cannot`, async () => {
      const ports = { first: part(), second: part() };
      ports[name].read = () => Promise.resolve(fail(new Fault('kube.denied', 'no')));
      expect(await new TwoLocks(ports).read(signal)).to.have.nested.property('error.code', 'kube.denied');
    });
  }

  it('are both followed', async () => {
    const { first, second, both } = scene();
    let told = 0;
    await both.follow(() => {
      told += 1;
    }, signal);
    first.lock.set(mine);
    second.lock.set(mine);
    expect(told).to.equal(2);
  });
});
