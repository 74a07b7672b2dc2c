import { expect } from 'chai';
import { Fault } from '../../../core/fault.js';
import type { Logger } from '../../../core/log.js';
import type { MetricId, MetricRecord } from '../../../core/metric.js';
import { fail, ok } from '../../../core/result.js';
import type { DatadogQuery } from '../../../provider/query.js';
import { RoundLog } from '../../../provider/round-log.js';
import { settle } from '../../fake-clock.js';
import { hpa, hpaOn } from './autoscaler-scene.js';
import { type Answer, points, scene } from './refresher-scene.js';

const orders = hpa('web', 'orders');
const jobs = (queue: string, name = `jobs-${queue}`) => hpa(name, 'jobs', { matchLabels: { queue } });
const valid = (ageMs: number, value = 7): MetricRecord => ({
  state: 'valid',
  key: { namespace: 'shop', name: 'orders', selector: [] },
  query: 'avg:orders{*}.rollup(30)',
  point: { value, observedAtMs: Date.UTC(2026, 0, 1) - ageMs },
});

describe('a leading refresher', () => {
  it('asks for all that is wanted at once, and stores what it learns', async () => {
    const { clock, calls, value, run } = scene({ specs: [orders, jobs('a')] });
    void run();
    await clock.advance(0);
    expect(calls).to.deep.equal([
      { atMs: 0, queries: ['avg:orders{*}.rollup(30)', 'avg:jobs{queue:a}.rollup(30)'] },
    ]);
    expect([value('shop/orders?'), value('shop/jobs?queue=a')]).to.deep.equal([1, 1]);
  });

  it('refreshes everything once each period', async () => {
    const { clock, askedAtMs, run } = scene({ specs: [orders] });
    void run();
    await clock.advance(125_000);
    expect(askedAtMs()).to.deep.equal([0, 30_000, 60_000, 90_000, 120_000]);
  });

  it('counts the period from the beginning of a refresh, however long it takes', async () => {
    const { clock, askedAtMs, run } = scene({
      specs: [orders],
      answer: async ({ queries }, time, signal) => {
        await time.sleep(4_000, signal);
        return points(queries, time);
      },
    });
    void run();
    await clock.advance(70_000);
    expect(askedAtMs()).to.deep.equal([0, 30_000, 60_000]);
  });

  it('asks equal queries of many autoscalers and namespaces once, and answers each', async () => {
    const specs = ['a', 'b', 'c'].map((namespace) => hpa('web', 'orders', undefined, namespace));
    const { clock, calls, value, run } = scene({ specs: [...specs, hpa('web-2', 'orders', undefined, 'a')] });
    void run();
    await clock.advance(0);
    expect(calls.map((call) => call.queries)).to.deep.equal([['avg:orders{*}.rollup(30)']]);
    expect(['a', 'b', 'c'].map((namespace) => value(`${namespace}/orders?`))).to.deep.equal([1, 1, 1]);
  });

  it('asks two selectors of one metric in one autoscaler apart, and mixes their points up never', async () => {
    const { clock, value, run } = scene({
      specs: [
        hpaOn('web', [
          ['jobs', { matchLabels: { queue: 'a' } }],
          ['jobs', { matchLabels: { queue: 'b' } }],
        ]),
      ],
      answer: ({ queries }, time) =>
        ok(
          new Map(
            queries.map((query) => [
              query,
              {
                kind: 'point',
                point: { value: query.includes('queue:a') ? 10 : 20, observedAtMs: time.nowMs() - 45_000 },
              },
            ]),
          ),
        ),
    });
    void run();
    await clock.advance(0);
    expect([value('shop/jobs?queue=a'), value('shop/jobs?queue=b')]).to.deep.equal([10, 20]);
  });

  it('keeps asking through an outage of two hours and recovers within a period', async () => {
    let isDown = false;
    const { clock, calls, value, get, run } = scene({
      specs: [orders],
      answer: ({ queries }, time) =>
        isDown ? fail(new Fault('datadog.unreachable', 'down')) : points(queries, time),
    });
    void run();
    await clock.advance(1_000);
    isDown = true;
    await clock.advance(7_200_000);
    expect(get('shop/orders?')).to.include({ state: 'invalid', reason: 'stale' });
    expect(calls.length).to.be.within(235, 250);
    isDown = false;
    await clock.advance(30_000);
    expect(value('shop/orders?')).to.equal(1);
  });
});

describe('a new autoscaler', () => {
  it('has its first value within a second of a quiet time', async () => {
    const { clock, source, value, askedAtMs, run } = scene({ specs: [orders] });
    void run();
    await clock.advance(17_000);
    source.add(jobs('a'));
    await clock.advance(1_000);
    expect(value('shop/jobs?queue=a')).to.equal(1);
    expect(askedAtMs('jobs')).to.have.length(1);
    expect(askedAtMs('orders'), 'the others are not asked again').to.deep.equal([0]);
  });

  it('is known as pending before its first value', async () => {
    const { clock, source, get, run } = scene({
      specs: [orders],
      answer: () => new Promise<Answer>(() => {}),
    });
    void run();
    await settle();
    expect(get('shop/orders?')).to.deep.include({ state: 'pending', query: 'avg:orders{*}.rollup(30)' });
    await clock.advance(1);
    source.add(jobs('a'));
  });

  it('that comes with others is asked for together with them', async () => {
    const { clock, source, calls, run } = scene();
    void run();
    await clock.advance(5_000);
    for (let index = 0; index < 50; index += 1) {
      source.add(jobs(`q${index}`));
      await clock.advance(1);
    }
    await clock.advance(1_000);
    expect(calls.map((call) => call.queries.length)).to.deep.equal([35, 15]);
    expect(new Set(calls.map((call) => call.atMs)).size).to.equal(1);
  });

  it('that follows another within the batch window is asked for at its end, together with its like', async () => {
    const { clock, source, value, askedAtMs, calls, run } = scene({ options: { refreshPeriodMs: 300_000 } });
    void run();
    await clock.advance(20_000);
    source.add(jobs('first'));
    await clock.advance(1_000);
    const [firstMs = 0] = askedAtMs('first');
    for (const queue of ['x', 'y', 'z']) {
      source.add(jobs(queue));
      await clock.advance(2_000);
    }
    expect(calls.length).to.equal(1);
    expect(value('shop/jobs?queue=x')).to.equal('pending');
    await clock.advance(firstMs + 10_000 - clock.monotonicMs());
    expect(calls.length).to.equal(2);
    expect(calls[1]).to.deep.include({ atMs: firstMs + 10_000 });
    expect(calls[1]?.queries.length).to.equal(3);
    expect(value('shop/jobs?queue=z')).to.equal(1);
  });

  it('of every second costs one call per batch window, not one each', async () => {
    const { clock, source, calls, value, run } = scene({ options: { refreshPeriodMs: 1_000_000 } });
    void run();
    for (let second = 0; second < 60; second += 1) {
      await clock.advance(1_000);
      source.add(jobs(`q${second}`));
    }
    await clock.advance(11_000);
    expect(calls.length).to.be.within(6, 9);
    expect(value('shop/jobs?queue=q59')).to.equal(1);
  });

  it('that Datadog cannot be asked for yet is tried again within the batch window, saying why it waits', async () => {
    let isDown = true;
    const { clock, get, value, run } = scene({
      specs: [orders],
      answer: ({ queries }, time) =>
        isDown ? fail(new Fault('datadog.unreachable', 'connection refused')) : points(queries, time),
    });
    void run();
    await clock.advance(1_000);
    expect(get('shop/orders?')).to.include({ state: 'pending', trouble: 'connection refused' });
    isDown = false;
    await clock.advance(10_000);
    expect(value('shop/orders?')).to.equal(1);
  });

  it('takes effect as an edit does: the new question is asked and the old one leaves', async () => {
    const { clock, source, ids, value, run } = scene({ specs: [jobs('a', 'web')] });
    void run();
    await clock.advance(12_000);
    source.set(jobs('b', 'web'));
    await clock.advance(1_000);
    expect(ids()).to.deep.equal(['shop/jobs?queue=b']);
    expect(value('shop/jobs?queue=b')).to.equal(1);
  });
});

describe('a removed autoscaler', () => {
  it('leaves at once, without a call to Datadog', async () => {
    const { clock, source, ids, calls, run } = scene({ specs: [orders, jobs('a')] });
    void run();
    await clock.advance(12_000);
    source.set(orders);
    await clock.advance(10);
    expect(ids()).to.deep.equal(['shop/orders?']);
    expect(calls.length).to.equal(1);
  });

  it('is asked for no more', async () => {
    const { clock, source, askedAtMs, run } = scene({ specs: [orders, jobs('a')] });
    void run();
    await clock.advance(12_000);
    source.set(orders);
    await clock.advance(120_000);
    expect(askedAtMs('jobs')).to.deep.equal([0]);
  });

  it('is not brought back by the answer to a call that was under way', async () => {
    let release = (): void => {};
    const { clock, source, ids, run } = scene({
      specs: [orders, jobs('a')],
      answer: async ({ queries }, time) => {
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        return points(queries, time);
      },
    });
    void run();
    await clock.advance(100);
    source.set(orders);
    release();
    await settle();
    expect(ids()).to.deep.equal(['shop/orders?']);
  });

  it('and all others gone leave an empty store and no calls', async () => {
    const { clock, source, ids, calls, run } = scene({ specs: [orders] });
    void run();
    await clock.advance(1_000);
    source.set();
    await clock.advance(300_000);
    expect(ids()).to.deep.equal([]);
    expect(calls.length).to.equal(1);
  });
});

describe('who may act', () => {
  it('prunes and asks nothing until the list of autoscalers is complete', async () => {
    const { clock, source, ids, calls, run } = scene({ stored: [['shop/orders?', valid(60_000)]] });
    source.isSynced = false;
    void run();
    await clock.advance(60_000);
    expect(ids()).to.deep.equal(['shop/orders?']);
    expect(calls).to.deep.equal([]);
    source.isSynced = true;
    source.set();
    await clock.advance(1_000);
    expect(ids()).to.deep.equal([]);
  });

  it('does nothing while another replica leads', async () => {
    const { clock, source, ids, calls, run } = scene({
      specs: [orders],
      isLeader: false,
      stored: [['shop/other?', valid(1_000)]],
    });
    void run();
    await clock.advance(60_000);
    source.add(jobs('a'));
    await clock.advance(60_000);
    expect(calls).to.deep.equal([]);
    expect(ids()).to.deep.equal(['shop/other?']);
  });

  it('begins at once when it becomes leader, with what autoscalers want by then', async () => {
    const { clock, source, leads, value, run } = scene({ isLeader: false });
    void run();
    await clock.advance(61_234);
    source.set(orders);
    await clock.advance(1_000);
    leads.set(true);
    await clock.advance(200);
    expect(value('shop/orders?')).to.equal(1);
  });

  it('serves the last leader’s value until its own first answer', async () => {
    const { clock, value, run } = scene({
      specs: [orders],
      stored: [['shop/orders?', valid(60_000)]],
      answer: async ({ queries }, time, signal) => {
        await time.sleep(3_000, signal);
        return points(queries, time, 8);
      },
    });
    void run();
    await clock.advance(1_000);
    expect(value('shop/orders?')).to.equal(7);
    await clock.advance(2_500);
    expect(value('shop/orders?')).to.equal(8);
  });

  it('stores nothing when leadership is lost between asking and the answer', async () => {
    const { clock, leads, value, run } = scene({
      specs: [orders],
      stored: [['shop/orders?', valid(60_000)]],
      answer: async ({ queries }, time, signal) => {
        await time.sleep(3_000, signal);
        return points(queries, time, 8);
      },
    });
    void run();
    await clock.advance(1_000);
    leads.set(false);
    await clock.advance(60_000);
    expect(value('shop/orders?')).to.equal(7);
  });

  it('stores nothing of a round across another’s reign, which left newer points, and asks for everything at once', async () => {
    const { clock, leads, store, value, askedAtMs, run } = scene({
      specs: [orders],
      answer: async ({ queries, atMs }, time, signal) => {
        const answer = points(queries, time, atMs === 0 ? 8 : 10);
        await time.sleep(3_000, signal);
        return answer;
      },
    });
    void run();
    await clock.advance(1_000);
    leads.set(false);
    store.replace(new Map([['shop/orders?' as MetricId, valid(-1_000, 9)]]));
    await clock.advance(1_000);
    leads.set(true);
    await clock.advance(1_500);
    expect(value('shop/orders?')).to.equal(9);
    await clock.advance(3_000);
    expect([value('shop/orders?'), askedAtMs()]).to.deep.equal([10, [0, 3_000]]);
  });

  it('makes no call after it lost leadership in the middle of a round', async () => {
    const { clock, leads, calls, run } = scene({
      specs: Array.from({ length: 200 }, (_, index) => jobs(`q${index}`)),
      options: { maxParallelQueries: 1 },
      answer: async ({ queries }, time, signal) => {
        await time.sleep(1_000, signal);
        return points(queries, time);
      },
    });
    void run();
    await clock.advance(1_500);
    leads.set(false);
    await clock.advance(30_000);
    expect(
      calls.every((call) => call.atMs <= 1_500),
      `calls at ${calls.map((call) => call.atMs).join(', ')}`,
    ).to.equal(true);
  });

  for (const [title, cut] of [
    ['the loss of leadership', 'leadership'],
    ['a stop', 'stop'],
  ] as const) {
    it(`takes a round that was cut short by ${title} for no outage of Datadog's`, async () => {
      const { clock, leads, stop, warnings, get, run } = scene({
        specs: [orders],
        answer: async (_, time, signal) => {
          await time.sleep(1_000, signal);
          return fail(new Fault('datadog.unreachable', 'cut'));
        },
      });
      void run();
      await clock.advance(500);
      if (cut === 'stop') stop.abort();
      else leads.set(false);
      await clock.advance(30_000);
      expect(warnings).to.deep.equal([]);
      expect(get('shop/orders?')).to.not.have.property('trouble');
    });
  }

  it('asks for everything again when it leads again', async () => {
    const { clock, leads, askedAtMs, run } = scene({ specs: [orders] });
    void run();
    await clock.advance(5_000);
    leads.set(false);
    await clock.advance(5_000);
    leads.set(true);
    await clock.advance(100);
    expect(askedAtMs()).to.deep.equal([0, 10_000]);
  });

  it('stops asking and stores nothing when told to stop in the middle of a call', async () => {
    const { clock, stop, store, refresher } = scene({
      specs: [orders],
      answer: async ({ queries }, time, signal) => {
        await time.sleep(5_000, signal);
        return points(queries, time);
      },
    });
    const done = refresher.run(stop.signal);
    await clock.advance(1_000);
    stop.abort();
    await done;
    expect([...store.snapshot.values()].map(({ record }) => record.state)).to.deep.equal(['pending']);
  });

  it('listens to nobody any more when it has stopped', async () => {
    const { clock, leads, primed, stop, run } = scene({ specs: [orders] });
    const done = run();
    await clock.advance(1_000);
    stop.abort();
    await done;
    expect([leads.listening, primed.listening]).to.deep.equal([0, 0]);
  });
});

describe('a leader that starts', () => {
  it('waits for what the last one left, and begins at once when it is there', async () => {
    const { clock, primed, calls, run } = scene({ specs: [orders], isPrimed: false });
    void run();
    await clock.advance(3_000);
    expect(calls).to.deep.equal([]);
    primed.set(true);
    await clock.advance(100);
    expect(calls.length).to.equal(1);
  });

  it('waits ten seconds and no longer', async () => {
    const { clock, calls, run } = scene({ specs: [orders], isPrimed: false });
    void run();
    await clock.advance(9_900);
    expect(calls).to.deep.equal([]);
    await clock.advance(200);
    expect(calls.length).to.equal(1);
  });

  it('waits no longer when leadership came in between', async () => {
    const { clock, leads, calls, run } = scene({ specs: [orders], isPrimed: false, isLeader: false });
    void run();
    await clock.advance(3_300);
    leads.set(true);
    await clock.advance(6_800);
    expect(calls.length).to.equal(1);
  });
});

describe('what Datadog says', () => {
  const none = (reason: 'no_series' | 'several_series' | 'only_nulls') =>
    ({ kind: 'none', reason, detail: `seen ${reason}` }) as const;
  const point = (value: number, ageMs = 45_000) => ({ value, ageMs });
  const readings: readonly (readonly [
    string,
    ReturnType<typeof none> | ReturnType<typeof point> | 'absent',
    string,
  ])[] = [
    ['no series', 'absent', 'no_series'],
    ['several series', none('several_series'), 'several_series'],
    ['only nulls', none('only_nulls'), 'only_nulls'],
    ['NaN', point(Number.NaN), 'not_a_number'],
    ['infinity', point(Number.POSITIVE_INFINITY), 'infinite'],
    ['minus infinity', point(Number.NEGATIVE_INFINITY), 'infinite'],
    ['a negative value', point(-1), 'negative'],
    ['a value out of range', point(1e21), 'out_of_range'],
    ['a point that is too old', point(5, 90_001), 'stale'],
    ['a point of the future', point(5, -60_000), 'future'],
  ];
  for (const [title, reading, reason] of readings) {
    it(`makes the metric invalid with its own reason: ${title} is ${reason}, and its neighbour stays valid`, async () => {
      const { clock, get, value, run } = scene({
        specs: [orders, jobs('a')],
        answer: ({ queries }, time) => {
          const all = points(queries, time);
          const known = new Map(all.ok ? all.value : []);
          const [first] = queries;
          if (first === undefined) return ok(known);
          if (reading === 'absent') known.delete(first);
          else if ('kind' in reading) known.set(first, reading);
          else
            known.set(first, {
              kind: 'point',
              point: { value: reading.value, observedAtMs: time.nowMs() - reading.ageMs },
            });
          return ok(known);
        },
      });
      void run();
      await clock.advance(100);
      expect(get('shop/orders?')).to.include({ state: 'invalid', reason });
      expect(get('shop/orders?')).to.have.property('detail').that.is.a('string').with.length.above(3);
      expect(value('shop/jobs?queue=a')).to.equal(1);
    });
  }

  it('serves a value again as soon as there is one', async () => {
    let isBad = true;
    const { clock, value, run } = scene({
      specs: [orders],
      answer: ({ queries }, time) => points(queries, time, isBad ? Number.NaN : 5),
    });
    void run();
    await clock.advance(100);
    expect(value('shop/orders?')).to.equal('invalid');
    isBad = false;
    await clock.advance(30_000);
    expect(value('shop/orders?')).to.equal(5);
  });

  it('keeps the last points under a rate limit until they are too old, then calls them stale and names the limit', async () => {
    let isLimited = false;
    const { clock, get, value, run } = scene({
      specs: [orders],
      answer: ({ queries }, time) =>
        isLimited
          ? fail(new Fault('datadog.rate_limited', 'limit used up', { retryAfterSeconds: 600 }))
          : points(queries, time),
    });
    void run();
    await clock.advance(100);
    isLimited = true;
    await clock.advance(40_000);
    expect(value('shop/orders?')).to.equal(1);
    expect(get('shop/orders?')).to.have.property('trouble', 'limit used up');
    await clock.advance(30_000);
    expect(get('shop/orders?')).to.deep.include({
      state: 'invalid',
      reason: 'stale',
      detail: 'limit used up',
    });
    expect(get('shop/orders?')).to.have.nested.property('lastPoint.value', 1);
  });
});

describe('a Datadog that refuses everything', () => {
  for (const count of [1, 2, 40])
    it(`costs ${count} metrics no value while they are young, and is over with the next refresh`, async () => {
      const specs = Array.from({ length: count }, (_, index) => jobs(`q${index}`));
      let refuses = false;
      const { clock, value, get, run } = scene({
        specs,
        answer: ({ queries }, time) =>
          refuses ? fail(new Fault('datadog.rejected', '200 with an error: no')) : points(queries, time),
      });
      const values = () => specs.map((_, index) => value(`shop/jobs?queue=q${index}`));
      void run();
      await clock.advance(1_000);
      refuses = true;
      await clock.advance(30_000);
      expect(new Set(values())).to.deep.equal(new Set([1]));
      expect(get('shop/jobs?queue=q0'))
        .to.have.property('trouble')
        .that.includes('refuses queries that it answered before');
      await clock.advance(600_000);
      expect(get('shop/jobs?queue=q0')).to.include({ state: 'invalid', reason: 'stale' });
      refuses = false;
      await clock.advance(30_000);
      expect(new Set(values())).to.deep.equal(new Set([1]));
    });
});

describe('a query that Datadog refuses', () => {
  function refusing(count: number, extra: { readonly random?: number } = {}) {
    const specs = [hpa('bad', 'bad'), ...Array.from({ length: count }, (_, index) => jobs(`q${index}`))];
    return scene({
      specs,
      ...extra,
      answer: ({ queries }, time) =>
        queries.some((query) => query.startsWith('avg:bad'))
          ? fail(new Fault('datadog.rejected', 'cannot parse'))
          : points(queries, time),
    });
  }

  it('costs itself and no other', async () => {
    const { clock, store, get, run } = refusing(34);
    void run();
    await clock.advance(100);
    expect(get('shop/bad?')).to.include({ state: 'invalid', reason: 'rejected', detail: 'cannot parse' });
    expect([...store.snapshot.values()].filter(({ record }) => record.state === 'valid').length).to.equal(34);
  });

  it('never joins a batch again: it is asked alone, from half a minute apart to half an hour', async () => {
    const { clock, calls, run } = refusing(34);
    void run();
    await clock.advance(100);
    const found = calls.length;
    await clock.advance(4 * 3_600_000);
    const later = calls
      .slice(found)
      .filter((call) => call.queries.some((query) => query.startsWith('avg:bad')));
    for (const call of later) expect(call.queries.length).to.equal(1);
    const gaps = later.slice(1).map((call, index) => (call.atMs - (later[index]?.atMs ?? 0)) / 1000);
    expect(later[0]?.atMs).to.be.within(30_000, 61_000);
    for (const [index, gap] of gaps.entries())
      if (index > 0) expect(gap).to.be.at.least((gaps[index - 1] ?? 0) - 30);
    expect(Math.max(...gaps)).to.be.within(1_700, 1_860);
    expect(later.length).to.be.within(10, 18);
  });

  it('leaves its neighbours one call each period', async () => {
    const { clock, calls, run } = refusing(34);
    void run();
    await clock.advance(100);
    const found = calls.length;
    await clock.advance(300_000);
    const company = calls
      .slice(found)
      .filter((call) => !call.queries.some((query) => query.startsWith('avg:bad')));
    expect(company.length).to.equal(10);
    for (const call of company) expect(call.queries.length).to.equal(34);
  });

  it('goes on saying why while it waits', async () => {
    const { clock, get, run } = refusing(2);
    void run();
    await clock.advance(600_000);
    expect(get('shop/bad?')).to.include({ state: 'invalid', reason: 'rejected', detail: 'cannot parse' });
  });

  it('is in company again once it was answered', async () => {
    let isBad = true;
    const { clock, calls, value, run } = scene({
      specs: [orders, hpa('bad', 'bad')],
      answer: ({ queries }, time) =>
        isBad && queries.some((query) => query.startsWith('avg:bad'))
          ? fail(new Fault('datadog.rejected', 'no'))
          : points(queries, time),
    });
    void run();
    await clock.advance(1_000);
    isBad = false;
    await clock.advance(70_000);
    expect(value('shop/bad?')).to.equal(1);
    await clock.advance(30_000);
    expect(calls.at(-1)?.queries.length).to.equal(2);
  });

  it('is asked at once when its autoscaler was edited', async () => {
    const { clock, source, value, run } = refusing(2);
    void run();
    await clock.advance(65_000);
    source.set(hpa('bad', 'good'));
    await clock.advance(1_000);
    expect(value('shop/good?')).to.equal(1);
  });

  it('gives its reason to a second autoscaler that asks the same while it waits', async () => {
    const { clock, source, get, run } = refusing(2);
    void run();
    await clock.advance(300_000);
    source.add(hpa('bad', 'bad', undefined, 'elsewhere'));
    await clock.advance(31_000);
    expect(get('elsewhere/bad?')).to.include({ state: 'invalid', reason: 'rejected' });
  });
});

describe('what cannot be asked', () => {
  it('costs no call, and says why at once', async () => {
    const { clock, calls, get, run } = scene({ specs: [hpa('web', 'orders', { matchLabels: { env: '' } })] });
    void run();
    await clock.advance(60_000);
    expect(calls).to.deep.equal([]);
    expect(get('shop/orders?env=')).to.include({ state: 'invalid', reason: 'unaskable' });
  });

  it('harms nobody when it is an overlong query', async () => {
    const values = Array.from({ length: 150 }, (_, index) => `${'v'.repeat(55)}${index}`);
    const long = hpa('long', 'orders', { matchExpressions: [{ key: 'queue', operator: 'In', values }] });
    const { clock, store, value, run } = scene({ specs: [long, jobs('a'), jobs('b')] });
    void run();
    await clock.advance(100);
    expect([value('shop/jobs?queue=a'), value('shop/jobs?queue=b')]).to.deep.equal([1, 1]);
    const [own] = [...store.snapshot.values()].filter(({ record }) => record.state === 'invalid');
    expect(own?.record).to.include({ reason: 'unaskable' });
    expect(own?.record)
      .to.have.property('detail')
      .that.matches(/URL of \d+ characters, over the limit of 7000/);
  });

  it('is two names that differ in case only; each is served when the other has gone', async () => {
    const { clock, source, get, value, run } = scene({ specs: [hpa('a', 'orders'), hpa('b', 'Orders')] });
    void run();
    await clock.advance(100);
    expect(get('shop/orders?')).to.include({ state: 'invalid', reason: 'ambiguous' });
    source.set(hpa('b', 'Orders'));
    await clock.advance(1_000);
    expect(value('shop/orders?')).to.equal(1);
  });
});

describe('a question whose query changes', () => {
  it('does not get the point of the other query, though its identity is the same', async () => {
    const { clock, source, get, run } = scene({
      specs: [hpa('web', 'orders')],
      answer: ({ queries }, time) =>
        queries.some((query) => query.includes('Orders'))
          ? fail(new Fault('datadog.unreachable', 'down'))
          : points(queries, time),
    });
    void run();
    await clock.advance(1_000);
    expect(get('shop/orders?')).to.include({ state: 'valid' });
    source.set(hpa('web', 'Orders'));
    await clock.advance(15_000);
    expect(get('shop/orders?')).to.include({
      state: 'pending',
      query: 'avg:Orders{*}.rollup(30)',
      trouble: 'down',
    });
  });

  it('keeps its point when only the spelling of the selector changes', async () => {
    const { clock, source, calls, value, run } = scene({
      specs: [hpa('web', 'jobs', { matchLabels: { queue: 'a' } })],
    });
    void run();
    await clock.advance(1_000);
    source.set(hpa('web', 'jobs', { matchExpressions: [{ key: 'queue', operator: 'In', values: ['a'] }] }));
    await clock.advance(1_000);
    expect(value('shop/jobs?queue=a')).to.equal(1);
    expect(calls.length).to.equal(1);
  });

  it('does not take the record that a leader with other settings left', async () => {
    const { clock, get, run } = scene({
      specs: [orders],
      stored: [['shop/orders?', { ...valid(30_000), query: 'sum:orders{*}.rollup(60)' }]],
      answer: () => fail(new Fault('datadog.unreachable', 'down')),
    });
    void run();
    await clock.advance(1_000);
    expect(get('shop/orders?')).to.include({ state: 'pending', query: 'avg:orders{*}.rollup(30)' });
  });

  it("serves the original agent's value, which names no query, until the first answer", async () => {
    const { clock, value, run } = scene({
      specs: [orders],
      stored: [['shop/orders?', { ...valid(30_000), query: undefined }]],
      answer: () => fail(new Fault('datadog.unreachable', 'down')),
    });
    void run();
    await clock.advance(1_000);
    expect(value('shop/orders?')).to.equal(7);
  });
});

describe('the health of a refresher', () => {
  it('is starting until a leader’s first refresh has ended, and ready then', async () => {
    const { clock, refresher, run } = scene({
      specs: [orders],
      answer: async ({ queries }, time, signal) => {
        await time.sleep(2_000, signal);
        return points(queries, time);
      },
    });
    void run();
    await clock.advance(1_000);
    expect(refresher.health().state).to.equal('starting');
    await clock.advance(2_000);
    expect(refresher.health()).to.deep.equal({ state: 'ready' });
  });

  it('is ready when the first refresh ended in failure: Datadog down never takes a replica away', async () => {
    const { clock, refresher, run } = scene({
      specs: [orders],
      answer: () => fail(new Fault('datadog.unreachable', 'down')),
    });
    void run();
    await clock.advance(1_000);
    expect(refresher.health()).to.deep.equal({ state: 'ready' });
  });

  it('is ready on a follower, and on a leader without autoscalers', async () => {
    const follower = scene({ specs: [orders], isLeader: false });
    void follower.run();
    await follower.clock.advance(600_000);
    expect(follower.refresher.health()).to.deep.equal({ state: 'ready' });
    const idle = scene();
    void idle.run();
    await idle.clock.advance(600_000);
    expect(idle.refresher.health()).to.deep.equal({ state: 'ready' });
  });

  it('is stuck when a call never comes back, within minutes', async () => {
    const { clock, refresher, run } = scene({ specs: [orders], answer: () => new Promise<Answer>(() => {}) });
    void run();
    await clock.advance(170_000);
    expect(refresher.health().state).to.be.oneOf(['starting', 'degraded']);
    await clock.advance(20_000);
    expect(refresher.health()).to.deep.include({ state: 'stuck' });
  });

  for (const [title, answer] of [
    ['Datadog answers', undefined],
    ['a call to Datadog hangs', () => new Promise<Answer>(() => {})],
  ] as const) {
    it(`looks at all that is wanted a few times a second in a burst of changes, while ${title}`, async () => {
      const { clock, source, ids, run } = scene({ specs: [orders], ...(answer ? { answer } : {}) });
      void run();
      await clock.advance(1_000);
      const before = source.looks;
      for (let change = 0; change < 200; change += 1) {
        source.set(...(change % 2 === 0 ? [orders, jobs('mail')] : [orders]));
        await clock.advance(5);
      }
      expect(source.looks - before).to.be.within(2, 25);
      await clock.advance(150);
      expect(ids()).to.deep.equal(['shop/orders?']);
    });
  }

  it('stays well when a source hangs but keeps to its time-out, and goes on asking', async () => {
    const { clock, calls, refresher, get, run } = scene({
      specs: [orders],
      answer: async (_, time, signal) => {
        await time.sleep(20_000, signal);
        return fail(new Fault('datadog.unreachable', 'no answer within 20 s'));
      },
    });
    void run();
    await clock.advance(600_000);
    expect(refresher.health()).to.deep.equal({ state: 'ready' });
    expect(calls.length).to.be.above(18);
    expect(get('shop/orders?')).to.include({ state: 'pending', trouble: 'no answer within 20 s' });
  });
});

describe('the telemetry of a refresher', () => {
  it('counts nothing any more once another replica leads', async () => {
    const { clock, leads, registry, run } = scene({ specs: [orders] });
    void run();
    await clock.advance(1_000);
    expect(await registry.metrics()).to.contain('external_metrics{valid="true"} 1');
    leads.set(false);
    await clock.advance(1_000);
    expect(await registry.metrics()).to.not.contain('external_metrics{');
  });

  it('counts valid and other records, and times refreshes', async () => {
    const { clock, registry, run } = scene({
      specs: [orders, hpa('bad', 'm', { matchLabels: { env: '' } })],
    });
    void run();
    await clock.advance(31_000);
    const text = await registry.metrics();
    expect(text).to.contain('external_metrics{valid="true"} 1');
    expect(text).to.contain('external_metrics{valid="false"} 1');
    expect(text).to.contain('external_metrics_retriever_elapsed_count 2');
  });
});

describe('what a refresher logs', () => {
  function logged() {
    const lines: string[] = [];
    const write =
      (level: string) =>
      (_fields: object, message: string): void => {
        lines.push(`${level}: ${message}`);
      };
    const log: Logger = {
      debug() {},
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
      child: () => log,
    };
    return { log, lines };
  }
  const query = 'avg:orders{*}.rollup(30)' as DatadogQuery;
  const failed = (code: 'datadog.unreachable' | 'datadog.rejected', message = 'why') =>
    new Map([[query, { kind: 'failed' as const, fault: new Fault(code, message) }]]);
  const answered = new Map([
    [
      query,
      { kind: 'read' as const, reading: { kind: 'point' as const, point: { value: 1, observedAtMs: 0 } } },
    ],
  ]);

  it('is an outage once when it begins and once when it is over', () => {
    const { log, lines } = logged();
    const rounds = new RoundLog(log);
    rounds.tell(answered);
    for (let round = 0; round < 10; round += 1) rounds.tell(failed('datadog.unreachable'));
    rounds.tell(new Map());
    rounds.tell(answered);
    rounds.tell(answered);
    expect(lines.map((line) => line.split(':')[0])).to.deep.equal(['warn', 'info']);
  });

  it('is a refused query by itself, which is no outage', () => {
    const { log, lines } = logged();
    const rounds = new RoundLog(log);
    rounds.refused(query, new Fault('datadog.rejected', 'why'));
    for (let round = 0; round < 5; round += 1) rounds.tell(failed('datadog.rejected'));
    expect(lines).to.deep.equal(['warn: Datadog refuses a query; it is asked again alone, ever more rarely']);
  });
});
