import { expect } from 'chai';
import fc from 'fast-check';
import {
  futureToleranceMs,
  type HeldRecord,
  largestValue,
  lastPointOf,
  type MetricKey,
  type MetricRecord,
  metricId,
  pointAgeMs,
  valueProblem,
} from '../../../core/metric.js';
import { canonicalSelector } from '../../../core/selector.js';
import { FakeClock } from '../../fake-clock.js';
import { record, selector } from './arbitrary.js';

const key: MetricKey = { namespace: 'shop', name: 'orders.Waiting', selector: [] };

describe('the identity of a metric', () => {
  it('is namespace, name in lower case, and canonical selector', () => {
    expect(metricId({ ...key, selector: [{ operator: 'in', key: 'Queue', values: ['Jobs'] }] })).to.equal(
      'shop/orders.waiting?Queue=Jobs',
    );
  });

  it('is equal for two keys exactly when both ask the same question', () => {
    const name = fc.string({
      unit: fc.constantFrom('a', 'A', 'b', '-', '/', '?', '=', ',', ' '),
      minLength: 1,
      maxLength: 4,
    });
    const anyKey = fc.record({ namespace: fc.constantFrom('a', 'a-b', 'b', 'b-a'), name, selector });
    const pair = fc.oneof(
      fc.tuple(anyKey, anyKey),
      fc
        .tuple(anyKey, anyKey)
        .map(([one, other]): [MetricKey, MetricKey] => [one, { ...other, name: one.name.toUpperCase() }]),
      fc
        .tuple(anyKey, anyKey)
        .map(([one, other]): [MetricKey, MetricKey] => [one, { ...one, selector: other.selector }]),
      anyKey.map((one): [MetricKey, MetricKey] => [one, { ...one, name: one.name.toLowerCase() }]),
    );
    fc.assert(
      fc.property(pair, ([one, other]) => {
        const isSame =
          one.namespace === other.namespace &&
          one.name.toLowerCase() === other.name.toLowerCase() &&
          canonicalSelector(one.selector) === canonicalSelector(other.selector);
        expect(metricId(one) === metricId(other)).to.equal(isSame);
      }),
      { numRuns: 2_000 },
    );
  });

  it('tells a-b/c from a/b-c, and a question mark in a name from the selector', () => {
    expect(metricId({ namespace: 'a-b', name: 'c', selector: [] })).to.not.equal(
      metricId({ namespace: 'a', name: 'b-c', selector: [] }),
    );
    const bare: MetricKey = {
      namespace: 'n',
      name: 'm',
      selector: [{ operator: 'in', key: 'a', values: ['b'] }],
    };
    expect(metricId(bare)).to.not.equal(metricId({ namespace: 'n', name: 'm?a=b', selector: [] }));
  });

  it('tells selectors apart that only look alike', () => {
    const selectors = [
      [],
      [{ operator: 'exists', key: 'a' }],
      [{ operator: 'doesNotExist', key: 'a' }],
      [{ operator: 'in', key: 'a', values: [''] }],
      [{ operator: 'notIn', key: 'a', values: [''] }],
      [{ operator: 'in', key: 'a', values: ['b'] }],
      [{ operator: 'in', key: 'a', values: ['B'] }],
      [{ operator: 'in', key: 'A', values: ['b'] }],
      [{ operator: 'in', key: 'a', values: ['', 'b'] }],
      [{ operator: 'notIn', key: 'a', values: ['b'] }],
      [{ operator: 'gt', key: 'a', value: '1' }],
      [{ operator: 'lt', key: 'a', value: '1' }],
    ] as const;
    expect(new Set(selectors.map((one) => metricId({ ...key, selector: one })))).to.have.property(
      'size',
      selectors.length,
    );
  });
});

describe('the last point of a record', () => {
  const point = { value: 5, observedAtMs: 1_000 };
  const cases: readonly (readonly [string, MetricRecord, typeof point | undefined])[] = [
    ['none while pending', { state: 'pending', key, query: 'q' }, undefined],
    ['the point of a valid one', { state: 'valid', key, query: 'q', point }, point],
    [
      'none of an invalid one that never had one',
      { state: 'invalid', key, query: 'q', reason: 'no_series', detail: '' },
      undefined,
    ],
    [
      'the last of an invalid one',
      { state: 'invalid', key, query: 'q', reason: 'stale', detail: '', lastPoint: point },
      point,
    ],
  ];
  for (const [title, one, expected] of cases)
    it(`is ${title}`, () => expect(lastPointOf(one)).to.equal(expected));
});

describe('the age of a held point', () => {
  function held(clock: FakeClock, ageMs: number): HeldRecord {
    const point = { value: 1, observedAtMs: clock.nowMs() - ageMs };
    return {
      record: { state: 'valid', key, query: 'q', point },
      ageOnArrivalMs: ageMs,
      arrivedAtMonotonicMs: clock.monotonicMs(),
    };
  }

  it('grows with time', async () => {
    const clock = new FakeClock();
    const one = held(clock, 30_000);
    expect(pointAgeMs(one, clock)).to.equal(30_000);
    await clock.advance(45_000);
    expect(pointAgeMs(one, clock)).to.equal(75_000);
  });

  it('does not shrink when the wall clock is set back', async () => {
    const clock = new FakeClock();
    const one = held(clock, 30_000);
    clock.stepWall(-3_600_000);
    expect(pointAgeMs(one, clock)).to.equal(30_000);
    await clock.advance(70_000);
    expect(pointAgeMs(one, clock)).to.equal(100_000);
  });

  it('follows the wall clock forward, so that a machine that slept serves nothing old', () => {
    const clock = new FakeClock();
    const one = held(clock, 30_000);
    clock.stepWall(3_600_000);
    expect(pointAgeMs(one, clock)).to.equal(3_630_000);
  });

  it('is negative for a point of the future', () => {
    const clock = new FakeClock();
    expect(pointAgeMs(held(clock, -4_000), clock)).to.equal(-4_000);
  });

  it('is not known without a point', () => {
    const clock = new FakeClock();
    const one: HeldRecord = {
      record: { state: 'pending', key, query: 'q' },
      ageOnArrivalMs: 0,
      arrivedAtMonotonicMs: 0,
    };
    expect(pointAgeMs(one, clock)).to.equal(undefined);
  });

  it('never shrinks, whatever steps the wall clock makes', async () => {
    const moves = fc.array(fc.record({ step: fc.integer({ min: -1e7, max: 1e7 }), pass: fc.nat(1e5) }), {
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(moves, fc.integer({ min: -5_000, max: 90_000 }), async (all, ageMs) => {
        const clock = new FakeClock();
        const one = held(clock, ageMs);
        let elapsedMs = 0;
        for (const { step, pass } of all) {
          clock.stepWall(step);
          await clock.advance(pass);
          elapsedMs += pass;
          expect(pointAgeMs(one, clock)).to.be.at.least(ageMs + elapsedMs);
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe('a value', () => {
  const cases: readonly (readonly [number, string | undefined])[] = [
    [0, undefined],
    [-0, undefined],
    [0.7, undefined],
    [1e-12, undefined],
    [Number.MIN_VALUE, undefined],
    [largestValue, undefined],
    [Number.NaN, 'not_a_number'],
    [Number.POSITIVE_INFINITY, 'infinite'],
    [Number.NEGATIVE_INFINITY, 'infinite'],
    [-1, 'negative'],
    [-Number.MIN_VALUE, 'negative'],
    [largestValue * 1.001, 'out_of_range'],
    [1e21, 'out_of_range'],
    [Number.MAX_VALUE, 'out_of_range'],
  ];
  for (const [value, expected] of cases) {
    it(`${Object.is(value, -0) ? '-0' : value} is ${expected ?? 'servable'}`, () =>
      expect(valueProblem(value)).to.equal(expected));
  }

  it('that may be served fits the 64-bit milli-units that the HPA controller reads', () => {
    fc.assert(
      fc.property(fc.double(), (value) => {
        if (valueProblem(value) !== undefined) return;
        const milli = BigInt(Math.floor(value)) * 1000n + 1000n;
        expect(milli <= 2n ** 63n - 1n && value >= 0).to.equal(true);
      }),
    );
  });

  it('may lie a little ahead of our clock', () => {
    expect(futureToleranceMs).to.be.within(1_000, 30_000);
  });

  it('of every generated record is one that may be served, so that the other tests mean something', () => {
    fc.assert(
      fc.property(record, (one) => {
        const point = lastPointOf(one);
        expect(point === undefined ? undefined : valueProblem(point.value)).to.equal(undefined);
      }),
    );
  });
});
