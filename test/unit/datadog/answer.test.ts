import type { MetricsQueryResponse } from '@datadog/datadog-api-client/dist/packages/datadog-api-client-v1/models/MetricsQueryResponse.js';
import { expect } from 'chai';
import fc from 'fast-check';
import { readAnswer } from '../../../datadog/points.js';

interface Series {
  readonly queryIndex?: number | null;
  readonly expression?: string;
  readonly scope?: string;
  readonly pointlist?: readonly (readonly [number, number | null])[];
}

const series = (queryIndex: number | undefined, value = 1, more: Series = {}): Series => ({
  ...(queryIndex === undefined ? {} : { queryIndex }),
  pointlist: [
    [1_000, value],
    [2_000, 99],
  ],
  ...more,
});

function read(queries: readonly string[], answer: object | null) {
  return readAnswer(queries, answer as MetricsQueryResponse);
}

function readings(queries: readonly string[], all: readonly Series[]): Record<string, unknown> {
  const answer = read(queries, { status: 'ok', series: all });
  if (!answer.ok) throw answer.error;
  return Object.fromEntries(
    [...answer.value].map(([query, one]) => [query, one.kind === 'point' ? one.point.value : one.reason]),
  );
}

describe('an answer of the query API', () => {
  it('gives each query the point of its own series, by index', () => {
    expect(readings(['a', 'b', 'c'], [series(0, 1), series(1, 2), series(2, 3)])).to.deep.equal({
      a: 1,
      b: 2,
      c: 3,
    });
  });

  it('does so whatever the order of the series', () => {
    expect(readings(['a', 'b', 'c'], [series(2, 3), series(0, 1), series(1, 2)])).to.deep.equal({
      a: 1,
      b: 2,
      c: 3,
    });
  });

  it('leaves queries without a series out', () => {
    expect(readings(['a', 'b', 'c'], [series(1, 2)])).to.deep.equal({ b: 2 });
    expect(readings(['a'], [])).to.deep.equal({});
  });

  it('is unreadable with neither status nor series, as the SDK reads a web page or half a body', () => {
    for (const answer of [null, {}, { series: null }, { res_type: 'time_series' }]) {
      const result = read(['a', 'b'], answer);
      expect(result).to.have.nested.property('error.code', 'datadog.unreachable');
      expect(result).to.have.nested.property('error.message').that.includes('a body that cannot be read');
    }
  });

  it('gives no point where one query has several series, and names their scopes', () => {
    const answer = read(['a', 'b'], {
      status: 'ok',
      series: [series(0, 1, { scope: 'host:x' }), series(0, 2, { scope: 'host:y' }), series(1, 3)],
    });
    expect(answer.ok && answer.value.get('a')).to.include({ kind: 'none', reason: 'several_series' });
    expect(answer.ok && answer.value.get('a'))
      .to.have.property('detail')
      .that.matches(/2.*host:x.*host:y/);
    expect(answer.ok && answer.value.get('b')).to.have.nested.property('point.value', 3);
  });

  it('keeps the detail of a thousand series short', () => {
    const many = Array.from({ length: 1_000 }, (_, index) =>
      series(0, 1, { scope: `host:${'x'.repeat(500)}${index}` }),
    );
    const answer = read(['a'], { status: 'ok', series: many });
    expect(answer.ok && answer.value.get('a'))
      .to.have.property('detail')
      .that.satisfies((text: string) => text.length <= 300 && text.includes('1000'));
  });

  it('credits a series of no query to no query', () => {
    expect(readings(['a', 'b'], [series(7, 9), series(0, 1)])).to.deep.equal({ a: 1, b: 'no_series' });
    expect(readings(['a', 'b'], [series(-1, 9), series(1.5, 9)])).to.deep.equal({
      a: 'no_series',
      b: 'no_series',
    });
  });

  it('credits a series without an index to the only query, or to the one whose very text it bears', () => {
    expect(readings(['a'], [series(undefined, 5)])).to.deep.equal({ a: 5 });
    expect(readings(['a', 'b'], [series(undefined, 5, { expression: 'b' }), series(0, 1)])).to.deep.equal({
      a: 1,
      b: 5,
    });
    expect(readings(['a', 'b'], [series(undefined, 5, { expression: 'B' })])).to.deep.equal({
      a: 'no_series',
      b: 'no_series',
    });
    expect(readings(['a', 'b'], [series(undefined, 5)])).to.deep.equal({ a: 'no_series', b: 'no_series' });
  });

  it('counts a series of an index and one without as several, never as one of them', () => {
    expect(readings(['a'], [series(0, 1), series(undefined, 5)])).to.deep.equal({ a: 'several_series' });
  });

  it('says when all points are null', () => {
    const answer = read(['a'], {
      status: 'ok',
      series: [
        series(0, 1, {
          pointlist: [
            [1_000, null],
            [2_000, null],
          ],
        }),
      ],
    });
    expect(answer.ok && answer.value.get('a')).to.include({ kind: 'none', reason: 'only_nulls' });
    expect(answer.ok && answer.value.get('a'))
      .to.have.property('detail')
      .that.contains('2');
    expect(readings(['a'], [{ queryIndex: 0 }])).to.deep.equal({ a: 'only_nulls' });
  });

  const refusals: readonly (readonly [string, object, RegExp])[] = [
    [
      'a 200 with an error',
      { status: 'error', error: 'Parse error: unexpected }' },
      /Parse error: unexpected }/,
    ],
    [
      'a 200 with an error and status ok',
      { status: 'ok', error: 'bad query', series: [series(0)] },
      /bad query/,
    ],
    ['a 200 with another status', { status: 'error', series: [series(0)] }, /status error/],
  ];
  for (const [title, answer, expected] of refusals) {
    it(`takes ${title} for a refusal of the batch, in Datadog's words`, () => {
      const result = read(['a'], answer);
      expect(result).to.have.nested.property('error.code', 'datadog.rejected');
      expect(result).to.have.nested.property('error.message').that.matches(expected);
    });
  }

  it('takes a 200 whose body is no object for a Datadog out of order', () => {
    for (const body of [null, 'x' as unknown as object])
      expect(read(['a'], body)).to.have.nested.property('error.code', 'datadog.unreachable');
  });

  it('takes a mere "ok" for an answer without series', () => {
    expect(read(['a'], { status: 'ok' })).to.deep.equal({ ok: true, value: new Map() });
  });

  it('never credits a point to a query that did not produce it, for any shuffled, missing, doubled or stray series', () => {
    const index = fc.oneof(
      fc.integer({ min: 0, max: 5 }),
      fc.integer({ min: -2, max: 50 }),
      fc.constant(undefined),
    );
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 6 }), fc.array(index, { maxLength: 12 }), (count, indexes) => {
        const queries = Array.from({ length: count }, (_, at) => `q${at}`);
        const found = readings(
          queries,
          indexes.map((at, place) => series(at, at === undefined ? 1_000 + place : at)),
        );
        for (const [at, query] of queries.entries()) {
          const own = indexes.filter((one) => one === at).length;
          if (own === 1) expect(found[query]).to.equal(at);
          else if (own > 1) expect(found[query]).to.equal('several_series');
          else expect(found[query]).to.be.oneOf([undefined, 'no_series']);
        }
      }),
    );
  });
});
