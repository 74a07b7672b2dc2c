import { expect } from 'chai';
import fc from 'fast-check';
import { Fault } from '../../../core/fault.js';
import {
  futureToleranceMs,
  lastPointOf,
  type MetricRecord,
  metricId,
  valueProblem,
} from '../../../core/metric.js';
import { decodeRecord, encodeRecord } from '../../../metricsstore/codec.js';
import { effectiveMaxAgeMs, judge } from '../../../provider/judge.js';
import type { DatadogQuery } from '../../../provider/query.js';
import type { Outcome } from '../../../provider/reading.js';
import type { Want } from '../../../provider/wants.js';
import { record } from '../core/arbitrary.js';

const nowMs = Date.UTC(2026, 5, 1);
const judging = { nowMs, maxAgeMs: 90_000 };
const key = { namespace: 'shop', name: 'orders', selector: [] };
const query = 'avg:orders{*}.rollup(30)' as DatadogQuery;
const want: Want = { id: metricId(key), key, ask: { kind: 'query', query } };
const at = (value: number, ageMs: number) => ({ value, observedAtMs: nowMs - ageMs });
const read = (value: number, ageMs = 45_000): Outcome => ({
  kind: 'read',
  reading: { kind: 'point', point: at(value, ageMs) },
});
const failed = (code: Fault['code'], message = 'why'): Outcome => ({
  kind: 'failed',
  fault: new Fault(code, message),
});
const valid = (ageMs: number, ownQuery: string | undefined = query): MetricRecord => ({
  state: 'valid',
  key,
  query: ownQuery,
  point: at(7, ageMs),
});
const pending: MetricRecord = { state: 'pending', key, query };

describe('judging a point', () => {
  it('makes a fresh servable one valid, with the query and no trouble', () => {
    expect(judge(want, pending, read(5), judging)).to.deep.equal({
      state: 'valid',
      key,
      query,
      point: at(5, 45_000),
    });
  });

  it('serves zero as zero, and minus zero too', () => {
    const judged = judge(want, undefined, read(-0), judging);
    expect(judged.state === 'valid' && Object.is(judged.point.value, 0)).to.equal(true);
  });

  it('takes a point of exactly the greatest age, and none that is older', () => {
    expect(judge(want, undefined, read(5, 90_000), judging).state).to.equal('valid');
    expect(judge(want, undefined, read(5, 90_001), judging)).to.deep.include({
      state: 'invalid',
      reason: 'stale',
      lastPoint: at(5, 90_001),
    });
  });

  it("takes a point a little ahead of this replica's clock, and none further", () => {
    expect(judge(want, undefined, read(5, -futureToleranceMs), judging).state).to.equal('valid');
    const future = judge(want, valid(60_000), read(5, -60_000), judging);
    expect(future).to.deep.include({ state: 'invalid', reason: 'future', lastPoint: at(7, 60_000) });
    expect(future).to.have.property('detail').that.contains('60 s ahead');
  });

  const bad: readonly (readonly [number, string])[] = [
    [Number.NaN, 'not_a_number'],
    [Number.POSITIVE_INFINITY, 'infinite'],
    [Number.NEGATIVE_INFINITY, 'infinite'],
    [-0.001, 'negative'],
    [1e21, 'out_of_range'],
  ];
  for (const [value, reason] of bad) {
    it(`refuses ${value} as ${reason}, says what was seen, and keeps the last good point for its age`, () => {
      const judged = judge(want, valid(75_000), read(value), judging);
      expect(judged).to.deep.include({ state: 'invalid', reason, query, lastPoint: at(7, 75_000) });
      expect(judged).to.have.property('detail').that.contains(String(value));
    });
  }
});

describe('judging an answer without a point', () => {
  for (const reason of ['no_series', 'several_series', 'only_nulls'] as const) {
    it(`counts ${reason} at once, though a good point was known`, () => {
      const outcome: Outcome = { kind: 'read', reading: { kind: 'none', reason, detail: 'seen' } };
      expect(judge(want, valid(10_000), outcome, judging)).to.deep.equal({
        state: 'invalid',
        key,
        query,
        reason,
        detail: 'seen',
        lastPoint: at(7, 10_000),
      });
    });
  }

  it('counts a refusal of the query, in the words of Datadog', () => {
    expect(judge(want, undefined, failed('datadog.rejected', 'cannot parse'), judging)).to.deep.equal({
      state: 'invalid',
      key,
      query,
      reason: 'rejected',
      detail: 'cannot parse',
    });
  });

  it('says of an overlong query how long it is and what to do', () => {
    const judged = judge(
      want,
      undefined,
      { kind: 'oversized', urlLength: 8_123, maxUrlLength: 7_000 },
      judging,
    );
    expect(judged).to.include({ state: 'invalid', reason: 'unaskable' });
    expect(judged)
      .to.have.property('detail')
      .that.matches(/8123.*7000.*shorten/);
  });
});

describe('judging after trouble on the way', () => {
  for (const code of ['datadog.unreachable', 'datadog.rate_limited', 'datadog.denied'] as const) {
    it(`keeps the last point on ${code}, naming the trouble`, () => {
      expect(judge(want, valid(60_000), failed(code), judging)).to.deep.equal({
        ...valid(60_000),
        trouble: 'why',
      });
    });

    it(`makes the last point stale on ${code} when it has become too old, naming the trouble`, () => {
      expect(judge(want, valid(90_001), failed(code), judging)).to.deep.equal({
        state: 'invalid',
        key,
        query,
        reason: 'stale',
        detail: 'why',
        lastPoint: at(7, 90_001),
      });
    });

    it(`stays pending on ${code} when nothing was known yet, naming the trouble`, () => {
      for (const before of [undefined, pending]) {
        expect(judge(want, before, failed(code), judging)).to.deep.equal({
          state: 'pending',
          key,
          query,
          trouble: 'why',
        });
      }
    });
  }

  it('leaves what was invalid as it was', () => {
    const before: MetricRecord = { state: 'invalid', key, query, reason: 'no_series', detail: 'seen' };
    expect(judge(want, before, failed('datadog.unreachable'), judging)).to.equal(before);
  });

  it('forgets a trouble when an answer comes', () => {
    const before: MetricRecord = { state: 'valid', key, query, point: at(7, 60_000), trouble: 'why' };
    expect(judge(want, before, read(5), judging)).to.not.have.property('trouble');
  });
});

describe('judging what was not asked this time', () => {
  it('leaves a known record as it was, the same object', () => {
    const before = valid(60_000);
    expect(judge(want, before, undefined, judging)).to.equal(before);
  });

  it('makes a new want pending', () => {
    expect(judge(want, undefined, undefined, judging)).to.deep.equal({ state: 'pending', key, query });
  });

  it('does not use the point of another query', () => {
    const other = valid(10_000, 'avg:Orders{*}.rollup(30)');
    expect(judge(want, other, undefined, judging)).to.deep.equal({ state: 'pending', key, query });
    expect(judge(want, other, failed('datadog.unreachable'), judging)).to.deep.equal({
      state: 'pending',
      key,
      query,
      trouble: 'why',
    });
    expect(judge(want, other, read(Number.NaN), judging)).to.not.have.property('lastPoint');
  });

  it("uses a value of the original agent's, which names no query", () => {
    const originals: MetricRecord = { state: 'valid', key, query: undefined, point: at(7, 60_000) };
    expect(judge(want, originals, undefined, judging)).to.equal(originals);
    expect(judge(want, originals, failed('datadog.unreachable'), judging)).to.include({
      state: 'valid',
      trouble: 'why',
    });
  });

  it('says of a refused want why it is refused, whatever was known', () => {
    const refused: Want = { ...want, ask: { kind: 'refused', reason: 'ambiguous', detail: 'two spellings' } };
    for (const before of [undefined, valid(1_000)]) {
      for (const outcome of [undefined, read(5)]) {
        expect(judge(refused, before, outcome, judging)).to.deep.equal({
          state: 'invalid',
          key,
          query: undefined,
          reason: 'ambiguous',
          detail: 'two spellings',
        });
      }
    }
  });
});

describe('any judgement', () => {
  const point = fc.record({
    value: fc.oneof(fc.double(), fc.constantFrom(-0, -1, 1e16, Number.NaN)),
    observedAtMs: fc.oneof(
      fc.integer({ min: nowMs - 200_000, max: nowMs + 20_000 }),
      fc.integer({ min: 0, max: 2 * nowMs }),
      fc.integer({ min: -8.64e15, max: 8.64e15 }),
    ),
  });
  const reading = fc.oneof(
    point.map((one) => ({ kind: 'point' as const, point: one })),
    fc.record({
      kind: fc.constant('none' as const),
      reason: fc.constantFrom('no_series' as const, 'only_nulls' as const),
      detail: fc.string(),
    }),
  );
  const code = fc.constantFrom(
    'datadog.unreachable' as const,
    'datadog.rate_limited' as const,
    'datadog.rejected' as const,
    'datadog.denied' as const,
  );
  const outcome: fc.Arbitrary<Outcome> = fc.oneof(
    reading.map((one) => ({ kind: 'read' as const, reading: one })),
    code.map((one) => ({ kind: 'failed' as const, fault: new Fault(one, 'why') })),
    fc.constant({ kind: 'oversized' as const, urlLength: 8_000, maxUrlLength: 7_000 }),
  );
  const known = fc.oneof(
    fc.constant(undefined),
    fc
      .tuple(record, fc.constantFrom(query, undefined, 'other'))
      .map(([one, asked]): MetricRecord => ({ ...one, key, query: asked })),
    fc.integer({ min: 0, max: 200_000 }).map((ageMs) => valid(ageMs)),
  );

  it('never yields a valid record with a number that must not be served or an age over the bound', () => {
    fc.assert(
      fc.property(known, outcome, fc.integer({ min: 30_000, max: 300_000 }), (before, one, maxAgeMs) => {
        const judged = judge(want, before, one, { nowMs, maxAgeMs });
        expect(judged.key).to.equal(key);
        if (judged.state !== 'valid') return;
        expect(valueProblem(judged.point.value)).to.equal(undefined);
        expect(Object.is(judged.point.value, -0)).to.equal(false);
        expect(nowMs - judged.point.observedAtMs).to.be.at.most(maxAgeMs);
        expect(nowMs - judged.point.observedAtMs).to.be.at.least(
          one.kind === 'read' ? -futureToleranceMs : Number.NEGATIVE_INFINITY,
        );
      }),
      { numRuns: 2_000 },
    );
  });

  it('never keeps a last point that must not be served, and gives a reason whenever there is no value', () => {
    fc.assert(
      fc.property(known, outcome, (before, one) => {
        const judged = judge(want, before, one, judging);
        const last = lastPointOf(judged);
        expect(last === undefined ? undefined : valueProblem(last.value)).to.equal(undefined);
        if (judged.state === 'invalid') expect(judged.reason).to.be.a('string').with.length.above(3);
        if (judged.state === 'pending') expect(judged.trouble).to.equal('why');
      }),
      { numRuns: 1_000 },
    );
  });

  it('can be written down and read back', () => {
    fc.assert(
      fc.property(known, outcome, (before, one) => {
        const judged = judge(want, before, one, judging);
        expect(decodeRecord(encodeRecord(judged))).to.have.property('ok', true);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('the greatest age', () => {
  it('is the larger of the setting and three rollups', () => {
    expect(effectiveMaxAgeMs(90, 30)).to.equal(90_000);
    expect(effectiveMaxAgeMs(90, 60)).to.equal(180_000);
    expect(effectiveMaxAgeMs(120, 30)).to.equal(120_000);
  });
});
