import { fail, ok, type Result } from './result.js';
import { normalizeSelector, type Requirement, type Selector, toRequirement } from './selector.js';

/**
 * Reads the text form of a label selector (`a=b,c in (d,e),!f`), with the grammar and the error texts of
 * `labels.Parse` in k8s.io/apimachinery, whose output the HPA controller sends as `labelSelector`.
 */
export function parseSelector(text: string): Result<Selector, string> {
  const tokens = tokenize(text);
  const requirements: Requirement[] = [];
  let at = 0;
  const peek = (): Token => tokens[at] ?? end;
  const next = (): Token => tokens[at++] ?? end;

  if (peek().kind === 'end') return ok([]);
  while (true) {
    const first = peek();
    if (first.kind !== 'word' && first.text !== '!') {
      const expected =
        requirements.length === 0 ? "!, identifier, or 'end of string'" : "identifier after ','";
      return fail(`found '${first.text}', expected: ${expected}`);
    }
    const requirement = parseRequirement(peek, next);
    if (!requirement.ok) return fail(`unable to parse requirement: ${requirement.error}`);
    requirements.push(requirement.value);
    const separator = next();
    if (separator.kind === 'end') return ok(normalizeSelector(requirements));
    if (separator.text !== ',') return fail(`found '${separator.text}', expected: ',' or 'end of string'`);
  }
}

interface Token {
  readonly kind: 'word' | 'symbol' | 'end';
  readonly text: string;
}

const end: Token = { kind: 'end', text: '' };

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  for (const match of text.matchAll(/[=!<>]+|[(),]|[^\s=!<>(),]+/g)) {
    const piece = match[0];
    tokens.push(...(/^[=!<>]/.test(piece) ? splitOperators(piece) : [token(piece)]));
  }
  return tokens;
}

/** `!a!=b` and `a==b` are fine, `a!!=b` is three tokens: the longest known operator is taken each time. */
function splitOperators(run: string): Token[] {
  return (run.match(/==|!=|[=!<>]/g) ?? []).map(token);
}

function token(text: string): Token {
  return { kind: /^[=!<>(),]/.test(text) ? 'symbol' : 'word', text };
}

function parseRequirement(peek: () => Token, next: () => Token): Result<Requirement, string> {
  const negated = peek().text === '!';
  if (negated) next();
  const key = next();
  if (key.kind !== 'word') return fail(`found '${key.text}', expected: identifier`);
  if (negated) return toRequirement('doesNotExist', key.text, []);
  if (peek().kind === 'end' || peek().text === ',') return toRequirement('exists', key.text, []);
  const operator = next();
  switch (operator.text) {
    case '=':
    case '==':
      return withValue('in', key.text, peek, next);
    case '!=':
      return withValue('notIn', key.text, peek, next);
    case '>':
      return withValue('gt', key.text, peek, next);
    case '<':
      return withValue('lt', key.text, peek, next);
    case 'in':
      return withValues('in', key.text, next);
    case 'notin':
      return withValues('notIn', key.text, next);
    default:
      return fail(`found '${operator.text}', expected: in, notin, =, ==, !=, gt, lt`);
  }
}

function withValue(
  operator: Requirement['operator'],
  key: string,
  peek: () => Token,
  next: () => Token,
): Result<Requirement, string> {
  if (peek().kind === 'end' || peek().text === ',') return toRequirement(operator, key, ['']);
  const value = next();
  if (value.kind !== 'word') return fail(`found '${value.text}', expected: identifier`);
  return toRequirement(operator, key, [value.text]);
}

/** An empty place between commas, and an empty pair of parentheses, stand for the empty value, as in Kubernetes. */
function withValues(operator: 'in' | 'notIn', key: string, next: () => Token): Result<Requirement, string> {
  const open = next();
  if (open.text !== '(') return fail(`found '${open.text}' expected: '('`);
  const values: string[] = [];
  let value = '';
  let hasWord = false;
  while (true) {
    const piece = next();
    if (piece.text === ')' || piece.text === ',') {
      values.push(value);
      if (piece.text === ')') return toRequirement(operator, key, values);
      value = '';
      hasWord = false;
    } else if (piece.kind !== 'word' || hasWord) {
      return fail(`found '${piece.text}', expected: ',' or ')'`);
    } else {
      value = piece.text;
      hasWord = true;
    }
  }
}
