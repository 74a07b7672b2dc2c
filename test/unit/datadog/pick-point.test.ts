import { expect } from 'chai';
import fc from 'fast-check';
import { type PointList, pickPoint } from '../../../datadog/pick-point.js';
import { encodeRecord } from '../../../metricsstore/codec.js';
import { judge } from '../../../provider/judge.js';
import type { DatadogQuery } from '../../../provider/query.js';

const value = (points: PointList): unknown => {
  const picked = pickPoint(points);
  return picked.kind === 'point'
    ? [picked.point.observedAtMs, picked.point.value]
    : `${picked.kind} ${picked.count}`;
};

describe('the point that is picked', () => {
  const table: readonly (readonly [string, PointList, unknown])[] = [
    [
      'the newest but one',
      [
        [1_000, 1],
        [2_000, 2],
        [3_000, 3],
      ],
      [2_000, 2],
    ],
    [
      'the older of two',
      [
        [1_000, 1],
        [2_000, 2],
      ],
      [1_000, 1],
    ],
    ['the only one', [[1_000, 1]], [1_000, 1]],
    [
      'the only one among nulls',
      [
        [1_000, null],
        [2_000, 2],
        [3_000, null],
      ],
      [2_000, 2],
    ],
    [
      'the newest but one that is not null',
      [
        [1_000, 1],
        [2_000, null],
        [3_000, 3],
        [4_000, null],
      ],
      [1_000, 1],
    ],
    [
      'by time, not by place',
      [
        [3_000, 3],
        [1_000, 1],
        [2_000, 2],
      ],
      [2_000, 2],
    ],
    [
      'zero, which is a value',
      [
        [1_000, 0],
        [2_000, 5],
      ],
      [1_000, 0],
    ],
    [
      'a negative value, unjudged',
      [
        [1_000, -7],
        [2_000, 5],
      ],
      [1_000, -7],
    ],
    ['none of nothing', [], 'only_nulls 0'],
    [
      'none of nulls',
      [
        [1_000, null],
        [2_000, null],
      ],
      'only_nulls 2',
    ],
    ['none of missing values', [[1_000, undefined]], 'only_nulls 1'],
    [
      'NaN for a text',
      [
        [1_000, 'NaN'],
        [2_000, 1],
      ],
      [1_000, Number.NaN],
    ],
    [
      'NaN for an object',
      [
        [1_000, {}],
        [2_000, 1],
      ],
      [1_000, Number.NaN],
    ],
    [
      'infinity, unjudged',
      [
        [1_000, Number.POSITIVE_INFINITY],
        [2_000, 1],
      ],
      [1_000, Number.POSITIVE_INFINITY],
    ],
    [
      'NaN for a number that stands for it',
      [
        [1_000, -Number.MIN_VALUE],
        [2_000, 1],
      ],
      [1_000, Number.NaN],
    ],
    ['none of a point whose time is a text', [['1000', 1]], 'only_nulls 1'],
  ];
  for (const [title, points, expected] of table)
    it(`is ${title}`, () => expect(value(points)).to.deep.equal(expected));

  it('is one of two of the same instant', () => {
    expect(
      value([
        [1_000, 1],
        [1_000, 2],
      ]),
    ).to.be.deep.oneOf([
      [1_000, 1],
      [1_000, 2],
    ]);
  });

  const time = fc.oneof(
    fc.integer({ min: 0, max: 10 }),
    fc.double({ noNaN: true }),
    fc.constantFrom(Number.NaN, 1e300, -1e300, null, 'x'),
  );
  const anyValue = fc.oneof(fc.double(), fc.constantFrom(null, undefined, 'NaN', 'x', {}), fc.nat(5));
  const pointList = fc.array(fc.tuple(time, anyValue), { maxLength: 8 });

  it('does not depend on the order, for points of different instants', () => {
    const distinct = fc.uniqueArray(
      fc.tuple(fc.integer({ min: 0, max: 2e12 }), fc.option(fc.double({ min: 0 }))),
      { selector: ([at]) => at, maxLength: 8 },
    );
    fc.assert(
      fc.property(distinct, (points) => {
        const sorted = [...points].sort(([a], [b]) => a - b);
        expect(value(sorted)).to.deep.equal(value(points));
        const real = sorted.filter(([, one]) => one !== null);
        const expected = real.at(-2) ?? real.at(-1);
        expect(value(points)).to.deep.equal(expected ?? `only_nulls ${points.length}`);
      }),
    );
  });

  it('is for any pointlist one of its points, with a number and a time that a calendar knows, or none', () => {
    fc.assert(
      fc.property(pointList, (points) => {
        const picked = pickPoint(points);
        if (picked.kind === 'only_nulls') {
          expect(picked.count).to.equal(points.length);
          return;
        }
        const { observedAtMs } = picked.point;
        expect(picked.point.value).to.be.a('number');
        expect(points.some(([at]) => at === observedAtMs)).to.equal(true);
        expect(Number.isNaN(new Date(observedAtMs).getTime()), `time ${observedAtMs}`).to.equal(false);
      }),
      { numRuns: 1_000 },
    );
  });

  it('can be judged and written down, whatever Datadog sent', () => {
    const key = { namespace: 'shop', name: 'orders', selector: [] };
    const want = { id: 'x' as never, key, ask: { kind: 'query', query: 'q' as DatadogQuery } } as const;
    fc.assert(
      fc.property(pointList, (points) => {
        const picked = pickPoint(points);
        const reading =
          picked.kind === 'point' ? picked : ({ kind: 'none', reason: 'only_nulls', detail: '' } as const);
        const judged = judge(want, undefined, { kind: 'read', reading }, { nowMs: 1e12, maxAgeMs: 90_000 });
        expect(encodeRecord(judged).value).to.be.a('string');
      }),
      { numRuns: 1_000 },
    );
  });

  it('survives a point that is none', () => {
    const points = JSON.parse('[null, [1000, 1], 5, [2000, 2], {}]') as PointList;
    expect(value(points)).to.deep.equal([1_000, 1]);
  });
});
