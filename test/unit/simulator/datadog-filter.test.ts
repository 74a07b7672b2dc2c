import { expect } from 'chai';
import fc from 'fast-check';
import {
  compileFilter,
  type Filter,
  parseFilter,
  renderFilter,
  scopeOf,
} from '../../../simulator/datadog-filter.js';

function filterOf(text: string): Filter {
  const parsed = parseFilter(text);
  if (!parsed.ok) throw new Error(`'${text}' was not read: ${JSON.stringify(parsed.error)}`);
  return parsed.value;
}

function selects(text: string, ...tags: readonly string[]): boolean {
  return compileFilter(filterOf(text))(new Set(tags));
}

describe('simulator/datadog-filter', () => {
  it('reads tags joined by commas as AND', () => {
    expect(filterOf('env:prod, !region:eu')).to.deep.equal({
      kind: 'and',
      of: [
        { kind: 'tag', tag: 'env:prod' },
        { kind: 'not', of: { kind: 'tag', tag: 'region:eu' } },
      ],
    });
  });

  it('binds NOT before AND before OR', () => {
    const grouped = filterOf('a:1 OR ((NOT b:2) AND c:3)');
    expect(filterOf('a:1 OR NOT b:2 AND c:3')).to.deep.equal(grouped);
    expect(filterOf('a:1 or not b:2 and c:3')).to.deep.equal(grouped);
    expect(renderFilter(grouped)).to.equal('a:1 OR (NOT b:2 AND c:3)');
  });

  it('takes the commas and the words of an IN list for values', () => {
    expect(filterOf('state in (or,in, ca) AND env:prod')).to.deep.equal({
      kind: 'and',
      of: [
        { kind: 'in', key: 'state', values: ['or', 'in', 'ca'] },
        { kind: 'tag', tag: 'env:prod' },
      ],
    });
  });

  for (const text of ['a:1 AND !b:2', 'a:1,b:2 OR c:3', 'a:1,b IN (2,3)', '!a:1 and b:2', 'NOT a:1,b:2']) {
    it(`refuses symbols beside words: ${text}`, () => {
      expect(parseFilter(text)).to.deep.equal({ ok: false, error: { kind: 'mixed' } });
    });
  }

  for (const [text, at] of [
    ['', 0],
    ['a:1,', 4],
    ['a:', 0],
    ['a:1 b:2', 4],
    ['a:1 AND', 7],
    ['a:1 AND OR b:2', 8],
    ['(a:1', 4],
    ['a:1)', 3],
    ['a IN ()', 6],
    ['a:b IN (c)', 7],
    ['a IN b', 5],
    ['{{ .app }}', 0],
  ] as const) {
    it(`names the offset of the trouble in '${text}'`, () => {
      expect(parseFilter(text)).to.deep.equal({ ok: false, error: { kind: 'unexpected', at } });
    });
  }

  it('selects by exact tags, and never by a tag with a capital', () => {
    expect(selects('*')).to.equal(true);
    expect(selects('env:prod', 'env:prod', 'app:web')).to.equal(true);
    expect(selects('env:prod', 'env:production')).to.equal(false);
    expect(selects('env:Prod', 'env:prod')).to.equal(false);
    expect(selects('canary', 'canary')).to.equal(true);
  });

  it('selects by wildcards anywhere in the value', () => {
    expect(selects('env:*', 'env:prod')).to.equal(true);
    expect(selects('env:*', 'environment:prod')).to.equal(false);
    expect(selects('pod:web-*', 'pod:web-7')).to.equal(true);
    expect(selects('node:*-prod-*', 'node:a-prod-1')).to.equal(true);
    expect(selects('node:*-prod-*', 'node:a-test-1')).to.equal(false);
    expect(selects('image:v1.*', 'image:v10')).to.equal(false);
  });

  it('lets a negation select tag sets that lack the tag', () => {
    expect(selects('!env:prod')).to.equal(true);
    expect(selects('!env:*', 'app:web')).to.equal(true);
    expect(selects('NOT env:prod', 'env:prod')).to.equal(false);
    expect(selects('env NOT IN (prod,test)', 'app:web')).to.equal(true);
    expect(selects('env NOT IN (prod,test)', 'env:test')).to.equal(false);
    expect(selects('env IN (prod,test)', 'env:test')).to.equal(true);
    expect(selects('a:1 AND (b:2 OR c:3)', 'a:1', 'c:3')).to.equal(true);
  });

  it('gives a sorted comma list as scope where symbols can say it, else words', () => {
    expect(scopeOf(filterOf('b:2,!a:1'))).to.equal('!a:1,b:2');
    expect(scopeOf(filterOf('b:2 AND a:1'))).to.equal('a:1,b:2');
    expect(scopeOf(filterOf('*'))).to.equal('*');
    expect(scopeOf(filterOf('b:2 AND a IN (1,2)'))).to.equal('b:2 AND a IN (1,2)');
  });

  it('gives back any filter that it rendered', () => {
    fc.assert(
      fc.property(filters, (filter) => {
        expect(parseFilter(renderFilter(filter))).to.deep.equal({ ok: true, value: filter });
      }),
    );
  });

  it('agrees with the meaning of its words on any tag set', () => {
    const tagSets = fc.uniqueArray(fc.constantFrom('env:prod', 'env:test', 'app:web', 'canary'));
    fc.assert(
      fc.property(filters, tagSets, (filter, tags) => {
        expect(compileFilter(filter)(new Set(tags))).to.equal(meaning(filter, tags));
      }),
    );
  });

  it('never throws, whatever the text', () => {
    const pieces = fc.constantFrom(
      'a:1',
      'b',
      '*',
      '!',
      ',',
      '(',
      ')',
      ' AND ',
      ' or ',
      ' NOT ',
      ' IN ',
      ' ',
      ':',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces).map((all) => all.join('')),
        ),
        (text) => {
          const parsed = parseFilter(text);
          if (!parsed.ok && parsed.error.kind === 'unexpected') {
            expect(parsed.error.at).to.be.within(0, text.length);
          }
        },
      ),
    );
  });
});

/** The meaning of a filter without wildcards, written down a second time. */
function meaning(filter: Filter, tags: readonly string[]): boolean {
  switch (filter.kind) {
    case 'all':
      return true;
    case 'tag':
      return tags.includes(filter.tag);
    case 'in':
      return filter.values.filter((value) => tags.includes(`${filter.key}:${value}`)).length > 0;
    case 'not':
      return meaning(filter.of, tags) === false;
    case 'and':
      return filter.of.filter((part) => !meaning(part, tags)).length === 0;
    case 'or':
      return filter.of.filter((part) => meaning(part, tags)).length > 0;
  }
}

const leaves: fc.Arbitrary<Filter> = fc.oneof(
  fc.constant<Filter>({ kind: 'all' }),
  fc.constantFrom('env:prod', 'env:test', 'app:web', 'canary').map((tag): Filter => ({ kind: 'tag', tag })),
  fc
    .uniqueArray(fc.constantFrom('prod', 'test', 'in', 'or'), { minLength: 1 })
    .map((values): Filter => ({ kind: 'in', key: 'env', values })),
);

/** AND within AND is one AND, as it is to the parser. */
function flat(kind: 'and' | 'or', parts: readonly Filter[]): Filter {
  return { kind, of: parts.flatMap((part) => (part.kind === kind ? part.of : [part])) };
}

const { filter: filters } = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaves,
    tie('filter').map((of): Filter => ({ kind: 'not', of })),
    fc.array(tie('filter'), { minLength: 2, maxLength: 3 }).map((parts) => flat('and', parts)),
    fc.array(tie('filter'), { minLength: 2, maxLength: 3 }).map((parts) => flat('or', parts)),
  ),
}));
