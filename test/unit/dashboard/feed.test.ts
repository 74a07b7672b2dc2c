import { EventEmitter } from 'node:events';
import { expect } from 'chai';
import { silentLog } from '../../../core/log.js';
import { type HeldRecord, metricId } from '../../../core/metric.js';
import { Feed } from '../../../dashboard/feed.js';
import type { PageAutoscaler } from '../../../dashboard/page-state.js';
import { mostStreams } from '../../../dashboard/streams.js';
import type { Response } from '../../../http/exchanges.js';
import { FakeClock } from '../../fake-clock.js';
import { pausing } from '../../pausing.js';
import { overview } from './rows.js';

const key = { namespace: 'shop', name: 'm', selector: [] };
const id = metricId(key);

/** A page's end of a stream, as far as it is used here. */
function listener() {
  const texts: string[] = [];
  const response = Object.assign(new EventEmitter(), {
    statusCode: 0,
    writableLength: 0,
    isCut: false,
    setHeader: () => {},
    write: (bytes: Buffer) => texts.push(bytes.toString()) > 0,
    end: () => texts.push('end'),
    destroy(): void {
      this.isCut = true;
    },
  });
  const events = () => texts.map((text) => /^event: (\w+)/.exec(text)?.[1] ?? text);
  return { response: response as unknown as Response & typeof response, events };
}

function scene() {
  const clock = new FakeClock();
  const world = { value: 1, replicas: 2, isBroken: false };
  const records = (): readonly HeldRecord[] => {
    if (world.isBroken) throw new Error('a bug');
    const point = { value: world.value, observedAtMs: clock.nowMs() };
    const record = { state: 'valid', key, query: 'q', point } as const;
    return [{ record, ageOnArrivalMs: 0, arrivedAtMonotonicMs: clock.monotonicMs() }];
  };
  const autoscalers = (): readonly PageAutoscaler[] => [
    {
      id: 'shop/hpa',
      minReplicas: 1,
      maxReplicas: 8,
      currentReplicas: world.replicas,
      desiredReplicas: world.replicas,
      troubles: [],
      metrics: [{ id, target: { kind: 'Value', value: 10 } }],
    },
  ];
  const feed = new Feed(
    {
      records: { list: records },
      autoscalers,
      overview: () => overview,
      clock,
      log: silentLog,
      pace: pausing,
    },
    { sampleMs: 30_000 },
  );
  return { clock, world, feed };
}

describe('Feed', () => {
  it('joins a metric with the autoscalers that ask for it', () => {
    const { feed } = scene();
    expect(feed.state().metrics[id]?.uses).to.deep.equal([
      { autoscaler: 'shop/hpa', target: { kind: 'Value', value: 10 } },
    ]);
    expect(feed.state().autoscalers['shop/hpa']?.metrics).to.deep.equal([id]);
  });

  it('samples each refresh period, the replicas beside the values', async () => {
    const { feed, clock, world } = scene();
    await feed.tick();
    await clock.advance(1_000);
    world.value = 9;
    await feed.tick();
    await clock.advance(29_000);
    world.value = 3;
    world.replicas = 4;
    await feed.tick();
    const { timesMs, values, replicas } = feed.series(id);
    expect(timesMs.map((ms) => ms - (timesMs[0] ?? 0))).to.deep.equal([0, 30_000]);
    expect(values).to.deep.equal([1, 3]);
    expect(replicas).to.deep.equal([2, 4]);
    expect(feed.series('shop/unknown?').values).to.deep.equal([]);
  });

  it('tells open pages what is new, each second, and that it is there when nothing is', async () => {
    const { feed, clock, world } = scene();
    await feed.tick();
    const page = listener();
    expect(feed.streams.add(page.response, feed.state())).to.equal(true);
    await clock.advance(1_000);
    world.replicas = 3;
    await feed.tick();
    expect(page.events()).to.deep.equal(['state', 'change']);
    page.response.emit('close');
    expect(feed.streams.count).to.equal(0);
  });

  it('has room for a few pages, and for a new one when another has gone', () => {
    const { feed } = scene();
    const pages = Array.from({ length: mostStreams }, () => listener());
    for (const { response } of pages) expect(feed.streams.add(response, {})).to.equal(true);
    expect(feed.streams.add(listener().response, {})).to.equal(false);
    pages[0]?.response.emit('close');
    expect(feed.streams.add(listener().response, {})).to.equal(true);
  });

  it('cuts a page that does not read', () => {
    const { feed } = scene();
    const page = listener();
    feed.streams.add(page.response, {});
    page.response.writableLength = 10_000_000;
    feed.streams.tell('beat', {});
    expect(page.response.isCut).to.equal(true);
    expect(page.events()).to.deep.equal(['state']);
  });

  it('ends all streams at a stop, takes no new one, and survives a bug', async () => {
    const { feed, clock, world } = scene();
    const page = listener();
    feed.streams.add(page.response, {});
    world.isBroken = true;
    const stop = new AbortController();
    const ended = feed.run(stop.signal);
    await clock.advance(1_000);
    expect(feed.health()).to.deep.equal({ state: 'degraded', detail: 'a bug' });
    world.isBroken = false;
    await clock.advance(1_000);
    expect(feed.health()).to.deep.equal({ state: 'ready' });
    stop.abort();
    await ended;
    expect(page.events().at(-1)).to.equal('end');
    expect(feed.streams.add(listener().response, {})).to.equal(false);
  });
});
