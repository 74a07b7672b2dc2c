import { expect } from 'chai';
import fc from 'fast-check';
import type { Lock } from '../../../leader/lock.js';
import { FakeClock, settle } from '../../fake-clock.js';
import { Candidate, MemoryLock } from './memory-lock.js';

const seconds = 1_000;

interface Setting {
  readonly replicas?: number;
  readonly durationSeconds?: number;
  readonly random?: () => number;
}

function scene({ replicas = 1, durationSeconds = 60, random }: Setting = {}) {
  const clock = new FakeClock();
  const lock = new MemoryLock();
  const all = Array.from(
    { length: replicas },
    (_, index) => new Candidate(`dca-${index}`, lock, clock, { durationSeconds, ...(random && { random }) }),
  );
  const [first, second] = all as [Candidate, Candidate];
  const leaders = (): string[] => all.filter(({ election }) => election.isLeader()).map(({ name }) => name);
  /** Somebody begins to lead only with a change that is told, so looking then, and at each step, misses no instant. */
  const onlyOne = (): void => {
    expect(leaders(), `at ${clock.monotonicMs()} ms`).to.have.length.at.most(1);
  };
  for (const { election } of all) election.onChange(onlyOne);
  return {
    clock,
    lock,
    all,
    first,
    second,
    leaders,
    onlyOne,
    start: async () => {
      for (const one of all) one.start();
      await clock.advance(10);
    },
    /** Lets time pass in steps, looking after each that no two lead; answers when `until` came true. */
    pass: async (
      ms: number,
      until: () => boolean = () => false,
      stepMs = 500,
    ): Promise<number | undefined> => {
      for (let passedMs = 0; passedMs < ms; passedMs += stepMs) {
        await clock.advance(stepMs);
        onlyOne();
        if (until()) return passedMs + stepMs;
      }
      return undefined;
    },
  };
}

describe('a replica alone', () => {
  it('makes the lock and leads at once', async () => {
    const { clock, lock, first, start } = scene();
    expect(first.election.isLeader()).to.equal(false);
    await start();
    expect(first.election.isLeader()).to.equal(true);
    expect(lock.stored?.lock).to.include({ holder: 'dca-0', durationSeconds: 60, transitions: 0 });
    expect(first.election.leader()).to.include({ who: 'me', transitions: 0 });
    await clock.advance(600 * seconds);
    expect(first.election.isLeader()).to.equal(true);
  });

  it('renews at half of the duration, and its own events bring no renewal forward', async () => {
    const { clock, lock, first, start } = scene();
    await start();
    await clock.advance(300 * seconds);
    expect(lock.writes.length).to.be.within(10, 12);
    expect(first.reads).to.be.at.most(30);
  });

  it('keeps the lead while the API server is slow by five seconds', async () => {
    const { clock, lock, first, pass, start } = scene();
    await start();
    first.latencyMs = 5 * seconds;
    const writes = lock.writes.length;
    expect(await pass(600 * seconds, () => !first.election.isLeader())).to.equal(undefined);
    expect(lock.writes.length - writes).to.be.at.least(14);
    expect(first.election.health()).to.deep.equal({ state: 'ready' });
    await clock.advance(0);
  });

  it('keeps the time at which it took the lock', async () => {
    const { clock, lock, start } = scene();
    await start();
    const acquiredAtMs = lock.stored?.lock.acquiredAtMs;
    await clock.advance(100 * seconds);
    expect(lock.stored?.lock.acquiredAtMs).to.equal(acquiredAtMs);
    expect(lock.stored?.lock.renewedAtMs).to.be.above((acquiredAtMs ?? 0) + 50 * seconds);
  });

  it('waits out a lock that another left, by its own clock, and counts the change of hands', async () => {
    const { clock, lock, first, pass } = scene();
    lock.set({ holder: 'gone', durationSeconds: 60, acquiredAtMs: 0, renewedAtMs: 0, transitions: 4 });
    first.start();
    const tookMs = await pass(90 * seconds, () => first.election.isLeader());
    expect(tookMs).to.be.within(60 * seconds, 75 * seconds + 200);
    expect(lock.stored?.lock.transitions).to.equal(5);
    await clock.advance(0);
  });

  it('goes on with a lock that names it: a former life of the same replica', async () => {
    const { lock, first, start } = scene();
    lock.set({ holder: 'dca-0', durationSeconds: 60, acquiredAtMs: 5, renewedAtMs: 5, transitions: 4 });
    await start();
    expect(first.election.isLeader()).to.equal(true);
    expect(lock.stored?.lock).to.include({ acquiredAtMs: 5, transitions: 4 });
  });

  it('tells its listeners when it begins and ceases to lead, and the telemetry too', async () => {
    const { clock, first, start } = scene();
    const told: boolean[] = [];
    first.election.onChange(() => told.push(first.election.isLeader()));
    await start();
    first.road = 'refused';
    await clock.advance(60 * seconds);
    expect(told).to.deep.equal([true, false]);
    first.road = 'open';
    await clock.advance(20 * seconds);
    expect(told).to.deep.equal([true, false, true]);
  });

  it('says who leads: itself, another, or that it does not know', async () => {
    const { clock, lock, first } = scene();
    expect(first.election.leader()).to.deep.equal({ who: 'unknown' });
    lock.set({ holder: 'other', durationSeconds: 60, acquiredAtMs: 1, renewedAtMs: 2, transitions: 4 });
    first.start();
    await clock.advance(10);
    expect(first.election.leader()).to.deep.equal({
      who: 'other',
      name: 'other',
      sinceMs: 1,
      renewedAtMs: 2,
      transitions: 4,
    });
    first.road = 'refused';
    await clock.advance(1 * seconds);
    expect(first.election.isLeader()).to.equal(false);
  });

  it('does not take itself for the leader because the lock still names it', async () => {
    const { clock, first, start } = scene();
    await start();
    first.road = 'refused';
    await clock.advance(60 * seconds);
    expect(first.election.leader()).to.deep.equal({ who: 'unknown' });
  });
});

describe('a partitioned leader', () => {
  for (const road of ['refused', 'hanging', 'dead'] as const) {
    it(`whose calls are ${road} steps down before the lock can be another's, and nobody leads beside it`, async () => {
      const { first, second, start, pass, leaders } = scene({ replicas: 2 });
      await start();
      expect(leaders()).to.deep.equal(['dca-0']);
      await pass(29 * seconds);
      first.road = road;
      const steppedDownMs = await pass(60 * seconds, () => !first.election.isLeader());
      expect(steppedDownMs).to.be.below(60 * seconds);
      await pass(120 * seconds, () => second.election.isLeader());
      expect(second.election.isLeader()).to.equal(true);
    });
  }

  it('goes on leading when only the answers to its renewals are lost, since the lock shows that they came', async () => {
    const { first, start, pass, leaders } = scene({ replicas: 2 });
    await start();
    first.road = 'answers lost';
    await pass(200 * seconds);
    expect(leaders()).to.deep.equal(['dca-0']);
    expect(first.election.isLeader()).to.equal(true);
  });

  it('is the only one to make a deleted lock anew at once, since it may not have heard of the deletion', async () => {
    const { first, second, lock, start, pass, leaders } = scene({ replicas: 2 });
    await start();
    await pass(2 * seconds);
    first.hasEvents = false;
    lock.delete();
    await pass(25 * seconds);
    expect(second.election.isLeader()).to.equal(false);
    await pass(60 * seconds);
    expect(leaders()).to.deep.equal(['dca-0']);
  });

  it('counts what it may do from when its request was sent, not from when the answer came', async () => {
    const { clock, first } = scene();
    first.latencyMs = 3 * seconds;
    first.start();
    await clock.advance(6.1 * seconds);
    expect(first.election.isLeader()).to.equal(true);
    first.road = 'refused';
    await clock.advance(46.3 * seconds);
    expect(first.election.isLeader()).to.equal(true);
    await clock.advance(0.2 * seconds);
    expect(first.election.isLeader()).to.equal(false);
  });

  it('spares its API server: it tries again a few times a lease, not a thousand times a second', async () => {
    const { clock, first, start } = scene({ durationSeconds: 15 });
    await start();
    first.road = 'refused';
    await clock.advance(14 * seconds);
    const before = first.reads;
    await clock.advance(1 * seconds);
    expect(first.reads - before).to.be.at.most(3);
  });

  it('leads again soon after the road is open, if nobody took the lock', async () => {
    const { first, start, pass } = scene();
    await start();
    await pass(10 * seconds);
    first.road = 'refused';
    await pass(100 * seconds);
    first.road = 'open';
    expect(await pass(30 * seconds, () => first.election.isLeader())).to.be.at.most(16 * seconds);
  });

  it('follows when it comes back and another leads', async () => {
    const { first, second, start, pass, leaders } = scene({ replicas: 2 });
    await start();
    first.road = 'refused';
    await pass(120 * seconds, () => second.election.isLeader());
    first.road = 'open';
    await pass(60 * seconds);
    expect(leaders()).to.deep.equal(['dca-1']);
    expect(first.election.leader()).to.include({ who: 'other', name: 'dca-1' });
  });

  it('never ends its loop: after two hours without the lock it leads within a retry', async () => {
    const { clock, first, start, pass } = scene();
    first.road = 'hanging';
    await start();
    await clock.advance(7_200 * seconds);
    first.road = 'open';
    expect(await pass(40 * seconds, () => first.election.isLeader())).to.be.at.most(20 * seconds);
  });
});

describe('a leader that dies', () => {
  for (const [title, random] of [
    ['without jitter', () => 0],
    ['with some jitter', () => 0.5],
    ['with the greatest jitter', () => 0.999],
  ] as const) {
    it(`is followed within a lease and a retry, ${title}`, async () => {
      const { first, start, pass, leaders } = scene({ replicas: 3, random });
      await start();
      await pass(47 * seconds);
      first.road = 'dead';
      const tookMs = await pass(120 * seconds, () => leaders().some((name) => name !== 'dca-0'));
      expect(tookMs).to.be.at.most(75 * seconds + 500);
    });
  }

  it('is followed in about the same time when no event reaches anybody', async () => {
    const { all, first, start, pass, leaders } = scene({ replicas: 3 });
    for (const one of all) one.hasEvents = false;
    await start();
    await pass(47 * seconds);
    first.road = 'dead';
    expect(await pass(150 * seconds, () => leaders().some((name) => name !== 'dca-0'))).to.be.at.most(
      95 * seconds,
    );
  });
});

describe('a leader that leaves', () => {
  it('stops leading before it gives the lock up, and the next leads at once', async () => {
    const { first, second, start, pass, lock } = scene({ replicas: 2 });
    await start();
    await pass(10 * seconds);
    const left = first.leave();
    await settle();
    expect(first.election.isLeader()).to.equal(false);
    expect(await pass(30 * seconds, () => second.election.isLeader())).to.be.at.most(30 * seconds);
    await left;
    expect(lock.writes.at(-1)?.by).to.equal('dca-1');
    expect(lock.stored?.lock.transitions).to.equal(1);
  });

  it('is followed within two retries where no event tells of it', async () => {
    const { first, second, start, pass } = scene({ replicas: 2, random: () => 0.999 });
    second.hasEvents = false;
    await start();
    await pass(10 * seconds);
    void first.leave();
    expect(await pass(60 * seconds, () => second.election.isLeader())).to.be.at.most(30 * seconds);
  });

  it('gives the lock up though it never heard that it has it', async () => {
    const { first, second, lock, start, pass } = scene({ replicas: 2 });
    first.road = 'answers lost';
    second.latencyMs = 5;
    await start();
    expect(lock.stored?.lock.holder).to.equal('dca-0');
    expect(first.election.isLeader()).to.equal(false);
    first.road = 'open';
    void first.leave();
    expect(await pass(60 * seconds, () => second.election.isLeader())).to.be.at.most(30 * seconds);
  });

  it('gives up nothing that is not its own', async () => {
    const { second, start, pass, lock, leaders } = scene({ replicas: 2 });
    await start();
    const writes = lock.writes.length;
    void second.leave();
    await pass(5 * seconds);
    expect(lock.writes.length).to.equal(writes);
    expect(leaders()).to.deep.equal(['dca-0']);
  });

  it('ends in order when the API server is away, and the next leads when the lease ends', async () => {
    const { first, second, start, pass } = scene({ replicas: 2 });
    await start();
    await pass(5 * seconds);
    first.road = 'refused';
    let hasLeft = false;
    void first.leave().then(() => {
      hasLeft = true;
    });
    await pass(1 * seconds);
    expect(hasLeft).to.equal(true);
    expect(await pass(120 * seconds, () => second.election.isLeader())).to.be.at.most(75 * seconds + 500);
  });

  it('gives the lock up though somebody has just touched it', async () => {
    const { first, second, start, pass, lock } = scene({ replicas: 2 });
    await start();
    await pass(5 * seconds);
    first.hasEvents = false;
    const { lock: held } = lock.stored ?? {};
    if (held !== undefined) lock.set({ ...held });
    void first.leave();
    expect(await pass(120 * seconds, () => second.election.isLeader())).to.be.at.most(30 * seconds);
  });
});

describe('many replicas', () => {
  for (const replicas of [2, 5]) {
    it(`${replicas} that start at once get exactly one leader, and it stays`, async () => {
      const { all, start, pass, leaders } = scene({ replicas });
      for (const one of all) one.hasEvents = replicas % 2 === 0;
      await start();
      await pass(5 * seconds);
      const [leader] = leaders();
      expect(leader).to.be.a('string');
      await pass(300 * seconds);
      expect(leaders()).to.deep.equal([leader]);
    });
  }

  it('write nothing but the leader’s renewals', async () => {
    const { start, pass, lock } = scene({ replicas: 5 });
    await start();
    await pass(600 * seconds);
    expect(new Set(lock.writes.map(({ by }) => by)).size).to.equal(1);
    expect(lock.writes.length).to.be.within(20, 22);
  });

  it('read the lock a few times a minute each', async () => {
    const { all, start, pass } = scene({ replicas: 5 });
    await start();
    await pass(600 * seconds);
    for (const one of all) expect(one.reads).to.be.at.most(100);
  });

  it('know the leader by name', async () => {
    const { all, start, pass } = scene({ replicas: 5 });
    await start();
    await pass(20 * seconds);
    const names = all.map(({ election }) => {
      const leader = election.leader();
      return leader.who === 'other' ? leader.name : leader.who;
    });
    expect(names.filter((name) => name === 'me')).to.have.length(1);
    expect(new Set(names.filter((name) => name !== 'me')).size).to.equal(1);
  });

  for (const stepMs of [3_600_000, -3_600_000]) {
    it(`do not mind a wall clock that steps by ${stepMs / 3_600_000} h, on the leader or on a follower`, async () => {
      const { all, start, pass, leaders } = scene({ replicas: 3 });
      await start();
      for (const one of all) {
        await pass(20 * seconds);
        one.wallOffsetMs += stepMs;
      }
      await pass(200 * seconds);
      expect(leaders()).to.deep.equal(['dca-0']);
    });
  }

  it('get a leader again when somebody deletes the lock', async () => {
    const { clock, lock, start, pass, leaders } = scene({ replicas: 3 });
    await start();
    await pass(20 * seconds);
    lock.delete();
    await clock.advance(2 * seconds);
    expect(leaders()).to.have.length(1);
    await pass(200 * seconds);
    expect(leaders()).to.have.length(1);
  });

  const broken: readonly (readonly [string, Partial<Lock>])[] = [
    ['has lost its holder', { holder: undefined }],
    ['names somebody who does not exist', { holder: 'nobody' }],
    ['has lost its duration', { durationSeconds: 0 }],
    ['lasts longer than anybody can choose', { holder: 'nobody', durationSeconds: 2_147_483_647 }],
    ['has times of another century', { acquiredAtMs: 9e14, renewedAtMs: 9e14 }],
    ['has a strange count', { transitions: -5 }],
  ];
  for (const [title, change] of broken) {
    it(`never lead at once, and get a leader within a lease and a retry, when the lock ${title}`, async () => {
      const { lock, start, pass, leaders } = scene({ replicas: 3 });
      await start();
      await pass(20 * seconds);
      const { lock: held } = lock.stored ?? {};
      if (held !== undefined) lock.set({ ...held, ...change });
      await pass(76 * seconds);
      expect(leaders()).to.have.length(1);
    });
  }

  it('count the changes of hands anew where Kubernetes would refuse the next number', async () => {
    const { lock, start, pass } = scene({ replicas: 2 });
    const ended = { holder: undefined, durationSeconds: 1, acquiredAtMs: 0, renewedAtMs: 0 };
    lock.set({ ...ended, transitions: 2_147_483_647 });
    await start();
    await pass(76 * seconds);
    expect(lock.stored?.lock).to.have.property('transitions', 0);
  });

  it('take no lock whose duration is lost from a leader that hears of nothing', async () => {
    const { all, lock, start, pass } = scene({ replicas: 3 });
    await start();
    await pass(2 * seconds);
    const leader = all.find(({ election }) => election.isLeader());
    if (leader !== undefined) leader.hasEvents = false;
    const { lock: held } = lock.stored ?? {};
    if (held !== undefined) lock.set({ ...held, durationSeconds: 0 });
    await pass(100 * seconds);
  });

  it('never have two leaders, whatever happens to their roads, clocks and events', async () => {
    const roads = fc.constantFrom('open', 'open', 'open', 'refused', 'hanging', 'answers lost', 'dead');
    const event = fc.record({
      who: fc.nat(4),
      road: roads,
      wallMs: fc.constantFrom(0, 3_600_000, -3_600_000),
      latencyMs: fc.constantFrom(1, 50, 900),
      hasEvents: fc.boolean(),
      leaves: fc.boolean(),
      passMs: fc.integer({ min: 100, max: 20_000 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 5 }),
        fc.array(event, { maxLength: 8 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        async (replicas, events, jitter) => {
          const { all, start, pass, leaders } = scene({
            replicas,
            durationSeconds: 15,
            random: () => jitter,
          });
          await start();
          for (const one of events) {
            const candidate = all[one.who % replicas];
            if (candidate === undefined) continue;
            candidate.road = one.road;
            candidate.wallOffsetMs += one.wallMs;
            candidate.latencyMs = one.latencyMs;
            candidate.hasEvents = one.hasEvents;
            if (one.leaves && one.who > 0) void candidate.leave();
            await pass(one.passMs);
          }
          const alive = all.filter((one) => !one.stop.signal.aborted && !one.isHung);
          for (const one of alive) one.road = 'open';
          await pass(40 * seconds);
          if (alive.length > 0) expect(leaders()).to.have.length(1);
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe('the health of an election', () => {
  it('is ready while it leads and while it follows', async () => {
    const { all, start, pass } = scene({ replicas: 2 });
    await start();
    await pass(100 * seconds);
    for (const { election } of all) expect(election.health()).to.deep.equal({ state: 'ready' });
  });

  it('names its trouble while the lock cannot be reached, and comes right', async () => {
    const { first, start, pass } = scene();
    await start();
    first.road = 'refused';
    await pass(50 * seconds);
    expect(first.election.health()).to.deep.include({ state: 'degraded' });
    expect(first.election.health()).to.have.property('detail').that.contains('connection refused');
    first.road = 'open';
    await pass(40 * seconds);
    expect(first.election.health()).to.deep.equal({ state: 'ready' });
  });

  it('is stuck when a call never comes back, though told to', async () => {
    const { first, start, pass } = scene();
    await start();
    first.road = 'dead';
    await pass(150 * seconds);
    expect(first.election.health().state).to.not.equal('stuck');
    await pass(100 * seconds);
    expect(first.election.health()).to.deep.include({ state: 'stuck' });
    expect(first.election.isLeader()).to.equal(false);
  });
});
