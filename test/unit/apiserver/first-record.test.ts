import { expect } from 'chai';
import { FirstRecord } from '../../../apiserver/first-record.js';
import { type MetricId, metricId } from '../../../core/metric.js';
import { FakeClock, settle } from '../../fake-clock.js';
import { pendingRecord, TestRecords, validRecord } from './records.js';

const id = metricId({ namespace: 'shop', name: 'queue', selector: [] });
const never = new AbortController().signal;

function scene(options: { maxWaiters?: number; firstRecordWaitMs?: number } = {}) {
  const clock = new FakeClock();
  const records = new TestRecords();
  const wanted = new Set<MetricId>();
  const first = new FirstRecord(
    { records, wanted: { isWanted: (each) => wanted.has(each) }, clock },
    { firstRecordWaitMs: 2_000, unknownWaitMs: 300, maxWaiters: 1_000, ...options },
  );
  /** Starts a wait; the function tells after how many milliseconds it ended. */
  const wait = (signal = never): (() => number | undefined) => {
    const startedMs = clock.monotonicMs();
    let endedMs: number | undefined;
    void first.wait(id, signal).then(() => {
      endedMs = clock.monotonicMs() - startedMs;
    });
    return () => endedMs;
  };
  return { clock, records, wanted, first, wait };
}

describe('apiserver/first-record', () => {
  it('waits for a pending record until it is decided', async () => {
    const { clock, records, first, wait } = scene();
    records.set(pendingRecord('queue'));
    const ended = wait();
    await clock.advance(500);
    records.set(pendingRecord('queue', 'still'));
    await clock.advance(500);
    expect([ended(), first.waiting]).to.deep.equal([undefined, 1]);
    records.set(validRecord('queue'));
    await settle();
    expect([ended(), first.waiting, records.listeners]).to.deep.equal([1_000, 0, 0]);
  });

  it('waits for a wanted metric up to the bound, and in vain only once in five minutes', async () => {
    const { clock, wanted, wait } = scene();
    wanted.add(id);
    const first = wait();
    await clock.advance(10_000);
    expect(first()).to.equal(2_000);
    const second = wait();
    await settle();
    expect(second()).to.equal(0);
    await clock.advance(300_001);
    const third = wait();
    await clock.advance(10_000);
    expect(third()).to.equal(2_000);
  });

  it('waits a moment for one that nobody is known to want, and longer once somebody does', async () => {
    const { clock, records, wanted, wait } = scene();
    const unknown = wait();
    await clock.advance(1_000);
    expect(unknown()).to.equal(300);
    const again = wait();
    await settle();
    expect(again()).to.equal(0);
    wanted.add(id);
    const known = wait();
    await clock.advance(700);
    records.set(validRecord('queue'));
    await settle();
    expect(known()).to.equal(700);
  });

  it('goes on waiting when an autoscaler comes up meanwhile', async () => {
    const { clock, records, wanted, wait } = scene();
    const ended = wait();
    await clock.advance(100);
    wanted.add(id);
    await clock.advance(400);
    expect(ended()).to.equal(undefined);
    records.set(pendingRecord('queue'));
    await clock.advance(100);
    records.set(validRecord('queue'));
    await settle();
    expect(ended()).to.equal(600);
  });

  it('does not wait for what is decided, nor beyond its number of waiters', async () => {
    const { clock, records, first, wait } = scene({ maxWaiters: 2 });
    records.set(pendingRecord('queue'));
    const waits = [wait(), wait(), wait()];
    await settle();
    expect(waits.map((ended) => ended())).to.deep.equal([undefined, undefined, 0]);
    expect(first.waiting).to.equal(2);
    records.set(validRecord('queue'));
    await settle();
    const decided = wait();
    await settle();
    expect([...waits, decided].map((ended) => ended())).to.deep.equal([0, 0, 0, 0]);
    await clock.advance(5_000);
  });

  it('ends with its signal, and such an end does not count as in vain', async () => {
    const { clock, records, first, wait } = scene();
    records.set(pendingRecord('queue'));
    const gone = new AbortController();
    const ended = wait(gone.signal);
    await clock.advance(500);
    gone.abort();
    await settle();
    expect([ended(), first.waiting]).to.deep.equal([500, 0]);
    const next = wait();
    await clock.advance(5_000);
    expect(next()).to.equal(2_000);
  });
});
