import { expect } from 'chai';
import { type MetricRecord, metricId } from '../../../core/metric.js';
import { parseHeldMetrics } from '../../../explain/held-codec.js';
import { Holdings } from '../../../explain/holdings.js';
import { FakeClock } from '../../fake-clock.js';
import { metric } from './scene.js';

const key = { namespace: 'shop', name: 'queue', selector: [] };
const id = metricId(key);

describe('what the leader tells of metrics', () => {
  it('comes back as it was', () => {
    const metrics = { a: metric().here, b: {}, c: { record: { state: 'pending', trouble: 'x' } } };
    expect(parseHeldMetrics(JSON.stringify({ metrics }))).to.deep.equal({ ok: true, value: { metrics } });
  });

  it('is refused whole where it is not as expected', () => {
    for (const body of [
      '',
      'no JSON',
      '[]',
      '{}',
      '{"metrics":[]}',
      '{"metrics":{"a":7}}',
      '{"metrics":{"a":{"record":{"state":"other"}}}}',
      '{"metrics":{"a":{"record":{"state":"valid"}}}}',
      '{"metrics":{"a":{"record":{"state":"invalid"}}}}',
      '{"metrics":{"a":{"call":{"atMs":1}}}}',
      '{"metrics":{"a":{"points":{}}}}',
      '{"metrics":{"a":{"answers":[]}}}',
    ])
      expect(parseHeldMetrics(body).ok, body).to.equal(false);
  });
});

describe('what a replica holds of a metric', () => {
  function held(record: MetricRecord | undefined, isLeader = true) {
    const clock = new FakeClock();
    const holdings = new Holdings({
      records: {
        get: () => record && { record, ageOnArrivalMs: 7, arrivedAtMonotonicMs: 0 },
      },
      calls: {
        of: (query) =>
          query === 'q'
            ? {
                call: { atMs: 1, tookMs: 2, batchSize: 3 },
                points: { series: 1, count: 9, timesMs: [1, 2, 3], values: [1, null, Number.NaN] },
              }
            : undefined,
      },
      answers: () => ({ toController: undefined, toOthers: { user: 'a', status: 200, atMs: 1 } }),
      isLeader: () => isLeader,
      clock,
    });
    return holdings.of(id);
  }
  const point = { value: 1, observedAtMs: Date.UTC(2026, 0, 1) - 5 };

  it('is sendable: what JSON has no number for is a text', () => {
    const facts = held({ state: 'valid', key, query: 'q', point });
    expect(facts.points?.points.map(({ value }) => value)).to.deep.equal([1, null, 'NaN']);
    expect(facts.record).to.deep.equal({ state: 'valid', point, ageMs: 7 });
    expect(facts.answers).to.deep.equal({ toOthers: { user: 'a', status: 200, atMs: 1 } });
    expect(parseHeldMetrics(JSON.stringify({ metrics: { [id]: facts } })).ok).to.equal(true);
  });

  it('tells of calls only while it leads, and only of the query that the record answers', () => {
    const record = { state: 'pending', key, query: 'q' } as const;
    expect(held(record)).to.include.keys('call');
    expect(held(record, false)).to.not.include.keys('call');
    expect(held({ ...record, query: 'another' })).to.not.include.keys('call');
    expect(held(undefined)).to.have.all.keys('answers');
  });
});
