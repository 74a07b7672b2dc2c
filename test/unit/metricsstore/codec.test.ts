import { expect } from 'chai';
import fc from 'fast-check';
import { type MetricRecord, metricId } from '../../../core/metric.js';
import { decodeRecord, encodeRecord, isRecordKey } from '../../../metricsstore/codec.js';
import { invalidReasons, record } from '../core/arbitrary.js';

const key = {
  namespace: 'shop',
  name: 'orders.Waiting',
  selector: [{ operator: 'in', key: 'queue', values: ['jobs'] }],
} as const;
const query = 'avg:orders.Waiting{queue:jobs}.rollup(30)';
const point = { value: 12.5, observedAtMs: Date.UTC(2026, 10, 21, 6, 30) };
const fieldsOf = (one: MetricRecord): Record<string, unknown> =>
  JSON.parse(encodeRecord(one).value) as Record<string, unknown>;

describe('an encoded record', () => {
  it('can be read by people: who asks what, the value, and when it was observed', () => {
    expect(fieldsOf({ state: 'valid', key, query, point })).to.deep.equal({
      metric: 'orders.Waiting',
      namespace: 'shop',
      selector: 'queue=jobs',
      query,
      state: 'valid',
      value: 12.5,
      observedAt: '2026-11-21T06:30:00.000Z',
    });
  });

  it('says why there is no value', () => {
    expect(
      fieldsOf({ state: 'invalid', key, query, reason: 'no_series', detail: 'seen', lastPoint: point }),
    ).to.include({
      state: 'invalid',
      reason: 'no_series',
      detail: 'seen',
      value: 12.5,
    });
    expect(fieldsOf({ state: 'pending', key, query, trouble: 'down' })).to.include({
      state: 'pending',
      trouble: 'down',
    });
  });

  it('has a key that names namespace and metric and that a ConfigMap accepts, whatever the names', () => {
    const name = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.constantFrom('a/b', '..', 'é', 'A'.repeat(500)),
    );
    fc.assert(
      fc.property(record, name, (one, anyName) => {
        const { key: encoded } = encodeRecord({ ...one, key: { ...one.key, name: anyName } });
        expect(encoded).to.match(/^[-._a-zA-Z0-9]{1,253}$/);
        expect(isRecordKey(encoded)).to.equal(true);
        expect(encoded).to.contain(one.key.namespace);
      }),
    );
    expect(encodeRecord({ state: 'pending', key, query }).key).to.match(
      /^metric\.shop\.orders\.waiting\.[0-9a-f]{16}$/,
    );
  });

  it('has one key for one identity, and two for two: another selector, name or namespace never collides', () => {
    fc.assert(
      fc.property(record, record, (one, other) => {
        const isSame = metricId(one.key) === metricId(other.key);
        expect(encodeRecord(one).key === encodeRecord(other).key).to.equal(isSame);
      }),
    );
    const upper: MetricRecord = { state: 'pending', key: { ...key, name: 'ORDERS.waiting' }, query };
    expect(encodeRecord(upper).key).to.equal(encodeRecord({ state: 'valid', key, query, point }).key);
  });

  it('does not depend on when it is encoded', () => {
    fc.assert(
      fc.property(record, (one) => {
        expect(encodeRecord(structuredClone(one))).to.deep.equal(encodeRecord(one));
      }),
    );
  });

  it('is read back as it was, for any record', () => {
    fc.assert(
      fc.property(record, (one) => {
        expect(decodeRecord(encodeRecord(one))).to.deep.equal({ ok: true, value: one });
      }),
      { numRuns: 1_000 },
    );
  });

  it('is read back as it was through a ConfigMap of many, in JSON as the API server sends it', () => {
    const many = fc.uniqueArray(record, { selector: (one) => metricId(one.key), maxLength: 30 });
    fc.assert(
      fc.property(many, (records) => {
        const data = Object.fromEntries(
          records.map(encodeRecord).map(({ key: name, value }) => [name, value]),
        );
        const wire = JSON.parse(JSON.stringify({ data })) as { data: Record<string, string> };
        const back = Object.entries(wire.data).map(([name, value]) => decodeRecord({ key: name, value }));
        expect(back).to.deep.equal(records.map((value) => ({ ok: true, value })));
      }),
      { numRuns: 100 },
    );
  });

  it('keeps a value exactly, from the smallest to the largest', () => {
    for (const value of [
      0,
      0.1,
      0.7,
      1e-12,
      5e-324,
      123_456_789.123_456_79,
      2 ** 53 - 1,
      9_223_372_036_854_774,
    ]) {
      const back = decodeRecord(encodeRecord({ state: 'valid', key, query, point: { ...point, value } }));
      expect(back).to.have.nested.property('value.point.value', value);
    }
  });
});

describe('a damaged entry', () => {
  const good = fieldsOf({ state: 'valid', key, query, point });
  const damaged: readonly (readonly [string, string, RegExp])[] = [
    ['no JSON', '{', /JSON object/],
    ['nothing', '', /JSON object/],
    ['a list', '[]', /JSON object/],
    ['null', 'null', /JSON object/],
    ['a text', '"x"', /JSON object/],
    ['no namespace', JSON.stringify({ ...good, namespace: undefined }), /no namespace/],
    ['an empty namespace', JSON.stringify({ ...good, namespace: '' }), /no namespace/],
    ['a namespace that is two', JSON.stringify({ ...good, namespace: 'a/b' }), /no namespace/],
    ['a namespace that is a number', JSON.stringify({ ...good, namespace: 5 }), /no namespace/],
    ['no metric', JSON.stringify({ ...good, metric: null }), /no metric/],
    [
      'a selector that cannot be read',
      JSON.stringify({ ...good, selector: 'a in (' }),
      /unreadable selector/,
    ],
    ['no state', JSON.stringify({ ...good, state: undefined }), /no state/],
    ['an unknown state', JSON.stringify({ ...good, state: 'great' }), /'pending', 'valid' or 'invalid'/],
    ['a valid state without a value', JSON.stringify({ ...good, value: undefined }), /no value/],
    ['a value that is a text', JSON.stringify({ ...good, value: '12' }), /cannot be served/],
    ['a value of null', JSON.stringify({ ...good, value: null }), /cannot be served/],
    ['a negative value', JSON.stringify({ ...good, value: -1 }), /cannot be served/],
    ['a value out of range', JSON.stringify({ ...good, value: 1e21 }), /cannot be served/],
    [
      'an infinite value',
      '{"metric":"m","namespace":"n","state":"valid","value":1e999,"observedAt":"2026-01-01T00:00:00Z"}',
      /cannot be served/,
    ],
    ['a value without a time', JSON.stringify({ ...good, observedAt: undefined }), /without the time/],
    [
      'a value with a time that is none',
      JSON.stringify({ ...good, observedAt: 'yesterday' }),
      /without the time/,
    ],
    ['a value with a time that is a number', JSON.stringify({ ...good, observedAt: 5 }), /without the time/],
    ['an invalid state without a reason', JSON.stringify({ ...good, state: 'invalid' }), /known reason/],
    [
      'an invalid state with an unknown reason',
      JSON.stringify({ ...good, state: 'invalid', reason: 'toString' }),
      /known reason/,
    ],
  ];
  for (const [title, value, expected] of damaged) {
    it(`with ${title} is named and not taken`, () => {
      const decoded = decodeRecord({ key: 'metric.x', value });
      expect(decoded).to.have.property('ok', false);
      expect(decoded).to.have.property('error').that.matches(expected);
    });
  }

  it('never throws and never yields a number that must not be served, whatever is in it', () => {
    const anyFields = fc.record(
      {
        metric: fc.anything(),
        namespace: fc.anything(),
        selector: fc.anything(),
        query: fc.anything(),
        state: fc.constantFrom('valid', 'invalid', 'pending', 5, null),
        value: fc.oneof(fc.double(), fc.anything()),
        observedAt: fc.oneof(fc.constant('2026-01-01T00:00:00Z'), fc.anything()),
        reason: fc.oneof(fc.constantFrom(...invalidReasons), fc.anything()),
      },
      { requiredKeys: [] },
    );
    const value = fc.oneof(
      fc.string(),
      fc.json(),
      anyFields.map((fields) =>
        JSON.stringify({ ...good, ...fields }, (_, one: unknown) =>
          typeof one === 'bigint' ? String(one) : one,
        ),
      ),
    );
    fc.assert(
      fc.property(value, (text) => {
        const decoded = decodeRecord({ key: 'metric.x', value: text });
        if (decoded.ok && decoded.value.state === 'valid')
          expect(decoded.value.point.value).to.be.within(0, 1e16);
        if (!decoded.ok) expect(decoded.error).to.be.a('string').with.length.above(0);
      }),
      { numRuns: 1_000 },
    );
  });

  it('may be written by hand with less: selector, query and detail can be left out', () => {
    expect(
      decodeRecord({ key: 'metric.x', value: '{"metric":"m","namespace":"n","state":"pending"}' }),
    ).to.deep.equal({
      ok: true,
      value: { state: 'pending', key: { namespace: 'n', name: 'm', selector: [] }, query: undefined },
    });
    expect(
      decodeRecord({
        key: 'metric.x',
        value: '{"metric":"m","namespace":"n","state":"invalid","reason":"stale"}',
      }),
    ).to.have.nested.property('value.detail', '');
  });
});

describe('keys of a ConfigMap', () => {
  it('are ours or not by their beginning', () => {
    expect(
      ['metric.a.b.c', 'external_metric-shop-web-orders', 'notes', 'Metric.a', ''].map(isRecordKey),
    ).to.deep.equal([true, false, false, false, false]);
  });
});
