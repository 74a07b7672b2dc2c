import { expect } from 'chai';
import fc from 'fast-check';
import type { MetricKey } from '../../../core/metric.js';
import { fromLabelSelector, type LabelSelector } from '../../../core/selector.js';
import { parseSelector } from '../../../core/selector-text.js';
import { type QueryOptions, toQuery } from '../../../provider/query.js';
import { metricKey } from '../core/arbitrary.js';

const options: QueryOptions = { aggregator: 'avg', rollupSeconds: 30 };

function key(selector: LabelSelector | undefined, name = 'orders.waiting'): MetricKey {
  const read = fromLabelSelector(selector);
  if (!read.ok) throw new Error(read.error);
  return { namespace: 'shop', name, selector: read.value };
}

function text(selector: LabelSelector | undefined, name?: string): string {
  const query = toQuery(key(selector, name), options);
  return query.ok ? query.value : `error: ${query.error}`;
}

const filter = (selector: LabelSelector | undefined): string =>
  /\{(.*)\}/.exec(text(selector))?.[1] ?? text(selector);

describe('a query', () => {
  it('is aggregator, metric, filter and rollup', () => {
    expect(text({ matchLabels: { queue: 'jobs' } })).to.equal('avg:orders.waiting{queue:jobs}.rollup(30)');
  });

  it('takes aggregator and rollup from the settings', () => {
    for (const aggregator of ['avg', 'sum', 'max', 'min'] as const) {
      const query = toQuery(key(undefined), { aggregator, rollupSeconds: 60 });
      expect(query).to.deep.equal({ ok: true, value: `${aggregator}:orders.waiting{*}.rollup(60)` });
    }
  });

  it('keeps the case of the metric name: Datadog knows it', () => {
    expect(text(undefined, 'Orders.Waiting_2')).to.equal('avg:Orders.Waiting_2{*}.rollup(30)');
  });

  const inSymbols: readonly (readonly [string, LabelSelector | undefined, string])[] = [
    ['no selector', undefined, '*'],
    ['an empty selector', {}, '*'],
    ['one label', { matchLabels: { queue: 'jobs' } }, 'queue:jobs'],
    ['labels, sorted', { matchLabels: { queue: 'jobs', env: 'prod' } }, 'env:prod,queue:jobs'],
    ['upper case, folded', { matchLabels: { Queue: 'Jobs-A' } }, 'queue:jobs-a'],
    ['tags sorted as they are written, after folding', { matchLabels: { B: '1', a: '1' } }, 'a:1,b:1'],
    [
      'In with one value',
      { matchExpressions: [{ key: 'env', operator: 'In', values: ['Prod'] }] },
      'env:prod',
    ],
    [
      'NotIn with one value',
      { matchExpressions: [{ key: 'env', operator: 'NotIn', values: ['dev'] }] },
      '!env:dev',
    ],
    ['Exists', { matchExpressions: [{ key: 'Zone', operator: 'Exists' }] }, 'zone:*'],
    ['DoesNotExist', { matchExpressions: [{ key: 'yard', operator: 'DoesNotExist' }] }, '!yard:*'],
    [
      'all that symbols can say',
      {
        matchLabels: { queue: 'jobs' },
        matchExpressions: [
          { key: 'env', operator: 'NotIn', values: ['dev'] },
          { key: 'zone', operator: 'Exists' },
          { key: 'yard', operator: 'DoesNotExist' },
        ],
      },
      '!env:dev,!yard:*,queue:jobs,zone:*',
    ],
    ['a prefixed key', { matchLabels: { 'app.kubernetes.io/name': 'web' } }, 'app.kubernetes.io/name:web'],
  ];
  for (const [title, selector, expected] of inSymbols) {
    it(`writes ${title} in symbols: {${expected}}`, () => expect(filter(selector)).to.equal(expected));
  }

  const inWords: readonly (readonly [string, LabelSelector, string])[] = [
    [
      'In with two values',
      { matchExpressions: [{ key: 'env', operator: 'In', values: ['Prod', 'dev'] }] },
      'env IN (dev,prod)',
    ],
    [
      'NotIn with two values',
      { matchExpressions: [{ key: 'env', operator: 'NotIn', values: ['b', 'a'] }] },
      'env NOT IN (a,b)',
    ],
    [
      'a label beside a set',
      {
        matchLabels: { queue: 'jobs' },
        matchExpressions: [{ key: 'env', operator: 'In', values: ['a', 'b'] }],
      },
      'env IN (a,b) AND queue:jobs',
    ],
    [
      'every form beside a set',
      {
        matchLabels: { queue: 'jobs' },
        matchExpressions: [
          { key: 'env', operator: 'In', values: ['a', 'b'] },
          { key: 'tier', operator: 'NotIn', values: ['x'] },
          { key: 'zone', operator: 'Exists' },
          { key: 'yard', operator: 'DoesNotExist' },
        ],
      },
      'NOT tier:x AND NOT yard:* AND env IN (a,b) AND queue:jobs AND zone:*',
    ],
    [
      'a set whose values fold into one',
      { matchExpressions: [{ key: 'env', operator: 'In', values: ['A', 'a'] }] },
      'env:a',
    ],
  ];
  for (const [title, selector, expected] of inWords) {
    it(`writes ${title} in words: {${expected}}`, () => expect(filter(selector)).to.equal(expected));
  }

  const refused: readonly (readonly [string, LabelSelector | undefined, string, RegExp])[] = [
    [
      'an empty label value',
      { matchLabels: { env: '' } },
      'm',
      /selector key env with an empty value.*Exists or DoesNotExist/,
    ],
    [
      'an empty value of a set',
      { matchExpressions: [{ key: 'env', operator: 'In', values: ['', 'a'] }] },
      'm',
      /env with an empty value/,
    ],
    [
      'a key that begins with a digit',
      { matchLabels: { '1st': 'a' } },
      'm',
      /selector key 1st: a Datadog tag begins with a letter/,
    ],
    [
      'a tag of more than 200 characters',
      { matchLabels: { [`${'a'.repeat(190)}/b`]: 'c'.repeat(20) } },
      'm',
      /at most 200 characters/,
    ],
    [
      'a key of more than 200 characters that must exist',
      { matchExpressions: [{ key: `${'a'.repeat(200)}/b`, operator: 'Exists' }] },
      'm',
      /at most 200 characters/,
    ],
    [
      'a DatadogMetric reference',
      undefined,
      'datadogmetric@shop:orders',
      /DatadogMetric objects are not supported/,
    ],
    [
      'a DatadogMetric reference in capitals',
      undefined,
      'DatadogMetric@shop:orders',
      /DatadogMetric objects are not supported/,
    ],
    [
      'a name that begins with a digit',
      undefined,
      '1m',
      /letters, digits, '_' and '\.', beginning with a letter/,
    ],
    ['an empty name', undefined, '', /1 to 200/],
    ['a name of 201 characters', undefined, 'm'.repeat(201), /1 to 200/],
    ['a name with a brace', undefined, 'm{*}', /1 to 200/],
    ['a name with a comma, which would be two queries', undefined, 'm{*},avg:n', /1 to 200/],
    ['a name with a dash', undefined, 'orders-waiting', /orders-waiting/],
    ['a name with a newline at its end', undefined, 'orders\n', /1 to 200/],
    ['the name status', undefined, 'status', /sub-resource of the namespace/],
    ['the name finalize in any case', undefined, 'Finalize', /sub-resource of the namespace/],
  ];
  for (const [title, selector, name, expected] of refused) {
    it(`refuses ${title}, by name`, () =>
      expect(text(selector, name))
        .to.match(/^error: /)
        .and.match(expected));
  }

  it('refuses comparisons, which only a hand-made request can hold', () => {
    const parsed = parseSelector('a>5');
    const query = toQuery({ namespace: 'n', name: 'm', selector: parsed.ok ? parsed.value : [] }, options);
    expect(query).to.deep.equal({
      ok: false,
      error: 'selector key a: Datadog compares tags for equality only',
    });
  });

  it('does not repeat a name of any length in its refusal', () => {
    expect(text(undefined, `1${'m'.repeat(100_000)}`)).to.have.length.below(500);
  });

  it('accepts the longest name and tag', () => {
    expect(text(undefined, 'm'.repeat(200))).to.match(/^avg:m{200}\{\*\}/);
    expect(text({ matchLabels: { [`${'a'.repeat(189)}/b`]: 'c'.repeat(8) } })).to.match(/^avg:/);
  });

  it('never mixes symbols with words, folds every tag, and cannot be broken out of, for any key', () => {
    fc.assert(
      fc.property(metricKey, (one) => {
        const query = toQuery(one, options);
        if (!query.ok) return;
        const [, name = '', tags = ''] =
          /^avg:([A-Za-z0-9_.]+)\{([^{}]*)\}\.rollup\(30\)$/.exec(query.value) ?? [];
        expect(name).to.equal(one.name);
        const hasWords = / AND |NOT | IN \(/.test(tags);
        const outsideSets = tags.replaceAll(/\([^)]*\)/g, '');
        if (hasWords) expect(outsideSets).to.not.match(/[,!]/);
        expect(tags.replaceAll(/\b(AND|NOT|IN)\b(?=[ (])/g, '')).to.equal(
          tags.replaceAll(/\b(AND|NOT|IN)\b(?=[ (])/g, '').toLowerCase(),
        );
      }),
      { numRuns: 1_000 },
    );
  });

  it('is one text for one question: equal keys give equal queries', () => {
    fc.assert(
      fc.property(metricKey, (one) => {
        const other = { ...one, namespace: `${one.namespace}-2`, selector: [...one.selector] };
        expect(toQuery(other, options)).to.deep.equal(toQuery(one, options));
      }),
    );
  });
});
