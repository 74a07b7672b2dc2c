import { expect } from 'chai';
import { ExternalMetrics } from '../../../apiserver/external-metrics.js';
import { metricId } from '../../../core/metric.js';
import { FakeClock } from '../../fake-clock.js';
import { pendingRecord, TestRecords, validRecord } from './records.js';

const key = { namespace: 'shop', name: 'queue', selector: [] };
const id = metricId(key);

function scene() {
  const clock = new FakeClock();
  const records = new TestRecords();
  const wanted = new Set<string>();
  const metrics = new ExternalMetrics(
    { records, wanted: { isWanted: (each) => wanted.has(each) }, clock },
    { maxAgeMs: 90_000 },
  );
  const hold = (ageMs: number) =>
    records.set(validRecord('queue', { observedAtMs: clock.nowMs() - ageMs }), {
      ageMs,
      monotonicMs: clock.monotonicMs(),
    });
  return { clock, records, wanted, metrics, hold };
}

describe('apiserver/external-metrics', () => {
  it('finds a value as long as it is young enough, judged at each look', async () => {
    const { clock, metrics, hold } = scene();
    hold(30_000);
    expect(metrics.find(id).state).to.equal('value');
    await clock.advance(60_000);
    expect(metrics.find(id).state).to.equal('value');
    await clock.advance(1);
    expect(metrics.find(id)).to.include({ state: 'invalid', reason: 'stale', ageMs: 90_001 });
  });

  it('lets no step of the wall clock make a value younger', () => {
    const { clock, metrics, hold } = scene();
    hold(89_000);
    clock.stepWall(-3_600_000);
    expect(metrics.find(id)).to.include({ state: 'value' });
    hold(91_000);
    expect(metrics.find(id)).to.include({ state: 'invalid', reason: 'stale' });
  });

  it('refuses a point from the future beyond the tolerance', () => {
    const { metrics, hold } = scene();
    hold(-5_000);
    expect(metrics.find(id).state).to.equal('value');
    hold(-5_001);
    expect(metrics.find(id)).to.include({ state: 'invalid', reason: 'future' });
  });

  it('tells pending from wanted from unknown', () => {
    const { records, metrics, wanted } = scene();
    expect(metrics.find(id)).to.deep.equal({ state: 'unknown' });
    wanted.add(id);
    expect(metrics.find(id)).to.deep.equal({ state: 'pending', held: undefined });
    records.set(pendingRecord('queue'));
    expect(metrics.find(id)).to.have.nested.property('held.record.state', 'pending');
  });

  it('passes on why a record is invalid', () => {
    const { records, metrics } = scene();
    records.set({ state: 'invalid', key, query: undefined, reason: 'negative', detail: '-1' });
    expect(metrics.find(id)).to.include({ state: 'invalid', reason: 'negative', ageMs: undefined });
  });
});
