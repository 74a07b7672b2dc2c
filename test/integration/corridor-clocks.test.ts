import { expect } from 'chai';
import { type Clock, systemClock } from '../../core/clock.js';
import { autoscaler, metricPath, Scene, untilAnswer } from './corridor-scene.js';

const hourMs = 3_600_000;

/** A wall clock that is wrong from the start, or is set wrong later. */
function wrongClock(aheadMs: number): Clock & { aheadMs: number } {
  return {
    aheadMs,
    nowMs() {
      return systemClock.nowMs() + this.aheadMs;
    },
    monotonicMs: systemClock.monotonicMs,
    sleep: systemClock.sleep,
  };
}

describe('A replica whose clock is wrong', function () {
  this.timeout(30_000);
  let scene: Scene;

  beforeEach(async () => {
    scene = new Scene();
    await scene.start();
    scene.standIns.datadog.shape('m.a', [], (timeSeconds) => Math.floor(timeSeconds));
    scene.standIns.cluster.apply(autoscaler('a', 'm.a'));
  });

  afterEach(() => scene.stop());

  for (const aheadMs of [hourMs, -hourMs])
    it(`asks Datadog for the right time and serves, though it is ${aheadMs / 1000} s ahead`, async () => {
      const { client } = await scene.replica({ clock: wrongClock(aheadMs) });
      const { value } = await untilAnswer(client, metricPath('m.a'), ({ status }) => status === 200);
      expect(systemClock.nowMs() / 1000 - Number(value)).to.be.within(0, 5);
      expect((await client.get('/readyz')).status).to.equal(200);
    });

  it('has lost no value a moment after it was set wrong, and none when it is set right', async () => {
    const clock = wrongClock(0);
    const { client } = await scene.replica({ clock });
    await untilAnswer(client, metricPath('m.a'), ({ status }) => status === 200);
    for (const aheadMs of [hourMs, 0, -hourMs, 0]) {
      clock.aheadMs = aheadMs;
      const steppedAtMs = systemClock.monotonicMs();
      await untilAnswer(client, metricPath('m.a'), ({ status }) => status === 200);
      expect(systemClock.monotonicMs() - steppedAtMs).to.be.below(3_000);
      const queries = scene.standIns.datadog.calls.length;
      await untilAnswer(client, metricPath('m.a'), () => scene.standIns.datadog.calls.length > queries + 1);
      expect(await client.metric('shop', 'm.a')).to.include({ status: 200 });
    }
  });
});
