import { getEventListeners } from 'node:events';
import { expect } from 'chai';
import fc from 'fast-check';
import { Wake } from '../../../core/wake.js';
import { FakeClock, settle } from '../../fake-clock.js';

describe('a wake', () => {
  function scene() {
    const clock = new FakeClock();
    const stop = new AbortController();
    const wake = new Wake();
    const endsMs: number[] = [];
    const wait = (ms: number): Promise<void> =>
      wake.wait(ms, clock, stop.signal).then(() => {
        endsMs.push(clock.monotonicMs());
      });
    return { clock, stop, wake, wait, endsMs };
  }

  it('ends a wait after its time', async () => {
    const { clock, wait, endsMs } = scene();
    void wait(1_000);
    await clock.advance(999);
    expect(endsMs).to.deep.equal([]);
    await clock.advance(1);
    expect(endsMs).to.deep.equal([1_000]);
  });

  it('ends the present wait on news', async () => {
    const { clock, wake, wait, endsMs } = scene();
    void wait(1_000);
    await clock.advance(300);
    wake.wake();
    await settle();
    expect(endsMs).to.deep.equal([300]);
    expect(clock.sleeping).to.equal(0);
  });

  it('keeps news that come between two waits for the next one, once', async () => {
    const { clock, wake, wait, endsMs } = scene();
    wake.wake();
    wake.wake();
    await wait(1_000);
    expect(endsMs).to.deep.equal([0]);
    void wait(1_000);
    await clock.advance(1_000);
    expect(endsMs).to.deep.equal([0, 1_000]);
  });

  it('ends when the signal aborts', async () => {
    const { clock, stop, wait, endsMs } = scene();
    void wait(1_000);
    await clock.advance(10);
    stop.abort();
    await settle();
    await wait(1_000);
    expect(endsMs).to.deep.equal([10, 10]);
  });

  it('leaves nothing behind on a signal that outlives it', async () => {
    const { clock, stop, wake } = scene();
    for (let round = 0; round < 30; round += 1) {
      void wake.wait(10, clock, stop.signal);
      await clock.advance(10);
      wake.wake();
      await wake.wait(10, clock, stop.signal);
    }
    expect(getEventListeners(stop.signal, 'abort')).to.have.length(0);
  });

  it('never loses news: whatever is said before a look is seen by that look or a later one at once', async () => {
    const moments = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(moments, fc.integer({ min: 0, max: 50 }), async (gapsMs, workMs) => {
        const { clock, stop, wake } = scene();
        const saidMs: number[] = [];
        let unseen = 0;
        let longestMs = 0;
        const loop = async (): Promise<void> => {
          while (!stop.signal.aborted) {
            for (const atMs of saidMs.slice(saidMs.length - unseen))
              longestMs = Math.max(longestMs, clock.monotonicMs() - atMs);
            unseen = 0;
            if (workMs > 0) await clock.sleep(workMs, stop.signal);
            await wake.wait(1_000_000, clock, stop.signal);
          }
        };
        const done = loop();
        for (const gapMs of gapsMs) {
          await clock.advance(gapMs);
          saidMs.push(clock.monotonicMs());
          unseen += 1;
          wake.wake();
        }
        await clock.advance(workMs + 1);
        expect(unseen).to.equal(0);
        expect(longestMs).to.be.at.most(workMs);
        stop.abort();
        await done;
      }),
      { numRuns: 25 },
    );
  });
});
