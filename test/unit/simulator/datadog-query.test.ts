import { expect } from 'chai';
import fc from 'fast-check';
import { type MetricQuery, parseQuery, renderQuery, splitQueries } from '../../../simulator/datadog-query.js';

function queryOf(text: string): MetricQuery {
  const parsed = parseQuery(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

function errorOf(text: string): string {
  const parsed = parseQuery(text);
  return parsed.ok ? 'no error' : parsed.error;
}

describe('simulator/datadog-query', () => {
  it('splits a batch at its top-level commas only', () => {
    expect(splitQueries('avg:a{x:1,y:2}.rollup(avg, 30),sum:b{z IN (1,2)} by {h,i}, max:c{*}')).to.deep.equal(
      ['avg:a{x:1,y:2}.rollup(avg, 30)', 'sum:b{z IN (1,2)} by {h,i}', 'max:c{*}'],
    );
    expect(splitQueries('')).to.deep.equal(['']);
  });

  it('reads what a cluster agent sends', () => {
    expect(queryOf('avg:nginx.net.request_per_s{kube_container_name:nginx}.rollup(30)')).to.deep.equal({
      aggregator: 'avg',
      metric: 'nginx.net.request_per_s',
      filter: { kind: 'tag', tag: 'kube_container_name:nginx' },
      groupBy: [],
      rollup: { method: undefined, seconds: 30 },
    });
  });

  it('reads a query without aggregator, grouping or rollup', () => {
    expect(queryOf('system.cpu.idle{*}')).to.deep.equal({
      aggregator: undefined,
      metric: 'system.cpu.idle',
      filter: { kind: 'all' },
      groupBy: [],
      rollup: undefined,
    });
  });

  for (const [text, rollup] of [
    ['max:a{*}.rollup(max)', { method: 'max', seconds: undefined }],
    ['max:a{*}.rollup(count, 60)', { method: 'count', seconds: 60 }],
    ['max:a{*} by {host, env}.rollup(sum,120)', { method: 'sum', seconds: 120 }],
  ] as const) {
    it(`reads the rollup of ${text}`, () => {
      expect(queryOf(text).rollup).to.deep.equal(rollup);
    });
  }

  it('reads the tags of a grouping', () => {
    expect(queryOf('max:a{*}by{host,availability-zone}').groupBy).to.deep.equal([
      'host',
      'availability-zone',
    ]);
  });

  it('says what Datadog says of a query that it cannot read', () => {
    expect(errorOf('avg:datadogmetric@dev:fpm-processes{*}.rollup(30)')).to.equal(
      'Error parsing query: unable to parse avg:datadogmetric@dev:fpm-processes{*}.rollup(30): ' +
        "Rule 'scope_expr' didn't match at '@dev:fpm-processes{*' (line 1, column 18).",
    );
  });

  it('says what Datadog says of symbols beside words', () => {
    expect(errorOf('avg:system.load.1{service:test AND !host:123}')).to.equal(
      "Error parsing query: 'AND' and 'OR' cannot be mixed with ','",
    );
  });

  for (const [text, column] of [
    ['', 1],
    ['avg:', 5],
    ['avg:a', 6],
    ['avg:a{}', 7],
    ['avg:a{x:1', 6],
    ['p95:a{*}', 4],
    ['avg:a{x:1 y:2}', 11],
    ['avg:a{*}.rollup(0)', 9],
    ['avg:a{*}.rollup(30, avg)', 9],
    ['avg:a{*}.as_count()', 9],
    ['avg:a{*} by {}', 9],
    ['avg:a{*} + avg:b{*}', 9],
    ['default_zero(avg:a{*})', 13],
  ] as const) {
    it(`names the column of the trouble in '${text}'`, () => {
      expect(errorOf(text)).to.contain(`unable to parse ${text}:`).and.contain(`(line 1, column ${column}).`);
    });
  }

  it('gives back any query that it rendered, alone and in a batch', () => {
    fc.assert(
      fc.property(fc.array(queries, { minLength: 1, maxLength: 5 }), (batch) => {
        const texts = splitQueries(batch.map(renderQuery).join(','));
        expect(texts.map(parseQuery)).to.deep.equal(batch.map((value) => ({ ok: true, value })));
      }),
    );
  });

  it('never throws, whatever the text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        for (const part of splitQueries(text)) parseQuery(part);
      }),
    );
  });
});

const names = fc.stringMatching(/^[a-z][a-z0-9_.]{0,12}$/);
const tags = fc.stringMatching(/^[b-z]{1,5}:[a-z0-9*-]{1,6}$/);

const queries: fc.Arbitrary<MetricQuery> = fc.record({
  aggregator: fc.constantFrom('avg', 'sum', 'max', 'min', undefined),
  metric: names,
  filter: fc.oneof(
    fc.constant({ kind: 'all' } as const),
    tags.map((tag) => ({ kind: 'tag', tag }) as const),
    fc
      .uniqueArray(tags, { minLength: 2, maxLength: 4 })
      .map((all) => ({ kind: 'and', of: all.map((tag) => ({ kind: 'tag', tag }) as const) }) as const),
  ),
  groupBy: fc.uniqueArray(fc.constantFrom('host', 'env', 'kube_namespace'), { maxLength: 3 }),
  rollup: fc.oneof(
    fc.constant(undefined),
    fc.record({
      method: fc.constantFrom('avg', 'count', undefined),
      seconds: fc.integer({ min: 1, max: 86_400 }),
    }),
    fc.constant({ method: 'sum', seconds: undefined } as const),
  ),
});
