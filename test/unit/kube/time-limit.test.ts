import { expect } from 'chai';
import { startTimeLimit } from '../../../kube/time-limit.js';
import { FakeClock } from '../../fake-clock.js';

function scene(ms: number) {
  const clock = new FakeClock();
  const parent = new AbortController();
  return { clock, parent, limit: startTimeLimit(clock, ms, parent.signal) };
}

describe('startTimeLimit', () => {
  it('aborts when its time is over', async () => {
    const { clock, limit } = scene(1000);
    await clock.advance(999);
    expect(limit.signal.aborted).to.equal(false);
    await clock.advance(1);
    expect([limit.signal.aborted, limit.hasExpired()]).to.deep.equal([true, true]);
  });

  it('begins anew at each sign of life', async () => {
    const { clock, limit } = scene(1000);
    await clock.advance(900);
    limit.heard();
    await clock.advance(900);
    expect(limit.signal.aborted).to.equal(false);
    await clock.advance(100);
    expect(limit.hasExpired()).to.equal(true);
  });

  it('aborts with its parent, and says that it was not time', () => {
    const { parent, limit } = scene(1000);
    parent.abort();
    expect([limit.signal.aborted, limit.hasExpired()]).to.deep.equal([true, false]);
    expect(startTimeLimit(new FakeClock(), 10, parent.signal).signal.aborted).to.equal(true);
  });

  it('leaves nothing behind when it is released', async () => {
    const { clock, parent, limit } = scene(1000);
    limit.release();
    await clock.advance(2000);
    parent.abort();
    expect(limit.signal.aborted).to.equal(false);
    expect(clock.sleeping).to.equal(0);
  });
});
