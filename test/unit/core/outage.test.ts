import { expect } from 'chai';
import { Fault } from '../../../core/fault.js';
import { Outage } from '../../../core/outage.js';
import { FakeClock } from '../../fake-clock.js';
import { recordingLog } from '../kube/fake-api.js';

function scene(quietFailures = 0) {
  const clock = new FakeClock();
  const log = recordingLog();
  const outage = new Outage(
    { clock, log, random: () => 1 - Number.EPSILON },
    { trouble: 'cannot read', recovered: 'reads again', quietFailures },
  );
  const waitedMs = async (fault: Fault): Promise<number> => {
    const startMs = clock.monotonicMs();
    const paused = outage
      .pause(fault, new AbortController().signal)
      .then(() => clock.monotonicMs() - startMs);
    await clock.advance(60_000);
    return Math.round(await paused);
  };
  return { log, outage, waitedMs };
}

const down = new Fault('kube.unreachable', 'connection refused');

describe('Outage', () => {
  it('waits longer each time, up to half a minute', async () => {
    const { waitedMs } = scene();
    const waits: number[] = [];
    for (let failures = 0; failures < 9; failures += 1) waits.push(await waitedMs(down));
    expect(waits).to.deep.equal([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  it('waits as long as the server asks for, but never more than half a minute', async () => {
    const { waitedMs } = scene();
    expect(await waitedMs(new Fault('kube.unreachable', 'slow down', { retryAfterSeconds: 7 }))).to.equal(
      7000,
    );
    expect(await waitedMs(new Fault('kube.unreachable', 'slow down', { retryAfterSeconds: 3600 }))).to.equal(
      30_000,
    );
  });

  it('speaks when the trouble begins, changes and ends, and not at each attempt', async () => {
    const { outage, waitedMs, log } = scene();
    await waitedMs(down);
    await waitedMs(down);
    await waitedMs(new Fault('kube.denied', 'forbidden'));
    await waitedMs(new Fault('kube.denied', 'forbidden'));
    expect(outage.trouble).to.equal('forbidden');
    outage.over();
    outage.over();
    expect(outage.trouble).to.equal(undefined);
    expect(log.lines).to.deep.equal([
      'warn cannot read; trying again',
      'warn cannot read; trying again',
      'info reads again',
    ]);
    expect(log.fields).to.deep.equal([
      { code: 'kube.unreachable', reason: 'connection refused' },
      { code: 'kube.denied', reason: 'forbidden' },
      { failures: 4 },
    ]);
  });

  it('keeps quiet about failures that are routine', async () => {
    const { outage, waitedMs, log } = scene(2);
    await waitedMs(down);
    await waitedMs(down);
    outage.over();
    expect(log.lines).to.deep.equal([]);
    for (let failures = 0; failures < 3; failures += 1) await waitedMs(down);
    expect(log.lines).to.deep.equal(['warn cannot read; trying again']);
  });

  it('begins with a short wait after it was over', async () => {
    const { outage, waitedMs } = scene();
    await waitedMs(down);
    await waitedMs(down);
    outage.over();
    expect(await waitedMs(down)).to.equal(500);
  });
});
