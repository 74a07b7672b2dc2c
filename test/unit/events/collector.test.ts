import { expect } from 'chai';
import fc from 'fast-check';
import { Fault } from '../../../core/fault.js';
import { createLogger } from '../../../core/log.js';
import { FakeClock, settle } from '../../fake-clock.js';
import { collecting, MemoryBox, MemoryEvents, MemorySink, unreachable } from './event-scene.js';

function scene() {
  const clock = new FakeClock();
  return { clock, events: new MemoryEvents(clock), box: new MemoryBox(), sink: new MemorySink() };
}

const lines: string[] = [];
const log = createLogger('info', (line) => line, { write: (line) => lines.push(line) });
beforeEach(() => {
  lines.length = 0;
});

describe('the collector of events', () => {
  it('sends what is stored when there is no position yet, then what comes, and keeps the position', async () => {
    const world = scene();
    for (const uid of 'abcdefg') world.events.write(uid);
    collecting(world);
    await world.clock.advance(2_000);
    expect([...'abcdefg'].map((uid) => world.sink.times(uid))).to.deep.equal(Array(7).fill(1));
    expect(world.box.data?.['event.tokenKey']).to.equal(world.events.revision);
    world.events.write('h');
    await world.clock.advance(2_000);
    expect(world.sink.times('h')).to.equal(1);
    expect(world.box.data).to.deep.equal({
      'event.tokenKey': world.events.revision,
      'event.tokenTimestamp': '2026-01-01T00:00:03Z',
    });
  });

  it('does nothing while another leads', async () => {
    const world = scene();
    world.events.write('a');
    const { collector } = collecting(world, { isLeader: false });
    await world.clock.advance(120_000);
    expect([world.sink.attempts, world.events.lists, world.box.writes]).to.deep.equal([0, 0, 0]);
    expect(collector.describe()).to.include({ state: 'waiting for the lead' });
  });

  it('goes on from the position of the last leader, without a repeat', async () => {
    const world = scene();
    const first = collecting(world);
    for (const uid of 'abc') world.events.write(uid);
    await world.clock.advance(3_000);
    first.setLeader(false);
    world.events.write('d');
    collecting(world);
    await world.clock.advance(3_000);
    expect([...'abcd'].map((uid) => world.sink.times(uid))).to.deep.equal([1, 1, 1, 1]);
    expect(world.events.lists).to.equal(1);
  });

  it('goes on from the position of the original agent, and keeps what else is in its ConfigMap', async () => {
    const world = scene();
    world.events.write('a');
    world.box.set({
      'event.tokenKey': world.events.revision,
      'event.tokenTimestamp': '01 Jan 26 00:00 UTC',
      x: 'y',
    });
    world.events.write('b');
    collecting(world);
    await world.clock.advance(3_000);
    expect([world.sink.times('a'), world.sink.times('b')]).to.deep.equal([0, 1]);
    expect(world.box.data).to.include({ 'event.tokenKey': world.events.revision, x: 'y' });
  });

  for (const [kind, token] of [
    ['nothing', ''],
    ['the 0 of a fresh original', '0'],
    ['garbage', 'forty-two'],
    ['a number that no cluster has', '99999999999999999999999'],
    ['a revision of the future', '4000000'],
    ['a negative one', '-5'],
  ] as const) {
    it(`sends all that is stored when the position is ${kind}`, async () => {
      const world = scene();
      for (const uid of 'abcd') world.events.write(uid);
      world.box.set({ 'event.tokenKey': token });
      collecting(world, { log });
      await world.clock.advance(3_000);
      expect([...'abcd'].map((uid) => world.sink.times(uid))).to.deep.equal([1, 1, 1, 1]);
      expect(world.box.data?.['event.tokenKey']).to.equal(world.events.revision);
      if (token.length > 1) expect(lines.join('')).to.match(/all stored events are sent \(again\)/);
    });
  }

  it('lists after a compaction, and passes over what it has sent', async () => {
    const world = scene();
    for (const uid of 'abcd') world.events.write(uid);
    collecting(world);
    await world.clock.advance(3_000);
    world.events.fault = new Fault('kube.unreachable', 'connection refused');
    await world.clock.advance(70_000);
    for (const uid of 'efgh') world.events.write(uid);
    world.events.write('a');
    world.events.compact();
    world.events.fault = undefined;
    await world.clock.advance(60_000);
    expect(world.events.lists).to.equal(2);
    expect([...'abcdefgh'].map((uid) => world.sink.times(uid))).to.deep.equal([2, 1, 1, 1, 1, 1, 1, 1]);
  });

  it('sends nothing twice when a page of a list expires and the list begins anew', async () => {
    const world = scene();
    for (const uid of 'abcdefgh') world.events.write(uid);
    world.events.expiredPages = 2;
    collecting(world);
    await world.clock.advance(3_000);
    expect([...'abcdefgh'].map((uid) => world.sink.times(uid))).to.deep.equal(Array(8).fill(1));
  });

  it('keeps the position behind while Datadog is down, and catches up', async () => {
    const world = scene();
    const { collector } = collecting(world, { log });
    world.events.write('a');
    await world.clock.advance(3_000);
    const kept = world.box.data?.['event.tokenKey'];
    world.sink.answer = () => unreachable;
    for (const uid of 'bcdef') world.events.write(uid);
    await world.clock.advance(600_000);
    expect(world.box.data?.['event.tokenKey']).to.equal(kept);
    expect(collector.health()).to.deep.equal({
      state: 'degraded',
      detail: 'events cannot be sent, 0 wait: api.datadoghq.com answered 503',
    });
    world.sink.answer = () => undefined;
    await world.clock.advance(70_000);
    expect([...'abcdef'].map((uid) => world.sink.times(uid))).to.deep.equal(Array(6).fill(1));
    expect([world.box.data?.['event.tokenKey'], collector.health().state]).to.deep.equal([
      world.events.revision,
      'ready',
    ]);
    expect(lines.filter((line) => line.includes('Datadog does not take events'))).to.have.length(1);
  });

  it('stops reading when too many wait, and loses none of them', async () => {
    const world = scene();
    world.sink.answer = () => unreachable;
    collecting(world);
    await world.clock.advance(10);
    const uids = Array.from({ length: 6_000 }, (_, index) => `e${index}`);
    for (const uid of uids.slice(0, 3_000)) world.events.write(uid);
    await world.clock.advance(10_000);
    const watches = world.events.watches;
    for (const uid of uids.slice(3_000)) world.events.write(uid);
    await world.clock.advance(200_000);
    expect(world.events.watches - watches, 'watches while full').to.equal(0);
    world.sink.answer = () => undefined;
    await world.clock.advance(400_000);
    const { text } = world.sink;
    expect(uids.filter((uid) => !text.includes(`: about ${uid}\n`))).to.deep.equal([]);
    expect(world.box.data?.['event.tokenKey']).to.equal(world.events.revision);
  }).timeout(30_000);

  it('sends no more than could come twice while the position is being written', async () => {
    const world = scene();
    collecting(world);
    world.events.write('first');
    await world.clock.advance(3_000);
    let release = (): void => {};
    world.box.hold = new Promise((resolve) => {
      release = resolve;
    });
    const kept = Number(world.box.data?.['event.tokenKey']);
    const uids = Array.from({ length: 3_000 }, (_, index) => `e${index}`);
    for (const uid of uids) world.events.write(uid);
    await world.clock.advance(60_000);
    expect(Number(world.box.data?.['event.tokenKey'])).to.equal(kept);
    expect(world.sink.taken.length - 1).to.be.within(250, 500);
    release();
    world.box.hold = undefined;
    await world.clock.advance(60_000);
    const { text } = world.sink;
    expect(uids.filter((uid) => !text.includes(`: about ${uid}\n`))).to.deep.equal([]);
    expect(world.box.data?.['event.tokenKey']).to.equal(world.events.revision);
  });

  it('goes on sending while the position cannot be written, and during a list that has none', async () => {
    const world = scene();
    for (let index = 0; index < 1_500; index += 1) world.events.write(`old${index}`);
    world.events.pageSize = 100;
    world.box.fault = new Fault('kube.denied', 'PUT …/datadogtoken: HTTP 403');
    const { setLeader } = collecting(world);
    setLeader(true);
    await world.clock.advance(1_000);
    expect(world.sink.attempts).to.equal(0);
    world.box.fault = undefined;
    await world.clock.advance(60_000);
    expect(world.sink.taken).to.have.length(1_500);
    world.box.fault = new Fault('kube.denied', 'PUT …/datadogtoken: HTTP 403');
    for (let index = 0; index < 1_500; index += 1) world.events.write(`new${index}`);
    await world.clock.advance(120_000);
    expect(world.sink.taken).to.have.length(3_000);
  });

  it('tries no more often than the outage deserves, and never before Datadog’s own time is over', async () => {
    const world = scene();
    world.sink.answer = () => new Fault('datadog.rate_limited', 'used up', { retryAfterSeconds: 100 });
    collecting(world);
    world.events.write('a');
    await world.clock.advance(101_000);
    expect(world.sink.attempts).to.be.within(1, 2);
    world.sink.answer = () => undefined;
    await world.clock.advance(120_000);
    expect(world.sink.times('a')).to.equal(1);
  });

  it('leaves out what Datadog will never take, counts it, and says so in one event', async () => {
    const world = scene();
    world.sink.answer = ({ text }) =>
      text.includes('about bad')
        ? new Fault('datadog.rejected', '400: Event too far in the past')
        : undefined;
    const { collector, registry } = collecting(world, { log });
    for (const uid of ['a', 'bad1', 'bad2', 'c']) world.events.write(uid);
    await world.clock.advance(10_000);
    expect([world.sink.times('a'), world.sink.times('c')]).to.deep.equal([1, 1]);
    expect(world.box.data?.['event.tokenKey']).to.equal(world.events.revision);
    expect(collector.describe()).to.deep.include({ delivered: 2, dropped: { rejected: 2 } });
    expect(await registry.metrics()).to.include('kubernetes_events_dropped_total{why="rejected"} 2');
    expect(
      world.sink.taken.filter(({ title }) => title.includes('left out')).map(({ text }) => text),
    ).to.deep.equal([
      'Events of the cluster that Datadog did not take and that are left out: 2 (rejected). The log of the Cluster Agent names each of them and why.',
    ]);
    expect(lines.join('')).to.include('400: Event too far in the past');
  });

  it('does not let one event that Datadog fails at hold up the others for ever', async () => {
    const world = scene();
    world.sink.answer = ({ text }) => (text.includes('about poison') ? unreachable : undefined);
    const { collector } = collecting(world);
    world.events.write('poison');
    for (let index = 0; index < 60; index += 1) {
      world.events.write(`e${index}`);
      await world.clock.advance(5_000);
    }
    expect(world.sink.times('e59')).to.equal(1);
    expect(collector.describe()).to.deep.include({ dropped: { poisonous: 1 } });
    expect(world.box.data?.['event.tokenKey']).to.equal(world.events.revision);
  });

  it('tells in parts what is too large as a whole', async () => {
    const world = scene();
    world.sink.answer = ({ text }) =>
      text.length > 300 ? new Fault('datadog.too_large', '413: Payload too large') : undefined;
    const { collector } = collecting(world);
    const involved = { kind: 'Pod', namespace: 'shop', name: 'web', uid: 'u' };
    for (const uid of 'abcdefgh') world.events.write(uid, { involved });
    world.events.write('long', { involved, message: 'x'.repeat(2_000) });
    await world.clock.advance(5_000);
    expect([...'abcdefgh'].map((uid) => world.sink.times(uid))).to.deep.equal(Array(8).fill(1));
    expect(world.sink.text).to.match(/x{30}/);
    expect(collector.describe()).to.deep.include({ delivered: 9, dropped: {} });
  });

  it('waits for the ConfigMap rather than send all that is stored', async () => {
    const world = scene();
    world.events.write('a');
    world.box.set({ 'event.tokenKey': world.events.revision });
    world.box.fault = new Fault('kube.denied', 'GET …/datadogtoken: HTTP 403');
    const { collector } = collecting(world);
    await world.clock.advance(100_000);
    expect([world.sink.attempts, collector.health()]).to.deep.equal([
      0,
      { state: 'degraded', detail: 'the position of events cannot be kept: GET …/datadogtoken: HTTP 403' },
    ]);
    world.box.fault = undefined;
    world.events.write('b');
    await world.clock.advance(40_000);
    expect([world.sink.times('a'), world.sink.times('b')]).to.deep.equal([0, 1]);
  });

  it('delivers though the position cannot be kept, and keeps it when it can', async () => {
    const world = scene();
    const { collector } = collecting(world);
    await world.clock.advance(1_000);
    world.box.fault = new Fault('kube.denied', 'PUT …/datadogtoken: HTTP 403');
    world.events.write('a');
    await world.clock.advance(100_000);
    expect([world.sink.times('a'), collector.health().state]).to.deep.equal([1, 'degraded']);
    world.box.fault = undefined;
    await world.clock.advance(40_000);
    expect([world.box.data?.['event.tokenKey'], collector.health().state]).to.deep.equal([
      world.events.revision,
      'ready',
    ]);
  });

  it('finishes what is on its way before the process stops, and says up to where', async () => {
    const world = scene();
    const release: (() => void)[] = [];
    const replica = collecting(world);
    await world.clock.advance(10);
    world.sink.answer = () => new Promise((resolve) => release.push(() => resolve(undefined)));
    for (const uid of 'abc') world.events.write(uid);
    await world.clock.advance(1_500);
    expect(release).to.have.length(3);
    replica.stop.abort();
    await settle();
    for (const one of release) one();
    await world.clock.advance(100);
    await replica.ended;
    expect(world.box.data?.['event.tokenKey']).to.equal(world.events.revision);
  });

  it('stops at once when nothing is on its way', async () => {
    const world = scene();
    const replica = collecting(world);
    world.events.write('a');
    await world.clock.advance(5_000);
    const atMs = world.clock.monotonicMs();
    replica.stop.abort();
    await replica.ended;
    expect(world.clock.monotonicMs() - atMs).to.equal(0);
  });

  it('does not wait for a Datadog that hangs when the process stops', async () => {
    const world = scene();
    const replica = collecting(world);
    world.sink.answer = () => unreachable;
    world.events.write('a');
    await world.clock.advance(5_000);
    replica.stop.abort();
    await world.clock.advance(4_100);
    await replica.ended;
    expect(world.box.data?.['event.tokenKey']).to.not.equal(world.events.revision);
  });

  it('sends and writes nothing once it does not lead', async () => {
    const world = scene();
    const replica = collecting(world);
    world.sink.answer = () => unreachable;
    for (const uid of 'abc') world.events.write(uid);
    await world.clock.advance(5_000);
    replica.setLeader(false);
    world.sink.answer = () => undefined;
    const [attempts, writes] = [world.sink.attempts, world.box.writes];
    await world.clock.advance(600_000);
    expect([world.sink.attempts, world.box.writes]).to.deep.equal([attempts, writes]);
  });

  it('goes on where it stood when it did not lead for a moment that nobody was told of', async () => {
    const world = scene();
    const replica = collecting(world);
    await world.clock.advance(10);
    for (const uid of 'abc') world.events.write(uid);
    replica.setLeader(false, 'untold');
    await world.clock.advance(5_000);
    expect([world.sink.attempts, world.box.writes]).to.deep.equal([0, 0]);
    replica.setLeader(true, 'untold');
    await world.clock.advance(5_000);
    expect([...'abc'].map((uid) => world.sink.times(uid))).to.deep.equal([1, 1, 1]);
    expect(world.box.data?.['event.tokenKey']).to.equal(world.events.revision);
  });

  it('says once that events may be missing when nobody collected for longer than they are kept', async () => {
    const world = scene();
    const first = collecting(world);
    world.events.write('a');
    await world.clock.advance(3_000);
    first.setLeader(false);
    await world.clock.advance(7_200_000);
    world.events.write('b');
    world.events.compact();
    collecting(world, { log });
    await world.clock.advance(700_000);
    expect(
      world.sink.taken.filter(({ title }) => title.includes('missing')).map(({ text }) => text),
    ).to.deep.equal([
      'Events of the cluster between 2026-01-01T00:00:01.000Z and 2026-01-01T01:00:03.000Z may be missing: nobody collected them, and Kubernetes keeps events for an hour by default.',
    ]);
    expect(world.sink.times('b')).to.equal(1);
  });

  it('costs a quiet cluster a write in five minutes at most', async () => {
    const world = scene();
    collecting(world);
    world.events.write('a');
    await world.clock.advance(5_000);
    const before = world.box.writes;
    for (let minute = 0; minute < 60; minute += 1) {
      world.events.advance(50);
      if (minute % 5 === 0) world.events.compact();
      await world.clock.advance(60_000);
    }
    expect(world.box.writes - before).to.be.within(1, 12);
    expect(world.sink.taken).to.have.length(1);
  });

  it('counts under the names of the original, and bounds how many series reporters can make', async () => {
    const world = scene();
    const { registry } = collecting(world);
    world.events.write('a', { type: 'Warning', reason: 'BackOff' });
    for (let index = 0; index < 600; index += 1) world.events.write(`e${index}`, { reason: `R${index}` });
    await world.clock.advance(10_000);
    const text = await registry.metrics();
    expect(text).to.include(
      'kubernetes_apiserver_kube_events{kind="Pod",component="kubelet",type="Warning",reason="BackOff"} 1',
    );
    expect(text).to.include('kubernetes_apiserver_emitted_events{kind="Pod",type="warning"} 1');
    expect(text).to.include('kubernetes_events_delivered_total 601');
    expect(text.split('kubernetes_apiserver_kube_events{').length).to.be.below(503);
  });
});

describe('any history of events', () => {
  type Step =
    | { readonly kind: 'write'; readonly uids: readonly string[] }
    | {
        readonly kind:
          | 'compact'
          | 'down'
          | 'up'
          | 'kill'
          | 'stop'
          | 'garble'
          | 'conflict'
          | 'cluster down'
          | 'cluster up';
      }
    | { readonly kind: 'pass'; readonly ms: number };
  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('write' as const),
        uids: fc.array(fc.constantFrom(...'abcdefghijkl'), { minLength: 1, maxLength: 6 }),
      }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(20_000) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constantFrom(
          'compact' as const,
          'down' as const,
          'up' as const,
          'kill' as const,
          'stop' as const,
          'garble' as const,
          'conflict' as const,
          'cluster down' as const,
          'cluster up' as const,
        ),
      }),
    },
  );

  it('ends with every version that was the last of its event delivered, and the position at the end', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
        const world = scene();
        let replica = collecting(world, { unbundle: true });
        for (const one of steps) {
          switch (one.kind) {
            case 'write':
              for (const uid of one.uids) {
                const count = (world.events.stored.find((event) => event.uid === uid)?.count ?? 0) + 1;
                world.events.write(uid, { message: `${uid} for the ${count}. time` });
              }
              break;
            case 'pass':
              await world.clock.advance(one.ms);
              break;
            case 'compact':
              world.events.compact();
              break;
            case 'down':
              world.sink.answer = () => unreachable;
              break;
            case 'up':
              world.sink.answer = () => undefined;
              break;
            case 'garble':
              world.box.set({ 'event.tokenKey': 'x' });
              break;
            case 'conflict':
              world.box.set({ ...world.box.data });
              break;
            case 'cluster down':
              world.events.fault = world.box.fault = new Fault('kube.unreachable', 'down');
              break;
            case 'cluster up':
              world.events.fault = world.box.fault = undefined;
              break;
            case 'kill':
              replica.setLeader(false);
              replica = collecting(world, { unbundle: true });
              break;
            case 'stop':
              replica.stop.abort();
              await world.clock.advance(5_000);
              replica.setLeader(false);
              replica = collecting(world, { unbundle: true });
          }
        }
        world.sink.answer = () => undefined;
        world.events.fault = world.box.fault = undefined;
        // One that is delivered after all that, so that a position which somebody spoilt is written over.
        await world.clock.advance(200_000);
        world.events.write('z');
        await world.clock.advance(200_000);
        const told = new Set(world.sink.taken.map(({ text }) => text));
        expect(
          world.events.stored.map(({ message }) => message).filter((text) => !told.has(text)),
        ).to.deep.equal([]);
        expect(world.box.data?.['event.tokenKey']).to.equal(world.events.revision);
        replica.stop.abort();
      }),
      { numRuns: 60 },
    );
  }).timeout(60_000);
});
