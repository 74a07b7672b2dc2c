import { expect } from 'chai';
import { Alarm } from '../../../certs/alarm.js';
import { FakeClock } from '../../fake-clock.js';

function scene() {
  const clock = new FakeClock();
  const alarm = new Alarm({ clock });
  const stop = new AbortController();
  const wait = (ms: number): { isOver: boolean } => {
    const watched = { isOver: false };
    void alarm.wait(ms, stop.signal).then(() => {
      watched.isOver = true;
    });
    return watched;
  };
  return { clock, alarm, stop, wait };
}

describe('Alarm', () => {
  it('waits its time when nothing rings', async () => {
    const { clock, wait } = scene();
    const waiting = wait(1_000);
    await clock.advance(999);
    expect(waiting.isOver).to.equal(false);
    await clock.advance(1);
    expect(waiting.isOver).to.equal(true);
  });

  it('ends the wait at a ring, and only this one', async () => {
    const { clock, alarm, wait } = scene();
    const first = wait(1_000);
    await clock.advance(10);
    alarm.ring();
    await clock.advance(0);
    expect(first.isOver).to.equal(true);
    const second = wait(1_000);
    await clock.advance(999);
    expect(second.isOver).to.equal(false);
  });

  it('keeps a ring that came too early for the next wait', async () => {
    const { clock, alarm, wait } = scene();
    alarm.ring();
    alarm.ring();
    const first = wait(1_000);
    const second = { isOver: false };
    await clock.advance(0);
    expect(first.isOver).to.equal(true);
    Object.assign(second, wait(1_000));
    await clock.advance(10);
    expect(second.isOver).to.equal(false);
  });

  it('ends with its signal and leaves no sleeper behind', async () => {
    const { clock, stop, wait } = scene();
    const waiting = wait(1_000);
    await clock.advance(10);
    stop.abort();
    await clock.advance(0);
    expect(waiting.isOver).to.equal(true);
    expect(clock.sleeping).to.equal(0);
  });
});
