import { expect } from 'chai';
import fc from 'fast-check';
import { metricId } from '../../../core/metric.js';
import { encodeRecord } from '../../../metricsstore/codec.js';
import { lastUpdatedAnnotation, shardCountAnnotation } from '../../../metricsstore/shard-content.js';
import { FakeClock, settle } from '../../fake-clock.js';
import { MemoryShards } from './memory-shards.js';
import { base, type Replica, type ReplicaSetting, replica, valid, validMany } from './replica-scene.js';

function scene(...settings: readonly ReplicaSetting[]) {
  const clock = new FakeClock();
  const shards = new MemoryShards();
  const replicas = settings.map((setting, index) =>
    replica(shards, clock, { name: `r${index}`, ...setting }),
  );
  const [first, second] = replicas;
  if (first === undefined) throw new Error('a scene needs a replica');
  return {
    clock,
    shards,
    replicas,
    leader: first,
    follower: second ?? first,
    start: async () => {
      for (const one of replicas) void one.run();
      await settle();
    },
    entries: (name = base) => Object.keys(shards.get(name)?.data ?? {}),
  };
}

const leaderAndFollower = [{ isLeader: true }, {}] as const;
const entryOf = (name: string): string => encodeRecord(valid(name)).key;

describe('a leading replica', () => {
  it('writes what it knows as soon as it knows it', async () => {
    const { leader, start, entries } = scene({ isLeader: true });
    await start();
    leader.hold(valid('a'), valid('b'));
    await settle();
    expect(entries()).to.have.length(2);
  });

  it('begins with what the last leader left, and writes each ConfigMap once to make it its own', async () => {
    const { clock, shards, leader, start } = scene(...leaderAndFollower);
    await start();
    leader.hold(...validMany(200));
    await settle();
    leader.stop.abort();
    const before = shards.writes.length;
    const next = replica(shards, clock, { name: 'next', isLeader: true });
    void next.run();
    await settle();
    await clock.advance(600_000);
    expect(next.ids().length).to.equal(200);
    expect(
      shards.writes
        .slice(before)
        .map(({ name }) => name)
        .sort(),
    ).to.deep.equal(shards.names());
  });

  it('tells that it is primed once it has taken over what was there, be it nothing', async () => {
    const { leader, start } = scene({ isLeader: true });
    let told = 0;
    leader.replicator.onPrimed(() => {
      told += 1;
    });
    expect(leader.replicator.isPrimed()).to.equal(false);
    await start();
    leader.hold(valid('a'));
    await settle();
    expect([leader.replicator.isPrimed(), told]).to.deep.equal([true, 1]);
  });

  it('is primed when its store is full already, so that a refresher sees it there', async () => {
    const { shards, leader, start } = scene({ isLeader: true });
    shards.set(base, {
      data: { [entryOf('a')]: encodeRecord(valid('a', 7)).value },
      annotations: { [shardCountAnnotation]: '1' },
    });
    const values: unknown[] = [];
    leader.replicator.onPrimed(() => values.push(leader.value('shop/a?')));
    await start();
    expect(values).to.deep.equal([7]);
  });

  it('does not overwrite what it asked for itself with what is stored', async () => {
    const { shards, leader, start } = scene({ isLeader: true });
    shards.set(base, { data: { [entryOf('a')]: encodeRecord(valid('a', 7)).value } });
    leader.hold(valid('a', 8));
    await start();
    expect(leader.value('shop/a?')).to.equal(8);
    expect(shards.get(base)?.data[entryOf('a')]).to.contain('"value":8');
  });

  it('writes nothing while nothing changes, for an hour', async () => {
    const { clock, shards, leader, start } = scene(...leaderAndFollower);
    await start();
    leader.hold(...validMany(50));
    await settle();
    const [writes, attempts] = [shards.writes.length, leader.view.attempts];
    await clock.advance(3_600_000);
    expect([shards.writes.length, leader.view.attempts]).to.deep.equal([writes, attempts]);
  });

  it('does not answer its own events with more writes', async () => {
    const { clock, shards, leader, start } = scene({ isLeader: true });
    await start();
    for (let value = 1; value <= 5; value += 1) {
      leader.hold(valid('a', value));
      await clock.advance(100);
    }
    expect(shards.writes.length).to.be.within(5, 6);
  });

  it('creates its ConfigMap again within a second when somebody deletes it', async () => {
    const { clock, shards, leader, start, entries } = scene({ isLeader: true });
    await start();
    leader.hold(valid('a'));
    await settle();
    shards.delete(base);
    await clock.advance(1_000);
    expect(entries()).to.deep.equal([entryOf('a')]);
    expect(leader.value('shop/a?')).to.equal(1);
  });

  it('creates a further shard again when somebody deletes it', async () => {
    const { clock, shards, leader, start } = scene({ isLeader: true });
    await start();
    leader.hold(...validMany(200));
    await settle();
    const [data, names] = [shards.get(`${base}-1`)?.data, shards.names()];
    shards.delete(`${base}-1`);
    await clock.advance(1_000);
    expect(shards.names()).to.deep.equal(names);
    expect(shards.get(`${base}-1`)?.data).to.deep.equal(data);
  });

  it('heals an entry that somebody garbled, and one that somebody removed', async () => {
    const { clock, shards, leader, start } = scene({ isLeader: true });
    await start();
    leader.hold(valid('a'), valid('b'));
    await settle();
    const healthy = shards.get(base)?.data;
    shards.edit(base, (data) => {
      data[entryOf('a')] = '{"half';
      delete data[entryOf('b')];
    });
    await clock.advance(1_000);
    expect(shards.get(base)?.data).to.deep.equal(healthy);
  });

  for (const text of ['many', '0', '-1', '1', '99', undefined]) {
    it(`heals a count of shards that says ${text ?? 'nothing'}`, async () => {
      const { clock, shards, leader, start } = scene({ isLeader: true });
      await start();
      leader.hold(...validMany(200));
      await settle();
      const healthy = shards.names().map((name) => [name, shards.get(name)?.data]);
      shards.set(base, { annotations: text === undefined ? {} : { [shardCountAnnotation]: text } });
      await clock.advance(31_000);
      expect(shards.names().map((name) => [name, shards.get(name)?.data])).to.deep.equal(healthy);
      expect(shards.get(base)?.annotations[shardCountAnnotation]).to.equal(String(healthy.length));
    });
  }

  it('keeps what others put into its ConfigMap', async () => {
    const { clock, shards, leader, start } = scene({ isLeader: true });
    shards.set(base, { data: { notes: 'keep' } });
    await start();
    leader.hold(valid('a'));
    await clock.advance(1_000);
    shards.edit(base, (data) => {
      data['more'] = 'keep too';
    });
    leader.hold(valid('a', 2));
    await clock.advance(1_000);
    expect(shards.get(base)?.data).to.include({ notes: 'keep', more: 'keep too' });
  });

  it("takes over the original agent's entries of both generations, and writes them as its own", async () => {
    const { clock, shards, leader, start, entries } = scene({ isLeader: true });
    const common = { labels: {}, ts: Date.UTC(2026, 0, 1) / 1000 - 30, valid: true };
    shards.set(base, {
      data: {
        'external_metric-horizontal-shop-web-new': JSON.stringify({
          ...common,
          metricName: 'new',
          value: 5,
          reference: { type: 'horizontal', namespace: 'shop' },
        }),
        'external_metric-shop-web-old': JSON.stringify({
          ...common,
          metricName: 'old',
          value: 6,
          hpa: { namespace: 'shop' },
        }),
        'external_metric-shop-web-broken': '{',
      },
    });
    await start();
    await clock.advance(1_000);
    expect([leader.value('shop/new?'), leader.value('shop/old?')]).to.deep.equal([5, 6]);
    expect(entries()).to.have.members([entryOf('new'), entryOf('old')]);
    expect(leader.damage).to.deep.equal([]);
  });

  it('survives an entry of the original agent with a time that no calendar knows', async () => {
    const { clock, shards, leader, start } = scene({ isLeader: true });
    const entry = {
      metricName: 'a',
      labels: {},
      ts: 1e18,
      value: 5,
      valid: true,
      reference: { namespace: 'shop' },
    };
    shards.set(base, { data: { 'external_metric-x': JSON.stringify(entry) } });
    const ended = leader.run().then(
      () => 'ended',
      (error: unknown) => String(error),
    );
    await clock.advance(1_000);
    leader.stop.abort();
    expect(await ended).to.equal('ended');
    await start();
  });

  it('retries when the API server is away, with growing pauses, and says so until it is back', async () => {
    const { clock, shards, leader, start } = scene({ isLeader: true });
    await start();
    leader.view.isCutOff = true;
    leader.hold(valid('a'));
    await clock.advance(60_000);
    expect(leader.view.attempts).to.be.within(4, 15);
    expect(leader.replicator.health()).to.have.property('state', 'degraded');
    expect(leader.lines.filter((line) => line.level === 'warn')).to.have.length(1);
    leader.view.mend();
    await clock.advance(16_000);
    expect(shards.names()).to.deep.equal([base]);
    expect(leader.replicator.health()).to.deep.equal({ state: 'ready' });
    expect(leader.lines.at(-1)?.level).to.equal('info');
  });
});

describe('a follower', () => {
  it('has what the leader has as soon as the event comes', async () => {
    const { leader, follower, start } = scene(...leaderAndFollower);
    await start();
    leader.hold(valid('a', 5));
    await settle();
    expect(follower.value('shop/a?')).to.equal(5);
    leader.hold(valid('a', 6), valid('b'));
    await settle();
    expect([follower.value('shop/a?'), follower.value('shop/b?')]).to.deep.equal([6, 1]);
    leader.hold(valid('b'));
    await settle();
    expect(follower.ids()).to.deep.equal(['shop/b?']);
  });

  it('writes nothing, ever', async () => {
    const { clock, shards, leader, follower, start } = scene(...leaderAndFollower);
    await start();
    leader.hold(valid('a'));
    await clock.advance(600_000);
    shards.edit(base, (data) => {
      data[entryOf('a')] = 'garbled';
    });
    await clock.advance(600_000);
    expect(follower.view.attempts).to.equal(0);
  });

  it('reads the ConfigMaps itself when its watch is silent, as often as local copies are to be refreshed', async () => {
    const { clock, leader, follower, start } = scene(...leaderAndFollower);
    await start();
    leader.hold(valid('a', 1));
    await settle();
    follower.view.isSilent = true;
    await clock.advance(60_000);
    for (let value = 2; value <= 6; value += 1) {
      leader.hold(valid('a', value));
      await clock.advance(30_000);
      expect(follower.value('shop/a?')).to.equal(value);
    }
    expect(follower.replicator.health(), 'it knows what there is').to.deep.equal({ state: 'ready' });
  });

  it('looks again soon when a look at the ConfigMaps failed', async () => {
    const { clock, leader, follower, start } = scene(...leaderAndFollower);
    await start();
    leader.hold(valid('a', 1));
    await settle();
    follower.view.isSilent = true;
    leader.hold(valid('a', 2));
    follower.view.isCutOff = true;
    await clock.advance(60_000);
    expect(follower.value('shop/a?')).to.equal(1);
    const { reads } = follower.view;
    await clock.advance(60_000);
    expect(follower.view.reads - reads, 'without haste').to.be.within(4, 10);
    follower.view.isCutOff = false;
    await clock.advance(15_000);
    expect(follower.value('shop/a?')).to.equal(2);
  });

  it('takes what its watch brings after all while a look at the ConfigMaps hangs', async () => {
    const { clock, leader, follower, start } = scene(...leaderAndFollower);
    await start();
    leader.hold(valid('a', 1));
    await settle();
    follower.view.isSilent = true;
    follower.view.isReadHanging = true;
    await clock.advance(61_000);
    leader.hold(valid('a', 2));
    await settle();
    expect(follower.value('shop/a?')).to.equal(1);
    follower.view.mend();
    await settle();
    expect(follower.value('shop/a?')).to.equal(2);
  });

  it('reads nothing itself while its watch lives', async () => {
    const { clock, leader, follower, start } = scene(...leaderAndFollower);
    await start();
    leader.hold(valid('a'));
    await settle();
    const { reads } = follower.view;
    await clock.advance(600_000);
    expect(follower.view.reads).to.equal(reads);
  });

  it('finds shards that were added while its watch is silent in one look', async () => {
    const { clock, leader, follower, start } = scene(...leaderAndFollower);
    await start();
    leader.hold(valid('a'));
    await settle();
    follower.view.isSilent = true;
    await clock.advance(31_000);
    leader.hold(...validMany(200));
    await clock.advance(30_000);
    expect(follower.ids().length).to.equal(200);
  });

  it('says that it cannot hear the API server, and gets no traffic after a while', async () => {
    const { clock, leader, follower, start } = scene(...leaderAndFollower);
    await start();
    leader.hold(valid('a'));
    await settle();
    expect(follower.replicator.health()).to.deep.equal({ state: 'ready' });
    follower.view.isCutOff = true;
    await clock.advance(95_000);
    expect(follower.replicator.health()).to.have.property('state', 'unready');
    expect(follower.value('shop/a?'), 'it answers from memory').to.equal(1);
    follower.view.mend();
    await clock.advance(31_000);
    expect(follower.replicator.health()).to.deep.equal({ state: 'ready' });
  });

  it('knows since when nothing has changed', async () => {
    const { clock, leader, follower, start } = scene(...leaderAndFollower);
    expect(follower.replicator.unchangedForMs()).to.equal(undefined);
    await start();
    leader.hold(valid('a'));
    await settle();
    await clock.advance(42_000);
    expect(follower.replicator.unchangedForMs()).to.equal(42_000);
    leader.hold(valid('a', 2));
    await settle();
    expect(follower.replicator.unchangedForMs()).to.equal(0);
  });

  it('answers from memory when the ConfigMap is deleted and nobody leads', async () => {
    const { clock, shards, leader, follower, start } = scene(...leaderAndFollower);
    await start();
    leader.hold(valid('a', 5), valid('b'));
    await settle();
    leader.stop.abort();
    await settle();
    shards.delete(base);
    await clock.advance(61_000);
    expect(follower.ids()).to.deep.equal(['shop/a?', 'shop/b?']);
  });

  it('answers from memory when one of several shards is deleted and nobody leads', async () => {
    const { clock, shards, leader, follower, start } = scene(...leaderAndFollower);
    await start();
    leader.hold(...validMany(200));
    await settle();
    leader.stop.abort();
    await settle();
    shards.delete(`${base}-1`);
    await clock.advance(61_000);
    expect(follower.ids().length).to.equal(200);
  });

  it('keeps what the other shards say when the count of shards is garbled and nobody leads', async () => {
    const { clock, shards, leader, follower, start } = scene(...leaderAndFollower);
    await start();
    leader.hold(...validMany(200));
    await settle();
    leader.stop.abort();
    await settle();
    shards.set(base, { annotations: { [shardCountAnnotation]: 'many' } });
    await clock.advance(61_000);
    expect(follower.ids().length).to.equal(200);
  });

  it('names a garbled entry that it found once, and is without that one only until the leader heals it', async () => {
    const { clock, shards, leader, follower, start } = scene(...leaderAndFollower);
    const [a, b] = [encodeRecord(valid('a')), encodeRecord(valid('b'))];
    shards.set(base, { data: { [a.key]: '{"half', [b.key]: b.value } });
    leader.view.isCutOff = true;
    await start();
    shards.edit(base, (data) => {
      data['note'] = 'another event';
    });
    await settle();
    expect(follower.ids()).to.deep.equal(['shop/b?']);
    expect(follower.damage).to.have.length(1);
    expect(follower.damage[0]).to.contain(a.key);
    leader.hold(valid('a'), valid('b'));
    leader.view.mend();
    await clock.advance(31_000);
    expect(follower.ids()).to.deep.equal(['shop/a?', 'shop/b?']);
  });

  const tamperings: Readonly<Record<string, (data: Record<string, string>) => void>> = {
    empties: (data) => {
      for (const key of Object.keys(data)) delete data[key];
    },
    garbles: (data) => {
      for (const key of Object.keys(data)) data[key] = '{"half';
    },
    forges: (data) => {
      data[entryOf('a')] = encodeRecord(valid('a', 99)).value;
    },
  };
  for (const [tampers, tamper] of Object.entries(tamperings)) {
    it(`goes by what the leader wrote last when somebody ${tampers} the ConfigMap, says so, and heeds the leader's next write`, async () => {
      const { clock, shards, leader, follower, start } = scene(...leaderAndFollower);
      await start();
      leader.hold(valid('a', 5), valid('b'));
      await settle();
      leader.view.isCutOff = true;
      shards.edit(base, tamper);
      await clock.advance(60_000);
      expect([follower.value('shop/a?'), follower.value('shop/b?')]).to.deep.equal([5, 1]);
      expect(follower.damage).to.deep.equal([]);
      expect(follower.lines.map(({ level, fields }) => ({ level, fields }))).to.deep.equal([
        { level: 'warn', fields: { configMap: base } },
      ]);
      leader.hold(valid('a', 6));
      leader.view.mend();
      await clock.advance(31_000);
      expect(follower.ids()).to.deep.equal(['shop/a?']);
      expect(follower.value('shop/a?')).to.equal(6);
    });
  }

  it('goes by what the leader wrote last when data and annotations are taken away and nobody leads', async () => {
    const { clock, shards, leader, follower, start } = scene(...leaderAndFollower);
    await start();
    leader.hold(...validMany(200));
    await settle();
    leader.stop.abort();
    await settle();
    for (const name of shards.names()) shards.set(name, { data: {}, annotations: {} });
    await clock.advance(61_000);
    expect(follower.ids().length).to.equal(200);
  });

  it('never goes back to an older point, as of a ConfigMap that was brought back from a copy', async () => {
    const { shards, leader, follower, start } = scene(...leaderAndFollower);
    const atMs = Date.UTC(2026, 0, 1);
    await start();
    leader.hold(valid('a', 5, atMs - 60_000), valid('b'));
    await settle();
    const copy = shards.get(base);
    leader.hold(valid('a', 6, atMs - 30_000), valid('b', 2));
    await settle();
    leader.stop.abort();
    await settle();
    if (copy !== undefined) shards.set(base, copy);
    await settle();
    expect([follower.value('shop/a?'), follower.value('shop/b?')]).to.deep.equal([6, 1]);
  });

  it('lets go of a point of the future for a present one', async () => {
    const { leader, follower, start } = scene(...leaderAndFollower);
    const atMs = Date.UTC(2026, 0, 1);
    await start();
    leader.hold(valid('a', 5, atMs + 3_600_000));
    await settle();
    leader.hold(valid('a', 6, atMs));
    await settle();
    expect(follower.value('shop/a?')).to.equal(6);
  });

  it('does not take the removal of a shard that is needed no more for the deed of a stranger', async () => {
    const { leader, follower, start } = scene(...leaderAndFollower);
    await start();
    leader.hold(...validMany(200));
    await settle();
    leader.hold(valid('a'));
    await settle();
    expect([...leader.lines, ...follower.lines].filter(({ level }) => level === 'warn')).to.deep.equal([]);
  });

  it('comes to rest when somebody copied an entry into another shard', async () => {
    const { clock, shards, leader, follower, start } = scene(...leaderAndFollower);
    await start();
    leader.hold(...validMany(200));
    await settle();
    leader.stop.abort();
    await settle();
    const [key = ''] = Object.keys(shards.get(`${base}-1`)?.data ?? {});
    const copied = JSON.parse(shards.get(`${base}-1`)?.data[key] ?? '');
    const { data = {}, annotations = {} } = shards.get(base) ?? {};
    shards.set(base, {
      data: { ...data, [key]: JSON.stringify({ ...copied, observedAt: '2026-01-01T00:00:01Z' }) },
      annotations: { ...annotations, [lastUpdatedAnnotation]: '2026-01-01T00:00:01Z' },
    });
    let changes = 0;
    follower.store.onChange(() => {
      changes += 1;
      // Without an end to it the loop would starve this test.
      if (changes > 50) follower.stop.abort();
    });
    await clock.advance(1_000);
    expect(changes).to.be.within(1, 3);
  });

  it('follows just the shards that there are', async () => {
    const { leader, follower, shards, start } = scene(...leaderAndFollower);
    await start();
    expect(follower.view.following).to.deep.equal([base]);
    leader.hold(...validMany(200));
    await settle();
    expect(follower.view.following).to.deep.equal(shards.names());
    leader.hold(valid('a'));
    await settle();
    expect(follower.view.following).to.deep.equal([base]);
  });

  it('shows all of a grown store or all of the one before, never a part', async () => {
    const { leader, follower, start } = scene(...leaderAndFollower);
    await start();
    const sizes = new Set<number>();
    follower.store.onChange(() => sizes.add(follower.store.snapshot.size));
    leader.hold(...validMany(200));
    await settle();
    expect([...sizes].at(-1)).to.equal(200);
    expect(Math.min(...sizes)).to.equal(200);
  });
});

describe('the health of a replica', () => {
  it('is starting until the store has been read, and ready on an empty cluster', async () => {
    const { clock, follower, start } = scene({});
    expect(follower.replicator.health().state).to.equal('starting');
    await start();
    expect(follower.replicator.health()).to.deep.equal({ state: 'ready' });
    expect(follower.replicator.hasSynced()).to.equal(true);
    await clock.advance(600_000);
    expect(follower.replicator.health()).to.deep.equal({ state: 'ready' });
  });

  it('stays ready while the first look at a further shard is still under way', async () => {
    const { leader, follower, start } = scene(...leaderAndFollower);
    await start();
    leader.hold(...validMany(20));
    await settle();
    follower.view.holdsBack = `${base}-1`;
    leader.hold(...validMany(200));
    await settle();
    expect(follower.replicator.health()).to.deep.equal({ state: 'ready' });
    expect(follower.ids().length, 'never a part').to.equal(20);
    follower.view.holdsBack = undefined;
    follower.view.mend();
    await settle();
    expect(follower.ids().length).to.equal(200);
  });

  it('stays starting while the API server is away, and comes right by itself', async () => {
    const { clock, shards, follower } = scene({});
    shards.set(base, { data: { [entryOf('a')]: encodeRecord(valid('a')).value } });
    follower.view.isCutOff = true;
    void follower.run();
    await clock.advance(120_000);
    expect(follower.replicator.health().state).to.equal('starting');
    follower.view.mend();
    await clock.advance(31_000);
    expect(follower.ids()).to.deep.equal(['shop/a?']);
  });
});

describe('a change of leaders', () => {
  it('leaves nothing lost: the next one goes on from what it followed', async () => {
    const { leader, follower, shards, start } = scene(...leaderAndFollower);
    await start();
    leader.hold(valid('a', 5), valid('b'));
    await settle();
    leader.setLeader(false);
    follower.setLeader(true);
    await settle();
    follower.hold(valid('a', 6), valid('b'));
    await settle();
    expect(leader.value('shop/a?')).to.equal(6);
    expect(shards.writes.at(-1)?.by).to.equal('r1');
  });

  it('makes the old one take over what the new one wrote', async () => {
    const { leader, follower, start } = scene(...leaderAndFollower);
    await start();
    leader.hold(valid('a', 5));
    await settle();
    leader.setLeader(false);
    follower.setLeader(true);
    follower.hold(valid('c', 9));
    await settle();
    expect(leader.ids()).to.deep.equal(['shop/c?']);
  });

  it('lets the old one write nothing after it lost leadership between reading and writing', async () => {
    const { leader, follower, shards, start } = scene(...leaderAndFollower);
    await start();
    leader.hold(valid('a', 5));
    await settle();
    leader.view.beforeWrites.push(() => {
      leader.setLeader(false);
      follower.setLeader(true);
      shards.edit(base, (data) => {
        data['note'] = 'successor';
      });
    });
    const ofOld = (): number => shards.writes.filter(({ by }) => by === 'r0').length;
    const before = ofOld();
    leader.hold(valid('old', 1));
    await settle();
    expect(ofOld()).to.equal(before);
    expect(leader.value('shop/a?')).to.equal(5);
  });

  it('refuses a write in flight also when the successor has nothing new to write', async () => {
    const { clock, leader, follower, shards, start } = scene(...leaderAndFollower);
    await start();
    leader.hold(valid('a', 5));
    await settle();
    const late = shards.get(base);
    leader.setLeader(false);
    follower.setLeader(true);
    await clock.advance(1_000);
    const written = shards.swap('r0', base, { data: {}, annotations: {} }, late?.revision);
    expect(written.ok).to.equal(false);
    expect([leader.value('shop/a?'), follower.value('shop/a?')]).to.deep.equal([5, 5]);
  });

  it('lets a new leader that heard of nothing for a while undo none of the last one’s values', async () => {
    const { clock, leader, follower, shards, start } = scene(...leaderAndFollower);
    await start();
    const [early, late] = [Date.UTC(2026, 0, 1), Date.UTC(2026, 0, 1) + 20_000];
    leader.hold(valid('a', 5, early), valid('b', 1, early));
    await settle();
    await clock.advance(20_000);
    follower.view.isSilent = true;
    leader.hold(valid('a', 6, late), valid('b', 1, early));
    await settle();
    leader.setLeader(false);
    follower.setLeader(true);
    await settle();
    expect([leader.value('shop/a?'), follower.value('shop/a?')]).to.deep.equal([6, 6]);
    expect(shards.get(base)?.data[entryOf('a')]).to.contain('"value":6');
  });

  it('lets a new leader write nothing before it could look at what there is', async () => {
    const { clock, leader, follower, shards, start } = scene(...leaderAndFollower);
    await start();
    leader.hold(valid('a', 5));
    await settle();
    follower.view.isCutOff = true;
    leader.setLeader(false);
    follower.setLeader(true);
    await clock.advance(10_000);
    expect(follower.view.attempts).to.equal(0);
    expect(follower.replicator.health()).to.have.property('state', 'degraded');
    follower.view.mend();
    await clock.advance(16_000);
    expect(shards.writes.at(-1)?.by).to.equal('r1');
    expect(follower.replicator.health()).to.deep.equal({ state: 'ready' });
  });

  it('lets a write in flight not overwrite what the successor wrote', async () => {
    const { leader, follower, shards, start } = scene(...leaderAndFollower);
    await start();
    leader.hold(valid('a', 5));
    await settle();
    leader.view.beforeWrites.push(() => {
      leader.setLeader(false);
      shards.set(base, {
        data: { [entryOf('a')]: encodeRecord(valid('a', 7)).value },
        annotations: { [lastUpdatedAnnotation]: '2026-01-01T00:00:01Z' },
      });
    });
    leader.hold(valid('a', 6));
    await settle();
    expect(shards.get(base)?.data[entryOf('a')]).to.contain('"value":7');
    expect([leader.value('shop/a?'), follower.value('shop/a?')]).to.deep.equal([7, 7]);
  });

  it('converges when five replicas take themselves for leaders and race', async () => {
    const { clock, shards, replicas, start } = scene(
      ...Array.from({ length: 5 }, () => ({ isLeader: true })),
    );
    await start();
    for (const [index, one] of replicas.entries()) one.hold(valid('a', index), valid(`own${index}`));
    await clock.advance(20_000);
    for (const one of replicas.slice(1)) one.setLeader(false);
    await clock.advance(20_000);
    const [winner] = replicas;
    for (const one of replicas) expect(one.ids()).to.deep.equal(winner?.ids());
    expect(winner?.value('shop/a?')).to.equal(0);
    expect(Object.keys(shards.get(base)?.data ?? {})).to.have.length(2);
  });

  it('ends a race of five that agree after few writes', async () => {
    const { clock, shards, replicas, start } = scene(
      ...Array.from({ length: 5 }, () => ({ isLeader: true })),
    );
    await start();
    for (const one of replicas) one.hold(...validMany(20));
    await clock.advance(20_000);
    expect(Object.keys(shards.get(base)?.data ?? {})).to.have.length(20);
    expect(shards.writes.length).to.be.at.most(12);
  });
});

describe('ten thousand records', () => {
  const limits = { maxBytes: 800_000, maxShards: 32 };

  it('are spread over shards, reach every follower, change by the shard, and shrink back', async () => {
    const { shards, leader, follower, start } = scene({ isLeader: true, limits }, { limits });
    await start();
    const records = validMany(10_000);
    leader.hold(...records);
    await settle();
    const names = shards.names();
    expect(names.length).to.be.within(2, 10);
    for (const name of names) {
      const bytes = Object.entries(shards.get(name)?.data ?? {}).reduce(
        (sum, [key, value]) => sum + key.length + value.length,
        0,
      );
      expect(bytes, name).to.be.below(1_000_000);
    }
    expect(follower.ids().length).to.equal(10_000);
    const before = shards.writes.length;
    records[5_000] = valid(records[5_000]?.key.name ?? '', 99);
    leader.hold(...records);
    await settle();
    expect(shards.writes.length - before).to.equal(1);
    expect(follower.value(metricId(records[5_000]?.key ?? valid('x').key))).to.equal(99);
    leader.hold(...records.slice(0, 100));
    await settle();
    expect(shards.names()).to.deep.equal([base]);
    expect(follower.ids().length).to.equal(100);
  });
});

describe('any history', () => {
  type Step =
    | { readonly kind: 'hold'; readonly names: readonly string[]; readonly value: number }
    | { readonly kind: 'delete' | 'garble' | 'note' | 'handOver' }
    | { readonly kind: 'conflict'; readonly times: number }
    | { readonly kind: 'pass'; readonly ms: number };

  const name = fc.constantFrom(...'abcdefgh');
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ kind: fc.constant('hold' as const), names: fc.uniqueArray(name), value: fc.nat(100) }),
    fc.record({
      kind: fc.constantFrom('delete' as const, 'garble' as const, 'note' as const, 'handOver' as const),
    }),
    fc.record({ kind: fc.constant('conflict' as const), times: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(40_000) }),
  );

  it('ends with both replicas and the ConfigMaps saying what the leader knows', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 10 }), async (steps) => {
        const limits = { maxBytes: 3_000 };
        const { clock, shards, replicas, start } = scene({ isLeader: true, limits }, { limits });
        await start();
        let [leader, follower] = replicas as [Replica, Replica];
        for (const one of steps) {
          if (one.kind === 'hold') leader.hold(...one.names.map((metric) => valid(metric, one.value)));
          if (one.kind === 'delete') shards.delete(base);
          if (one.kind === 'garble')
            shards.edit(base, (data) => {
              for (const key of Object.keys(data)) data[key] = '{';
            });
          if (one.kind === 'note')
            shards.edit(base, (data) => {
              data['note'] = 'keep';
            });
          if (one.kind === 'conflict')
            for (let time = 0; time < one.times; time += 1)
              leader.view.beforeWrites.push(() => shards.edit(base, () => {}));
          if (one.kind === 'pass') await clock.advance(one.ms);
          if (one.kind === 'handOver') {
            await settle();
            leader.setLeader(false);
            follower.setLeader(true);
            [leader, follower] = [follower, leader];
          }
        }
        await clock.advance(40_000);
        const known = Object.fromEntries(leader.ids().map((id) => [id, leader.value(id)]));
        expect(Object.fromEntries(follower.ids().map((id) => [id, follower.value(id)]))).to.deep.equal(known);
        const count = Number(shards.get(base)?.annotations[shardCountAnnotation]);
        expect(shards.names().length).to.equal(count);
        const stored = shards
          .names()
          .flatMap((shard) =>
            Object.keys(shards.get(shard)?.data ?? {}).filter((key) => key.startsWith('metric.')),
          );
        expect(stored.length).to.equal(leader.ids().length);
      }),
      {
        numRuns: 40,
        // A new leader that writes in the very millisecond of the last one's write, of which nothing is left.
        examples: [[[{ kind: 'handOver' }, { kind: 'hold', names: ['a'], value: 0 }, { kind: 'delete' }]]],
      },
    );
  });
});
