import { expect } from 'chai';
import { lastUpdatedAnnotation, shardCountAnnotation } from '../../../metricsstore/shard-content.js';
import { FakeClock } from '../../fake-clock.js';
import { MemoryShards } from './memory-shards.js';
import { base, type ReplicaSetting, replica, valid, validMany } from './replica-scene.js';

function scene(setting: ReplicaSetting = {}) {
  const clock = new FakeClock();
  const shards = new MemoryShards();
  const own = replica(shards, clock, setting);
  let mayWrite = true;
  const known = () => shards.names().map((name) => shards.get(name));
  return {
    ...own,
    clock,
    shards,
    known,
    forbid: () => {
      mayWrite = false;
    },
    write: (seen = known(), isFirst = false) =>
      own.writer.write(
        own.store.snapshot,
        { known: seen.length === 0 ? [undefined] : seen, written: [], mayWrite: () => mayWrite, isFirst },
        own.stop.signal,
      ),
    entries: (name = base) => Object.keys(shards.get(name)?.data ?? {}),
  };
}

describe('a writer of shards', () => {
  it('creates the ConfigMap with one entry for each record, and says when and how many shards', async () => {
    const { clock, shards, hold, write, entries } = scene();
    hold(valid('a'), valid('b'));
    const done = await write();
    expect(done.fault).to.equal(undefined);
    expect(entries()).to.have.length(2);
    expect(shards.get(base)?.annotations).to.deep.equal({
      [shardCountAnnotation]: '1',
      [lastUpdatedAnnotation]: new Date(clock.nowMs()).toISOString(),
    });
    expect(done.shards.get(0)).to.equal(shards.get(base));
  });

  it('creates an empty ConfigMap for no records, so that followers know that there is nothing', async () => {
    const { shards, write } = scene();
    await write();
    expect(shards.get(base)?.data).to.deep.equal({});
  });

  it('writes nothing when nothing changed, also after time has passed', async () => {
    const { clock, shards, view, hold, write } = scene();
    hold(valid('a'));
    await write();
    await clock.advance(60_000);
    await write();
    hold({ ...valid('a') });
    await write();
    expect(shards.writes).to.have.length(1);
    expect(view.attempts).to.equal(1);
  });

  it('writes only the shard in which something changed', async () => {
    const { shards, hold, write } = scene();
    const records = validMany(200);
    hold(...records);
    await write();
    const before = shards.writes.length;
    expect(before).to.be.above(2);
    records[100] = valid(records[100]?.key.name ?? '', 5);
    hold(...records);
    await write();
    expect(shards.writes.length - before).to.equal(1);
  });

  it('keeps entries of others, and takes the original agent’s away', async () => {
    const { shards, hold, write, entries } = scene();
    shards.set(base, {
      data: { notes: 'keep', 'external_metric-shop-web-a': '{}' },
      annotations: { team: 'x' },
    });
    hold(valid('a'));
    await write();
    expect(entries().filter((key) => !key.startsWith('metric.'))).to.deep.equal(['notes']);
    expect(shards.get(base)?.annotations).to.include({ team: 'x', [shardCountAnnotation]: '1' });
  });

  for (const times of [1, 5]) {
    it(`writes on what another left after ${times} conflict${times > 1 ? 's' : ''}, and undoes nothing of it`, async () => {
      const { shards, view, hold, write, entries } = scene();
      hold(valid('a'));
      await write();
      for (let time = 0; time < times; time += 1) {
        view.beforeWrites.push(() =>
          shards.edit(base, (data) => Object.assign(data, { [`note${time}`]: 'new' })),
        );
      }
      hold(valid('a', 2), valid('b'));
      const done = await write();
      expect(done.fault).to.equal(undefined);
      expect(entries().filter((key) => key.startsWith('metric.'))).to.have.length(2);
      expect(entries().filter((key) => key.startsWith('note'))).to.have.length(times);
    });
  }

  it('gives up for this time when others are faster again and again, and says so', async () => {
    const { shards, view, hold, write } = scene();
    hold(valid('a'));
    for (let time = 0; time < 50; time += 1)
      view.beforeWrites.push(() => shards.edit(base, (data) => Object.assign(data, { note: String(time) })));
    const done = await write();
    expect(done.fault?.code).to.equal('kube.conflict');
    expect(view.attempts).to.be.within(5, 10);
  });

  it('creates the ConfigMap again when it was deleted meanwhile', async () => {
    const { shards, hold, write, known, entries } = scene();
    hold(valid('a'));
    await write();
    const seen = known();
    shards.delete(base);
    hold(valid('a', 2));
    expect((await write(seen)).fault).to.equal(undefined);
    expect(entries()).to.have.length(1);
  });

  it('takes a ConfigMap that another created meanwhile', async () => {
    const { shards, view, hold, write, entries } = scene();
    view.beforeWrites.push(() => shards.set(base, { data: { notes: 'keep' }, annotations: {} }));
    hold(valid('a'));
    expect((await write()).fault).to.equal(undefined);
    expect(entries()).to.have.length(2);
  });

  it('finds out that a write whose answer was lost had come through, and writes it no second time', async () => {
    const { shards, view, hold, write, known } = scene();
    hold(valid('a'));
    await write();
    const seen = known();
    hold(valid('a', 2));
    view.lostAnswers = 1;
    expect((await write(seen)).fault?.code).to.equal('kube.unreachable');
    expect((await write(seen)).fault).to.equal(undefined);
    expect(shards.writes).to.have.length(2);
  });

  it('says what kept it from writing', async () => {
    const { view, hold, write } = scene();
    view.isCutOff = true;
    hold(valid('a'));
    expect((await write()).fault?.code).to.equal('kube.unreachable');
  });

  it('writes nothing that it may not', async () => {
    const { shards, hold, write, forbid } = scene();
    hold(...validMany(200));
    forbid();
    const done = await write();
    expect([shards.writes.length, done.fault]).to.deep.equal([0, undefined]);
  });

  it('stops between two shards when it may write no longer', async () => {
    const { shards, view, hold, write, forbid } = scene();
    hold(...validMany(200));
    view.beforeWrites.push(() => {}, forbid);
    await write();
    expect(shards.writes.length).to.equal(2);
  });

  it('does not write after a conflict when it may write no longer', async () => {
    const { shards, view, hold, write, forbid, entries } = scene();
    hold(valid('a'));
    await write();
    view.beforeWrites.push(() => {
      forbid();
      shards.edit(base, (data) => Object.assign(data, { note: 'successor' }));
    });
    hold();
    await write();
    expect(entries()).to.have.length(2);
  });

  it('writes the first shard, which says how many there are, after those that it announces', async () => {
    const { shards, hold, write } = scene();
    hold(...validMany(200));
    await write();
    const names = shards.writes.map(({ name }) => name);
    expect(names.length).to.be.above(2);
    expect(names.indexOf(base)).to.equal(names.length - 1);
    expect(shards.get(base)?.annotations[shardCountAnnotation]).to.equal(String(names.length));
  });

  it('removes the shards that are not needed any more, after the first has ceased to announce them', async () => {
    const { shards, hold, write } = scene();
    const records = validMany(200);
    hold(...records);
    await write();
    const removed: (string | undefined)[] = [];
    const countOnRemoval = (): void => {
      removed.push(shards.get(base)?.annotations[shardCountAnnotation]);
    };
    hold(...records.slice(0, 10));
    const before = shards.removals.length;
    const done = await write();
    countOnRemoval();
    expect(done.fault).to.equal(undefined);
    expect(shards.names()).to.deep.equal([base]);
    expect(shards.removals.length - before).to.be.above(1);
    expect(removed).to.deep.equal(['1']);
    for (const [index, shard] of done.shards) expect(shard === undefined).to.equal(index > 0);
  });

  it('names records that find no room, once, and writes the rest', async () => {
    const { shards, lines, hold, write } = scene({ limits: { maxShards: 2 } });
    hold(...validMany(500));
    expect((await write()).fault).to.equal(undefined);
    await write();
    expect(shards.names()).to.have.length(2);
    const named = lines.filter((line) => line.level === 'error');
    expect(named).to.have.length(1);
    expect(named[0]?.fields).to.have.property('count').that.is.above(100);
  });

  it('keeps each shard under its size with what others put there', async () => {
    const { shards, hold, write } = scene();
    shards.set(base, { data: { notes: 'x'.repeat(15_000) } });
    hold(...validMany(100));
    await write();
    for (const name of shards.names()) {
      const bytes = Object.entries(shards.get(name)?.data ?? {}).reduce(
        (sum, [key, value]) => sum + key.length + value.length,
        0,
      );
      expect(bytes, name).to.be.at.most(20_000);
    }
    expect(shards.get(base)?.data).to.have.property('notes');
  });
});
