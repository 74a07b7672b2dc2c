import { expect } from 'chai';
import { Fault } from '../../../core/fault.js';
import { fail, ok } from '../../../core/result.js';
import type { Lock, LockBox } from '../../../leader/election.js';
import { LockView } from '../../../wiring/lock-view.js';

const lock: Lock = {
  holder: 'a',
  durationSeconds: 60,
  acquiredAtMs: 1,
  renewedAtMs: 2,
  transitions: 3,
};
const { signal } = new AbortController();

function scene(box: Partial<LockBox>): LockView {
  const absent = () => Promise.resolve(ok(undefined));
  const refuse = () => Promise.resolve(fail(new Fault('kube.conflict', 'taken')));
  return new LockView({ read: absent, write: refuse, follow: () => Promise.resolve(), ...box });
}

describe('the view of a lock', () => {
  it('is what was read last, or written with success', async () => {
    let isThere = true;
    const view = scene({
      read: () => Promise.resolve(ok(isThere ? { lock, revision: '1' } : undefined)),
      write: () => Promise.resolve(ok('2')),
    });
    expect(view.last()).to.equal(undefined);
    expect(await view.read(signal)).to.deep.equal(ok({ lock, revision: '1' }));
    expect(view.last()).to.equal(lock);
    const next = { ...lock, holder: 'b' };
    expect(await view.write(next, '1', signal)).to.deep.equal(ok('2'));
    expect(view.last()).to.equal(next);
    isThere = false;
    await view.read(signal);
    expect(view.last()).to.equal(undefined);
  });

  it('is not changed by what failed', async () => {
    let isDown = false;
    const down = () => Promise.resolve(fail(new Fault('kube.unreachable', 'down')));
    const view = scene({
      read: () => (isDown ? down() : Promise.resolve(ok({ lock, revision: '1' }))),
    });
    await view.read(signal);
    isDown = true;
    await view.read(signal);
    await view.write({ ...lock, holder: 'b' }, '1', signal);
    expect(view.last()).to.equal(lock);
  });
});
