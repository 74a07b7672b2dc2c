import { expect } from 'chai';
import { lagOf } from '../../../metricsstore/copy-report.js';
import { FakeClock, settle } from '../../fake-clock.js';
import { MemoryShards } from './memory-shards.js';
import { base, replica, valid } from './replica-scene.js';

describe('what a replica tells of the shared copy', () => {
  it('is its size, its age, and how late the last change came', async () => {
    const clock = new FakeClock();
    const shards = new MemoryShards();
    const leader = replica(shards, clock, { name: 'a', isLeader: true });
    const follower = replica(shards, clock, { name: 'b' });
    for (const one of [leader, follower]) void one.run();
    await settle();
    leader.hold(valid('a'));
    await settle();
    leader.hold(valid('a'), valid('b'));
    await settle();
    await clock.advance(2_000);
    const told = follower.replicator.describe();
    expect(told).to.deep.include({ lagSeconds: 0, unchangedSeconds: 2 });
    expect(told.configMaps).to.have.length(1);
    expect(told.configMaps[0]).to.include({ name: base, exists: true, entries: 2 });
    expect(told.bytes).to.be.above(100);
    expect(leader.replicator.describe().lagSeconds).to.equal(null);
    for (const one of [leader, follower]) one.stop.abort();
  });

  it('counts no lag below 0, and none of an object without a date', () => {
    const clock = new FakeClock();
    const shard = (date?: string) => ({
      data: {},
      annotations: date === undefined ? {} : { 'custom-metrics.datadoghq.com/last-updated': date },
      revision: '1',
    });
    const at = (ms: number): string => new Date(clock.nowMs() + ms).toISOString();
    expect([
      lagOf(shard(at(-1_500)), clock),
      lagOf(shard(at(9_000)), clock),
      lagOf(shard(), clock),
      lagOf(shard('yesterday'), clock),
      lagOf(undefined, clock),
    ]).to.deep.equal([1_500, 0, undefined, undefined, undefined]);
  });
});
