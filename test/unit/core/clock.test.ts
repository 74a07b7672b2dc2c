import { expect } from 'chai';
import { deadline, every, systemClock } from '../../../core/clock.js';
import { FakeClock, settle } from '../../fake-clock.js';

describe('the system clock', () => {
  it('tells wall time in milliseconds and a monotonic time that does not step back', async () => {
    expect(systemClock.nowMs()).to.be.within(Date.UTC(2020, 0), Date.UTC(2100, 0));
    const before = systemClock.monotonicMs();
    await systemClock.sleep(1, new AbortController().signal);
    expect(systemClock.monotonicMs()).to.be.at.least(before);
  });

  it('ends a sleep when the signal aborts, and leaves no listener behind', async () => {
    const stop = new AbortController();
    const sleep = systemClock.sleep(3_600_000, stop.signal);
    stop.abort();
    await sleep;
    await systemClock.sleep(3_600_000, stop.signal);
    const open = new AbortController();
    await systemClock.sleep(0, open.signal);
    await systemClock.sleep(-5, open.signal);
    open.abort();
  });

  it('does not take a wait beyond the longest timer for none at all', async () => {
    const stop = new AbortController();
    let hasEnded = false;
    const sleep = systemClock.sleep(2 ** 40, stop.signal).then(() => {
      hasEnded = true;
    });
    await systemClock.sleep(5, new AbortController().signal);
    expect(hasEnded).to.equal(false);
    stop.abort();
    await sleep;
  });
});

describe('every', () => {
  function scene(task: () => Promise<void> = async () => {}) {
    const clock = new FakeClock();
    const stop = new AbortController();
    const startsMs: number[] = [];
    const done = every(
      clock,
      1_000,
      async () => {
        startsMs.push(clock.monotonicMs());
        await task();
      },
      stop.signal,
    );
    return { clock, stop, startsMs, done };
  }

  it('runs at once and then a period after each end', async () => {
    const { clock, stop, startsMs, done } = scene();
    await clock.advance(3_500);
    stop.abort();
    await done;
    expect(startsMs).to.deep.equal([0, 1_000, 2_000, 3_000]);
  });

  it('never runs two at a time: the period begins when the task has ended', async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    const startsMs: number[] = [];
    const slow = async (): Promise<void> => {
      startsMs.push(clock.monotonicMs());
      await clock.sleep(700, stop.signal);
    };
    const done = every(clock, 1_000, slow, stop.signal);
    await clock.advance(4_000);
    stop.abort();
    await done;
    expect(startsMs).to.deep.equal([0, 1_700, 3_400]);
  });

  it('does not begin when the signal is aborted already', async () => {
    const stop = new AbortController();
    stop.abort();
    let runs = 0;
    await every(
      new FakeClock(),
      1,
      async () => {
        runs += 1;
      },
      stop.signal,
    );
    expect(runs).to.equal(0);
  });

  it('lets the error of a task through, since that is a bug', async () => {
    const failing = scene(() => Promise.reject(new Error('bug')));
    const ended = await failing.done.then(
      () => 'ended',
      (error: Error) => error.message,
    );
    expect(ended).to.equal('bug');
  });
});

describe('a deadline', () => {
  it('aborts after its time and says so', async () => {
    const clock = new FakeClock();
    const bound = deadline(clock, 500, new AbortController().signal);
    await clock.advance(499);
    expect(bound.signal.aborted).to.equal(false);
    await clock.advance(1);
    expect(bound.signal.aborted).to.equal(true);
    expect(bound.signal.reason).to.be.instanceOf(Error).with.property('message', 'no answer within 500 ms');
  });

  it('aborts with its parent, before its time, and at once when the parent has aborted already', () => {
    const parent = new AbortController();
    const bound = deadline(new FakeClock(), 500, parent.signal);
    parent.abort(new Error('shutdown'));
    expect(bound.signal.aborted).to.equal(true);
    expect(bound.signal.reason).to.have.property('message', 'shutdown');
    expect(deadline(new FakeClock(), 500, parent.signal).signal.aborted).to.equal(true);
  });

  it('never aborts once released, and leaves no timer running', async () => {
    const clock = new FakeClock();
    const bound = deadline(clock, 500, new AbortController().signal);
    expect(clock.sleeping).to.equal(1);
    bound.release();
    await settle();
    expect(clock.sleeping).to.equal(0);
    await clock.advance(1_000);
    expect(bound.signal.aborted).to.equal(false);
  });
});
