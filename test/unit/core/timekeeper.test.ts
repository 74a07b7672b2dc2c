import { expect } from 'chai';
import { ForeignClock } from '../../../core/foreign-clock.js';
import { type Logger, silentLog } from '../../../core/log.js';
import { createRegistry } from '../../../core/telemetry.js';
import { Timekeeper } from '../../../core/timekeeper.js';
import { FakeClock } from '../../fake-clock.js';

const hourMs = 3_600_000;

/** A replica among others whose clocks differ from the truth by so much. */
function scene(wrong: { readonly own?: number; readonly datadog?: number; readonly cluster?: number } = {}) {
  const clock = new FakeClock();
  const startMs = clock.nowMs();
  const trueMs = (): number => startMs + clock.monotonicMs();
  clock.stepWall(wrong.own ?? 0);
  const lines: string[] = [];
  const log: Logger = {
    ...silentLog,
    warn: (fields, message) => lines.push(`${message}: ${String(Object.values(fields)[0])}`),
    info: (_fields, message) => lines.push(message),
  };
  const registry = createRegistry({ withProcessMetrics: false });
  const datadog = new ForeignClock({ clock }, { whose: "Datadog's" });
  const cluster = new ForeignClock({ clock }, { whose: "the API server's" });
  const keeper = new Timekeeper({ clock, log, registry, datadog, cluster });
  const hear = (other: ForeignClock, aheadMs = 0): void =>
    other.observe({ date: new Date(trueMs() + aheadMs).toUTCString() }, clock.monotonicMs());
  const hearDatadog = (): void => hear(datadog, wrong.datadog);
  const hearCluster = (): void => hear(cluster, wrong.cluster);
  return {
    clock,
    keeper,
    registry,
    lines,
    hearDatadog,
    hearCluster,
    hearAll: () => {
      hearDatadog();
      hearCluster();
    },
    errorMs: () => keeper.nowMs() - trueMs(),
    pointsErrorMs: () => keeper.throughSteps().nowMs() - trueMs(),
  };
}

describe('the timekeeper', () => {
  it('goes by its own clock before it has heard of others, and while they are in step', () => {
    const { keeper, clock, hearAll, errorMs } = scene({ own: 3_000 });
    expect(errorMs()).to.equal(3_000);
    hearAll();
    expect(errorMs()).to.equal(3_000);
    expect(keeper.describe()).to.equal(undefined);
    expect(keeper.health()).to.deep.equal({ state: 'ready' });
    expect(keeper.monotonicMs()).to.equal(clock.monotonicMs());
  });

  for (const own of [hourMs, -hourMs, 9_000, -9_000])
    it(`goes by the others when both say that it is wrong by ${own} ms, at most a second late`, () => {
      const { keeper, hearAll, errorMs } = scene({ own });
      hearAll();
      expect(errorMs()).to.be.within(0, 1_000);
      expect(keeper.health()).to.have.property('state', 'degraded');
      expect(keeper.describe()).to.match(
        own > 0
          ? /^the clock of this replica is .* ahead of Datadog's and .* ahead of the API server's$/
          : /^the clock of this replica is .* behind Datadog's and .* behind the API server's$/,
      );
    });

  it('believes neither Datadog nor the API server alone, and names the difference', () => {
    for (const wrong of [{ datadog: -hourMs }, { cluster: hourMs }]) {
      const { keeper, hearAll, errorMs } = scene(wrong);
      hearAll();
      expect(errorMs()).to.equal(0);
      expect(keeper.describe()).to.match(/60 min (ahead of Datadog's|behind the API server's)$/);
    }
    const { hearCluster, errorMs } = scene({ own: hourMs });
    hearCluster();
    expect(errorMs()).to.equal(hourMs);
  });

  it('does not go by two that are both wrong in their own ways', () => {
    const { hearAll, errorMs } = scene({ datadog: hourMs, cluster: -hourMs });
    hearAll();
    expect(errorMs()).to.equal(0);
  });

  it('is right again soon after a step, and tells the log once each way', async () => {
    const { clock, lines, hearAll, hearCluster, errorMs } = scene();
    hearAll();
    expect(errorMs()).to.equal(0);
    clock.stepWall(hourMs);
    await clock.advance(500);
    hearCluster();
    for (let second = 0; second < 60; second += 1) {
      await clock.advance(1_000);
      expect(errorMs()).to.be.within(0, 1_000);
    }
    clock.stepWall(-hourMs);
    expect(errorMs()).to.equal(0);
    expect(lines).to.deep.equal([
      "the clock of this replica is wrong; it goes by theirs: the clock of this replica is 60 min ahead of Datadog's and 60 min ahead of the API server's",
      'the clock of this replica is used again',
    ]);
  });

  it('makes nothing younger after a sleep of the machine, which its monotonic clock does not count', () => {
    const { clock, hearAll, hearCluster, errorMs } = scene();
    hearAll();
    // What a sleep of an hour looks like from within; the truth of the scene is an hour behind.
    clock.stepWall(hourMs);
    expect(errorMs()).to.equal(hourMs);
    hearCluster();
    expect(errorMs()).to.be.within(0, 1_000);
  });

  it('asks for points by the clock of Datadog while a step has not been judged', () => {
    const { clock, hearAll, hearCluster, errorMs, pointsErrorMs } = scene();
    expect(pointsErrorMs()).to.equal(0);
    hearAll();
    expect(pointsErrorMs()).to.equal(0);
    clock.stepWall(hourMs);
    expect(errorMs()).to.equal(hourMs);
    expect(pointsErrorMs()).to.be.within(0, 1_000);
    hearCluster();
    expect(pointsErrorMs()).to.be.within(0, 1_000);
  });

  it('shows how far it is ahead as metrics', async () => {
    const { registry, hearAll } = scene({ own: hourMs });
    hearAll();
    const text = await registry.metrics();
    expect(text).to.match(/clock_ahead_seconds\{of="datadog"\} 3(599|600)/);
    expect(text).to.match(/clock_ahead_seconds\{of="kube-apiserver"\} 3(599|600)/);
  });
});

describe('a foreign clock', () => {
  const at = (clock: FakeClock, aheadMs = 0) => ({ date: new Date(clock.nowMs() + aheadMs).toUTCString() });

  it('is not moved by slow answers', async () => {
    const clock = new FakeClock();
    const other = new ForeignClock({ clock }, { whose: "Datadog's" });
    for (let round = 0; round < 10; round += 1) {
      const [headers, sentAtMs] = [at(clock), clock.monotonicMs()];
      await clock.advance(9_700);
      other.observe(headers, sentAtMs);
      expect(other.aheadMs()).to.equal(0);
    }
  });

  it('becomes exact with more answers', async () => {
    const clock = new FakeClock();
    const other = new ForeignClock({ clock }, { whose: "Datadog's" });
    for (let round = 0; round < 20; round += 1) {
      await clock.advance(1_050);
      other.observe(at(clock), clock.monotonicMs());
    }
    expect((other.nowMs() ?? 0) - clock.nowMs()).to.be.within(0, 60);
  });

  it('follows when it steps itself', () => {
    const clock = new FakeClock();
    const other = new ForeignClock({ clock }, { whose: "Datadog's" });
    other.observe(at(clock), clock.monotonicMs());
    other.observe(at(clock, hourMs), clock.monotonicMs());
    expect(other.aheadMs()).to.be.within(-hourMs, -hourMs + 1_000);
    other.observe(at(clock), clock.monotonicMs());
    expect(other.aheadMs()).to.equal(0);
  });

  it('learns nothing from an answer without a date, or from a cache', () => {
    const clock = new FakeClock();
    const other = new ForeignClock({ clock }, { whose: "Datadog's" });
    const old = new Date(clock.nowMs() - hourMs).toUTCString();
    for (const headers of [{}, { date: 'soon' }, { date: [old, old] }, { date: old, age: '3600' }])
      other.observe(headers, clock.monotonicMs());
    expect(other.nowMs()).to.equal(undefined);
    expect(other.aheadMs()).to.equal(0);
    expect(other.isHeardSinceStep()).to.equal(false);
  });
});
