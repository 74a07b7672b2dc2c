import { fail, ok, type Result } from '../core/result.js';

/** What stands between the braces of a metric query: which tag sets it selects. */
export type Filter =
  | { readonly kind: 'all' }
  /** `key:value` or a bare tag; `*` in it stands for any text. */
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'in'; readonly key: string; readonly values: readonly string[] }
  | { readonly kind: 'not'; readonly of: Filter }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Filter[] };

/** Why a filter cannot be read: both families of operators in one filter, or an unexpected piece at an offset. */
export type FilterProblem = { readonly kind: 'mixed' } | { readonly kind: 'unexpected'; readonly at: number };

/**
 * Reads a filter: `*`, `k:v`, `!k:v`, `,`, or AND, OR, NOT, IN (…), NOT IN (…) and parentheses, all upper or all lower
 * case. The symbols `,` and `!` exclude the words: https://docs.datadoghq.com/metrics/advanced-filtering/.
 */
export function parseFilter(text: string): Result<Filter, FilterProblem> {
  const tokens = tokenize(text);
  if (isMixed(tokens)) return fail({ kind: 'mixed' });
  const reader = new FilterReader(tokens, text.length);
  const filter = reader.either();
  const rest = reader.failedAt ?? reader.restAt;
  return filter === undefined || rest !== undefined
    ? fail({ kind: 'unexpected', at: rest ?? text.length })
    : ok(filter);
}

/** The filter in words, with parentheses around every nested AND and OR; `parseFilter` gives the same filter back. */
export function renderFilter(filter: Filter): string {
  switch (filter.kind) {
    case 'all':
      return '*';
    case 'tag':
      return filter.tag;
    case 'in':
      return `${filter.key} IN (${filter.values.join(',')})`;
    case 'not':
      return filter.of.kind === 'in'
        ? `${filter.of.key} NOT IN (${filter.of.values.join(',')})`
        : `NOT ${renderOperand(filter.of)}`;
    case 'and':
      return filter.of.map(renderOperand).join(' AND ');
    case 'or':
      return filter.of.map(renderOperand).join(' OR ');
  }
}

function renderOperand(filter: Filter): string {
  return filter.kind === 'and' || filter.kind === 'or' ? `(${renderFilter(filter)})` : renderFilter(filter);
}

/** The `scope` of an answered series: plain tags sorted and joined by commas, anything richer in words. */
export function scopeOf(filter: Filter): string {
  const parts = (filter.kind === 'and' ? filter.of : [filter]).map(renderSymbolic);
  return parts.every((part) => part !== undefined) ? [...parts].sort().join(',') : renderFilter(filter);
}

function renderSymbolic(filter: Filter): string | undefined {
  if (filter.kind === 'all' || filter.kind === 'tag') return renderFilter(filter);
  return filter.kind === 'not' && filter.of.kind === 'tag' ? `!${filter.of.tag}` : undefined;
}

/**
 * Makes the test of a filter on one tag set. Tags are compared as they stand: Datadog keeps them in lower case, so a
 * filter with a capital selects nothing. A negation selects the tag sets that lack the tag, too.
 */
export function compileFilter(filter: Filter): (tags: ReadonlySet<string>) => boolean {
  switch (filter.kind) {
    case 'all':
      return () => true;
    case 'tag':
      return filter.tag.includes('*') ? matchPattern(filter.tag) : (tags) => tags.has(filter.tag);
    case 'in': {
      const wanted = filter.values.map((value) => `${filter.key}:${value}`);
      return (tags) => wanted.some((tag) => tags.has(tag));
    }
    case 'not': {
      const inner = compileFilter(filter.of);
      return (tags) => !inner(tags);
    }
    case 'and': {
      const parts = filter.of.map(compileFilter);
      return (tags) => parts.every((part) => part(tags));
    }
    case 'or': {
      const parts = filter.of.map(compileFilter);
      return (tags) => parts.some((part) => part(tags));
    }
  }
}

function matchPattern(pattern: string): (tags: ReadonlySet<string>) => boolean {
  const source = pattern
    .split(/\*+/)
    .map((text) => text.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'))
    .join('.*');
  const expression = new RegExp(`^${source}$`, 's');
  return (tags) => {
    for (const tag of tags) if (expression.test(tag)) return true;
    return false;
  };
}

interface Token {
  readonly text: string;
  readonly at: number;
}

/** A bare key, or key and value; a tag cannot end with its colon. */
const tagExpression = /^[^\s(),!:{}"']+(:[^\s(),{}"']*[^\s(),:{}"'])?$/;

function tokenize(text: string): readonly Token[] {
  return [...text.matchAll(/[(),!]|[^\s(),!][^\s(),]*/g)].map((match) => ({
    text: match[0],
    at: match.index,
  }));
}

function isMixed(tokens: readonly Token[]): boolean {
  let isInList = false;
  let hasSymbol = false;
  let hasWord = false;
  for (const [index, { text }] of tokens.entries()) {
    if (text === '(') isInList = isWord(tokens[index - 1]?.text, 'IN');
    else if (text === ')') isInList = false;
    else if (text === '!' || (text === ',' && !isInList)) hasSymbol = true;
    else if (!isInList && isOperator(text)) hasWord = true;
  }
  return hasSymbol && hasWord;
}

function isOperator(text: string | undefined): boolean {
  return ['AND', 'OR', 'NOT', 'IN'].some((word) => isWord(text, word));
}

function isWord(text: string | undefined, word: string): boolean {
  return text === word || text === word.toLowerCase();
}

/** Recursive descent: OR binds least, then AND and the comma, then NOT. A rule returns `undefined` where it fails. */
class FilterReader {
  readonly #tokens: readonly Token[];
  readonly #end: number;
  #index = 0;
  #failedAt: number | undefined;

  constructor(tokens: readonly Token[], end: number) {
    this.#tokens = tokens;
    this.#end = end;
  }

  get failedAt(): number | undefined {
    return this.#failedAt;
  }

  /** Where reading stopped short of the end. */
  get restAt(): number | undefined {
    return this.#tokens[this.#index]?.at;
  }

  either(): Filter | undefined {
    return this.#series(
      'or',
      () => this.#all(),
      () => this.#skip('OR'),
    );
  }

  #all(): Filter | undefined {
    return this.#series(
      'and',
      () => this.#negation(),
      () => this.#skip('AND') || this.#skip(','),
    );
  }

  #series(
    kind: 'and' | 'or',
    part: () => Filter | undefined,
    skipSeparator: () => boolean,
  ): Filter | undefined {
    const parts: Filter[] = [];
    do {
      const read = part();
      if (read === undefined) return undefined;
      parts.push(...(read.kind === kind ? read.of : [read]));
    } while (skipSeparator());
    const [only] = parts;
    return parts.length === 1 ? only : { kind, of: parts };
  }

  #negation(): Filter | undefined {
    if (!this.#skip('NOT') && !this.#skip('!')) return this.#operand();
    const inner = this.#negation();
    return inner === undefined ? undefined : { kind: 'not', of: inner };
  }

  #operand(): Filter | undefined {
    if (this.#skip('(')) {
      const inner = this.either();
      return inner !== undefined && this.#skip(')') ? inner : this.#fail();
    }
    if (isOperator(this.#tokens[this.#index]?.text)) return this.#fail();
    const word = this.#tag();
    if (word === undefined) return undefined;
    if (word === '*') return { kind: 'all' };
    const isNegated = isWord(this.#tokens[this.#index + 1]?.text, 'IN') && this.#skip('NOT');
    if (!this.#skip('IN')) return { kind: 'tag', tag: word };
    const list = word.includes(':') ? this.#fail() : this.#values(word);
    return list !== undefined && isNegated ? { kind: 'not', of: list } : list;
  }

  #values(key: string): Filter | undefined {
    if (!this.#skip('(')) return this.#fail();
    const values: string[] = [];
    do {
      const value = this.#tag();
      if (value === undefined) return undefined;
      values.push(value);
    } while (this.#skip(','));
    return this.#skip(')') ? { kind: 'in', key, values } : this.#fail();
  }

  #tag(): string | undefined {
    const token = this.#tokens[this.#index];
    if (token === undefined || !tagExpression.test(token.text)) return this.#fail();
    this.#index += 1;
    return token.text;
  }

  #skip(text: string): boolean {
    const isThere = isWord(this.#tokens[this.#index]?.text, text);
    if (isThere) this.#index += 1;
    return isThere;
  }

  #fail(): undefined {
    this.#failedAt ??= this.restAt ?? this.#end;
    return undefined;
  }
}
