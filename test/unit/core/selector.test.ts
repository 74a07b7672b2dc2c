import { expect } from 'chai';
import fc from 'fast-check';
import {
  canonicalSelector,
  fromLabelSelector,
  type LabelSelector,
  normalizeSelector,
  toRequirement,
} from '../../../core/selector.js';
import { labelSelector, selector } from './arbitrary.js';

function canonical(raw: LabelSelector | undefined): string {
  const read = fromLabelSelector(raw);
  return read.ok ? canonicalSelector(read.value) : `error: ${read.error}`;
}

describe("an autoscaler's selector", () => {
  const spellings: readonly (readonly [string, LabelSelector | undefined, string])[] = [
    ['an absent one selects everything', undefined, ''],
    ['an empty one selects everything', {}, ''],
    ['empty parts select everything', { matchLabels: {}, matchExpressions: [] }, ''],
    ['labels are sorted by key', { matchLabels: { b: '2', a: '1' } }, 'a=1,b=2'],
    ['an empty label value stays', { matchLabels: { a: '' } }, 'a='],
    [
      'a prefixed key stays whole',
      { matchLabels: { 'app.kubernetes.io/name': 'web' } },
      'app.kubernetes.io/name=web',
    ],
    ['case of keys and values counts', { matchLabels: { App: 'Web' } }, 'App=Web'],
    [
      'In sorts its values',
      { matchExpressions: [{ key: 'env', operator: 'In', values: ['prod', 'dev'] }] },
      'env in (dev,prod)',
    ],
    [
      'In with one value is an equality',
      { matchExpressions: [{ key: 'env', operator: 'In', values: ['prod'] }] },
      'env=prod',
    ],
    [
      'In drops repeated values',
      { matchExpressions: [{ key: 'env', operator: 'In', values: ['a', 'a'] }] },
      'env=a',
    ],
    [
      'NotIn sorts its values',
      { matchExpressions: [{ key: 'env', operator: 'NotIn', values: ['b', 'a'] }] },
      'env notin (a,b)',
    ],
    [
      'NotIn with one value is an inequality',
      { matchExpressions: [{ key: 'x', operator: 'NotIn', values: ['y'] }] },
      'x!=y',
    ],
    ['Exists is the bare key', { matchExpressions: [{ key: 'zone', operator: 'Exists' }] }, 'zone'],
    [
      'Exists may carry an empty list',
      { matchExpressions: [{ key: 'zone', operator: 'Exists', values: [] }] },
      'zone',
    ],
    [
      'DoesNotExist is the key denied',
      { matchExpressions: [{ key: 'yard', operator: 'DoesNotExist' }] },
      '!yard',
    ],
    [
      'an expression that repeats a label is dropped',
      { matchLabels: { a: '1' }, matchExpressions: [{ key: 'a', operator: 'In', values: ['1'] }] },
      'a=1',
    ],
    [
      'all forms stand together, sorted by key',
      {
        matchLabels: { b: '2', a: '1' },
        matchExpressions: [
          { key: 'zone', operator: 'Exists' },
          { key: 'env', operator: 'In', values: ['prod', 'dev'] },
          { key: 'yard', operator: 'DoesNotExist' },
          { key: 'tier', operator: 'NotIn', values: ['x'] },
        ],
      },
      'a=1,b=2,env in (dev,prod),tier!=x,!yard,zone',
    ],
  ];
  for (const [title, raw, expected] of spellings) {
    it(`${title}: ${expected === '' ? '(empty)' : expected}`, () => {
      expect(canonical(raw)).to.equal(expected);
    });
  }

  const refusals: readonly (readonly [string, LabelSelector, RegExp])[] = [
    [
      'an unknown operator',
      { matchExpressions: [{ key: 'a', operator: 'Near' }] },
      /'Near' of key 'a'.*In, NotIn, Exists or DoesNotExist/,
    ],
    [
      'an operator named like a property of all objects',
      { matchExpressions: [{ key: 'a', operator: 'toString' }] },
      /'toString'/,
    ],
    ['In without values', { matchExpressions: [{ key: 'a', operator: 'In' }] }, /values set can't be empty/],
    [
      'NotIn with an empty list',
      { matchExpressions: [{ key: 'a', operator: 'NotIn', values: [] }] },
      /values set can't be empty/,
    ],
    [
      'Exists with values',
      { matchExpressions: [{ key: 'a', operator: 'Exists', values: ['b'] }] },
      /must be empty for exists/,
    ],
    ['an empty key', { matchLabels: { '': 'x' } }, /key ''/],
    ['a key that begins with a dash', { matchLabels: { '-a': 'x' } }, /key '-a'/],
    ['a key of 64 characters', { matchLabels: { ['k'.repeat(64)]: 'x' } }, /1 to 63/],
    ['an empty prefix', { matchLabels: { '/a': 'x' } }, /DNS subdomain/],
    ['a prefix in upper case', { matchLabels: { 'Example.com/a': 'x' } }, /DNS subdomain/],
    ['a prefix of 254 characters', { matchLabels: { [`${'a'.repeat(254)}/b`]: 'x' } }, /at most 253/],
    ['two slashes', { matchLabels: { 'a/b/c': 'x' } }, /key 'a\/b\/c'/],
    ['a value of 64 characters', { matchLabels: { a: 'v'.repeat(64) } }, /at most 63/],
    ['a value with a brace', { matchLabels: { a: 'b}' } }, /value 'b}' of 'a'/],
    [
      'a value with a comma',
      { matchExpressions: [{ key: 'a', operator: 'In', values: ['b', 'c,d'] }] },
      /value 'c,d' of 'a'/,
    ],
    ['a value that ends in a dot', { matchLabels: { a: 'b.' } }, /value 'b\.' of 'a'/],
  ];
  for (const [title, raw, expected] of refusals) {
    it(`is refused for ${title}, by name`, () => {
      expect(canonical(raw))
        .to.match(/^error: /)
        .and.match(expected);
    });
  }

  it('accepts the longest key, prefix and value that Kubernetes accepts', () => {
    const key = `${'a'.repeat(253)}/${'k'.repeat(63)}`;
    expect(canonical({ matchLabels: { [key]: 'v'.repeat(63) } })).to.equal(`${key}=${'v'.repeat(63)}`);
  });

  it('has one spelling whatever the order of its parts', () => {
    const shuffled = labelSelector.chain((raw) =>
      fc.record({
        raw: fc.constant(raw),
        expressions: fc.shuffledSubarray([...(raw.matchExpressions ?? [])], {
          minLength: raw.matchExpressions?.length ?? 0,
        }),
        labels: fc.shuffledSubarray(Object.entries(raw.matchLabels ?? {}), {
          minLength: Object.keys(raw.matchLabels ?? {}).length,
        }),
      }),
    );
    fc.assert(
      fc.property(shuffled, ({ raw, expressions, labels }) => {
        const other = {
          matchLabels: Object.fromEntries(labels),
          matchExpressions: expressions.map((one) =>
            'values' in one ? { ...one, values: [...(one.values ?? [])].reverse() } : one,
          ),
        };
        expect(canonical(other)).to.equal(canonical(raw));
      }),
    );
  });

  it('is not changed by normalizing it again', () => {
    fc.assert(
      fc.property(selector, (one) => {
        expect(normalizeSelector(one)).to.deep.equal(one);
      }),
    );
  });

  it('never throws, whatever texts stand in it', () => {
    const text = fc.string({ unit: 'binary' });
    const hostile = fc.record(
      {
        matchLabels: fc.dictionary(text, text),
        matchExpressions: fc.array(
          fc.record(
            { key: text, operator: text, values: fc.array(text) },
            { requiredKeys: ['key', 'operator'] },
          ),
        ),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(hostile, (raw) => {
        expect(fromLabelSelector(raw).ok).to.be.a('boolean');
      }),
    );
  });

  it('reads no property that every object has as a label', () => {
    expect(
      canonical({ matchLabels: JSON.parse('{"__proto__":"x","constructor":"y"}') as Record<string, string> }),
    ).to.match(/^error: key '__proto__'/);
    expect(canonical({ matchLabels: { constructor: 'y' } })).to.equal('constructor=y');
  });
});

describe('a comparison', () => {
  it('takes one integer', () => {
    for (const value of ['0', '5', '42']) {
      expect(toRequirement('gt', 'a', [value])).to.deep.equal({
        ok: true,
        value: { operator: 'gt', key: 'a', value },
      });
    }
  });

  it('refuses anything else', () => {
    for (const value of ['', 'x', '1.5', '1e3', '0x10', ' 1', '99999999999999999999']) {
      expect(toRequirement('lt', 'a', [value])).to.have.property('ok', false);
    }
  });
});
