import { expect } from 'chai';
import fc from 'fast-check';
import { type BatchLimits, toBatches } from '../../../provider/batch.js';
import type { DatadogQuery } from '../../../provider/query.js';

const limits: BatchLimits = { maxQueries: 35, maxUrlLength: 7_000 };

/** The URL that the SDK asks, as `URL` would write it, and with a host name that is longer than any of Datadog's sites. */
function realUrl(batch: readonly string[]): string {
  const url = new URL(`https://api.${'very-long-company-proxy.'.repeat(6)}example.com/api/v1/query`);
  url.searchParams.set('from', '1790000000');
  url.searchParams.set('to', '1790000300');
  url.searchParams.set('query', batch.join(','));
  return url.href;
}

function queries(count: number, length = 40): DatadogQuery[] {
  return Array.from(
    { length: count },
    (_, index) => `avg:m${index}{${'t'.repeat(length)}}.rollup(30)` as DatadogQuery,
  );
}

const overlong = (name = 'long'): DatadogQuery =>
  `avg:${name}{${'a:b,'.repeat(2_000)}}.rollup(30)` as DatadogQuery;

describe('batches', () => {
  it('are none for no query', () => {
    expect(toBatches([], limits)).to.deep.equal({ batches: [], oversized: new Map() });
  });

  it('hold at most 35 queries each, in order', () => {
    const all = queries(71, 4);
    const { batches } = toBatches(all, limits);
    expect(batches.map((batch) => batch.length)).to.deep.equal([35, 35, 1]);
    expect(batches.flat()).to.deep.equal(all);
  });

  it('hold fewer where the URL would become too long', () => {
    const { batches } = toBatches(queries(35, 400), limits);
    expect(batches.length).to.be.above(1);
    for (const batch of batches) expect(realUrl(batch).length).to.be.at.most(7_000);
  });

  it('use their room: two neighbours would not have fitted into one', () => {
    const { batches } = toBatches(queries(200, 300), limits);
    for (const [index, batch] of batches.slice(1).entries()) {
      const first = batch[0] as DatadogQuery;
      expect(realUrl([...(batches[index] ?? []), first]).length + 300).to.be.above(7_000);
    }
  });

  const places: readonly (readonly [string, (all: DatadogQuery[]) => DatadogQuery[]])[] = [
    ['first', (all) => [overlong(), ...all]],
    ['in the middle', (all) => [...all.slice(0, 20), overlong(), ...all.slice(20)]],
    ['last', (all) => [...all, overlong()]],
    [
      'first, in the middle and last',
      (all) => [overlong('x'), ...all.slice(0, 20), overlong('y'), ...all.slice(20), overlong('z')],
    ],
  ];
  for (const [place, arrange] of places) {
    it(`set aside an overlong query that comes ${place}, and keep all others`, () => {
      const others = queries(40);
      const { batches, oversized } = toBatches(arrange(others), limits);
      expect(batches.flat()).to.deep.equal(others);
      expect(batches.map((batch) => batch.length)).to.deep.equal([35, 5]);
      expect([...oversized.keys()].every((query) => query.length > 7_000)).to.equal(true);
      for (const length of oversized.values()) expect(length).to.be.above(7_000);
    });
  }

  it('are none when all queries are overlong', () => {
    const { batches, oversized } = toBatches([overlong('x'), overlong('y')], limits);
    expect(batches).to.deep.equal([]);
    expect(oversized.size).to.equal(2);
  });

  it('count characters as the URL holds them: an escape is three', () => {
    const braces = `avg:m{${'{'.repeat(2_300)}}` as DatadogQuery;
    expect(braces.length).to.be.below(2_400);
    expect(toBatches([braces], limits).oversized.has(braces)).to.equal(true);
    const accents = `avg:m{${'é'.repeat(1_200)}}` as DatadogQuery;
    expect(toBatches([accents], limits).oversized.has(accents)).to.equal(true);
  });

  it('hold each query in exactly one batch or set aside, within both limits, for any queries', () => {
    const text = fc.oneof(
      { weight: 8, arbitrary: fc.string({ minLength: 1, maxLength: 300, unit: 'binary' }) },
      { weight: 2, arbitrary: fc.string({ minLength: 500, maxLength: 3_000, unit: 'grapheme-ascii' }) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          'x'.repeat(6_600),
          'x'.repeat(6_800),
          'x'.repeat(7_000),
          '{'.repeat(2_400),
        ),
      },
    );
    const anyLimits = fc.record({
      maxQueries: fc.integer({ min: 1, max: 35 }),
      maxUrlLength: fc.integer({ min: 1_000, max: 7_000 }),
    });
    fc.assert(
      fc.property(fc.uniqueArray(text, { maxLength: 80 }), anyLimits, (texts, own) => {
        const all = texts as DatadogQuery[];
        const { batches, oversized } = toBatches(all, own);
        const placed = batches.flat();
        expect([...placed, ...oversized.keys()].sort()).to.deep.equal([...all].sort());
        expect(placed).to.deep.equal(all.filter((query) => !oversized.has(query)));
        for (const batch of batches) {
          expect(batch.length).to.be.within(1, own.maxQueries);
          expect(realUrl(batch).length).to.be.at.most(own.maxUrlLength);
        }
        for (const [query, length] of oversized) {
          expect(length).to.be.above(own.maxUrlLength);
          expect(realUrl([query]).length + 300).to.be.above(own.maxUrlLength);
        }
      }),
      { numRuns: 300 },
    );
  });
});
