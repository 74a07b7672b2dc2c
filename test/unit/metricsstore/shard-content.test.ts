import { expect } from 'chai';
import fc from 'fast-check';
import { type MetricId, type MetricRecord, metricId } from '../../../core/metric.js';
import { atOnce } from '../../../core/pace.js';
import { encodeRecord } from '../../../metricsstore/codec.js';
import {
  foreignBytes,
  foreignEntries,
  recordEntries,
  type StoredShard,
  saysExactly,
  shardCount,
  shardCountAnnotation,
  shardName,
} from '../../../metricsstore/shard-content.js';
import { ShardReader } from '../../../metricsstore/shard-reader.js';
import { planShards } from '../../../metricsstore/shards.js';
import { record } from '../core/arbitrary.js';
import { valid } from './replica-scene.js';

const shard = (data: Record<string, string>, annotations: Record<string, string> = {}): StoredShard => ({
  data,
  annotations,
  revision: '1',
});
const holding = (...records: readonly MetricRecord[]): StoredShard =>
  shard(Object.fromEntries(records.map(encodeRecord).map(({ key, value }) => [key, value])));
const originals = JSON.stringify({
  metricName: 'orders',
  labels: {},
  ts: Date.UTC(2026, 0, 1) / 1000 - 60,
  reference: { namespace: 'shop' },
  value: 9,
  valid: true,
});

function scene() {
  const damage: string[] = [];
  const reader = new ShardReader((entry, problem) => damage.push(`${entry} ${problem}`));
  const read = (...shards: (StoredShard | undefined)[]): ReadonlyMap<MetricId, MetricRecord | undefined> => {
    atOnce(reader.read(shards));
    return new Map([...reader.ids()].map((id) => [id, reader.record(id)]));
  };
  return { damage, reader, read };
}

describe('the shards of the store', () => {
  it('are named after the first, which has the name of the original agent', () => {
    expect([0, 1, 12].map((index) => shardName('datadog-custom-metrics', index))).to.deep.equal([
      'datadog-custom-metrics',
      'datadog-custom-metrics-1',
      'datadog-custom-metrics-12',
    ]);
  });

  const counts: readonly (readonly [string | undefined, number | undefined])[] = [
    [undefined, undefined],
    ['1', 1],
    ['3', 3],
    ['40', 32],
    ['0', undefined],
    ['-2', undefined],
    ['2.5', undefined],
    ['many', undefined],
    ['', undefined],
    ['1e9', 32],
    ['Infinity', undefined],
  ];
  for (const [text, expected] of counts) {
    it(`are ${expected ?? 'not known'} when the first says ${text === undefined ? 'nothing' : `"${text}"`}`, () => {
      expect(shardCount(shard({}, text === undefined ? {} : { [shardCountAnnotation]: text }), 32)).to.equal(
        expected,
      );
    });
  }

  it('are not known when there is none', () => expect(shardCount(undefined, 32)).to.equal(undefined));

  it('hold entries of ours, of the original agent, and of others, told apart by their keys', () => {
    const one = holding(valid('orders'));
    const mixed = shard({ ...one.data, notes: 'keep me', 'external_metric-shop-web-orders': originals });
    expect([...recordEntries(mixed).keys()]).to.deep.equal(Object.keys(one.data));
    expect(foreignEntries(mixed)).to.deep.equal({ notes: 'keep me' });
    expect(foreignBytes(mixed)).to.equal('notes'.length + 'keep me'.length + 12);
    expect([recordEntries(undefined).size, foreignBytes(undefined)]).to.deep.equal([0, 0]);
  });

  it('say exactly what they should, or not', () => {
    const one = holding(valid('orders'));
    const entries = recordEntries(one);
    expect(saysExactly(one, entries)).to.equal(true);
    expect(saysExactly(shard({ ...one.data, notes: 'x' }), entries)).to.equal(true);
    expect(saysExactly(undefined, entries)).to.equal(false);
    expect(saysExactly(undefined, new Map())).to.equal(false);
    expect(saysExactly(shard({}), entries)).to.equal(false);
    expect(saysExactly(one, new Map())).to.equal(false);
    expect(saysExactly(holding(valid('orders', 2)), entries)).to.equal(false);
    expect(saysExactly(shard({ ...one.data, 'external_metric-x': originals }), entries)).to.equal(false);
    expect(saysExactly(shard({ 'external_metric-x': originals }), new Map())).to.equal(false);
  });
});

describe('a reader of shards', () => {
  it('gives all records of all shards', () => {
    const { read } = scene();
    const records = read(holding(valid('a')), undefined, holding(valid('b', 2)));
    expect([...records.values()]).to.deep.equal([valid('a'), valid('b', 2)]);
    expect([...records.keys()]).to.deep.equal(['shop/a?', 'shop/b?']);
  });

  it('gives back what was spread over any number of shards', () => {
    const many = fc.uniqueArray(record, { selector: (one) => metricId(one.key), maxLength: 40 });
    fc.assert(
      fc.property(many, fc.integer({ min: 2_000, max: 20_000 }), (records, maxBytes) => {
        const entries = new Map(records.map(encodeRecord).map(({ key, value }) => [key, value]));
        const plan = planShards([], entries, { maxBytes, maxShards: 100 });
        const stored = plan.shards.map((one) =>
          shard(JSON.parse(JSON.stringify(Object.fromEntries(one))) as Record<string, string>),
        );
        const { damage, read } = scene();
        const back = read(...stored);
        expect(plan.refused).to.deep.equal([]);
        expect(new Map(back)).to.deep.equal(new Map(records.map((one) => [metricId(one.key), one])));
        expect(damage).to.deep.equal([]);
      }),
      { numRuns: 100 },
    );
  });

  it('keeps the record of an entry that did not change, the same object', () => {
    const { read } = scene();
    const first = read(holding(valid('a'), valid('b')));
    const second = read(holding(valid('a'), valid('b', 2)));
    expect(second.get(metricId(valid('a').key))).to.equal(first.get(metricId(valid('a').key)));
    expect(second.get(metricId(valid('b').key))).to.deep.equal(valid('b', 2));
  });

  it('names a damaged entry once, drops it, and gives the rest', () => {
    const { damage, read } = scene();
    const broken = shard({ ...holding(valid('a')).data, 'metric.shop.b.0': '{"metric":' });
    for (let round = 0; round < 3; round += 1) expect([...read(broken).keys()]).to.deep.equal(['shop/a?']);
    expect(damage).to.have.length(1);
    expect(damage[0]).to.match(/^metric\.shop\.b\.0 .*JSON object/);
    read(shard({ 'metric.shop.b.0': '[]' }));
    expect(damage, 'another damage is news').to.have.length(2);
  });

  it('passes over the entries of others without a word', () => {
    const { damage, read } = scene();
    expect(read(shard({ notes: '{', 'hpa.x': 'y' })).size).to.equal(0);
    expect(damage).to.deep.equal([]);
  });

  it("takes the original agent's entries, and ours before theirs", () => {
    const { read } = scene();
    expect(
      read(shard({ 'external_metric-horizontal-shop-web-orders': originals })).get(
        metricId(valid('orders').key),
      ),
    ).to.have.nested.property('point.value', 9);
    const both = shard({
      ...holding(valid('orders', 3)).data,
      'external_metric-horizontal-shop-web-orders': originals,
    });
    expect(read(both).get(metricId(valid('orders').key))).to.have.nested.property('point.value', 3);
  });

  it('prefers the newer point where an entry stands in two shards', () => {
    const [older, newer] = [valid('a', 1, 1_000_000), valid('a', 2, 2_000_000)];
    for (const order of [
      [older, newer],
      [newer, older],
    ]) {
      const { read } = scene();
      expect([...read(...order.map((one) => holding(one))).values()]).to.deep.equal([newer]);
    }
  });

  it('comes to rest where an entry stands in two shards: reading again gives the same objects', () => {
    const [older, newer] = [valid('a', 1, 1_000_000), valid('a', 2, 2_000_000)];
    for (const order of [
      [older, newer],
      [newer, older],
    ]) {
      const { read } = scene();
      const shards = order.map((one) => holding(one));
      const first = read(...shards).get(metricId(older.key));
      expect(read(...shards).get(metricId(older.key))).to.equal(first);
    }
  });

  it('never throws, whatever a ConfigMap holds', () => {
    const key = fc.oneof(fc.string(), fc.constantFrom('metric.a', 'metric.', 'external_metric', '__proto__'));
    fc.assert(
      fc.property(fc.array(fc.dictionary(key, fc.oneof(fc.string(), fc.json())), { maxLength: 3 }), (all) => {
        expect(scene().read(...all.map((data) => shard(data))).size).to.be.at.least(0);
      }),
    );
  });
});
