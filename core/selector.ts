import { fail, ok, type Result } from './result.js';

/** One condition of a label selector. Equality is `in` with one value, inequality `notIn` with one. */
export type Requirement =
  | { readonly operator: 'in' | 'notIn'; readonly key: string; readonly values: readonly string[] }
  | { readonly operator: 'exists' | 'doesNotExist'; readonly key: string }
  | { readonly operator: 'gt' | 'lt'; readonly key: string; readonly value: string };

/** All conditions, joined by AND, in canonical order and without repeats. The empty list selects everything. */
export type Selector = readonly Requirement[];

/** The `metav1.LabelSelector` of an autoscaler's spec, as it comes from the API server. */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

/**
 * The one spelling of a selector: conditions sorted, values sorted, `k in (v)` written `k=v`. Two selectors
 * that the HPA controller would send differently but that mean the same conditions get the same text.
 */
export function canonicalSelector(selector: Selector): string {
  return selector.map(renderRequirement).join(',');
}

function renderRequirement(requirement: Requirement): string {
  const { key } = requirement;
  switch (requirement.operator) {
    case 'in':
      return requirement.values.length === 1
        ? `${key}=${requirement.values[0]}`
        : `${key} in (${requirement.values.join(',')})`;
    case 'notIn':
      return requirement.values.length === 1
        ? `${key}!=${requirement.values[0]}`
        : `${key} notin (${requirement.values.join(',')})`;
    case 'exists':
      return key;
    case 'doesNotExist':
      return `!${key}`;
    case 'gt':
      return `${key}>${requirement.value}`;
    case 'lt':
      return `${key}<${requirement.value}`;
  }
}

/** Sorts conditions by key and drops repeats; the last step of everything that makes a selector. */
export function normalizeSelector(requirements: readonly Requirement[]): Selector {
  const byText = new Map(requirements.map((requirement) => [renderRequirement(requirement), requirement]));
  return [...byText]
    .sort(([textA, a], [textB, b]) => compareText(a.key, b.key) || compareText(textA, textB))
    .map(([, requirement]) => requirement);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Builds a condition, or says why Kubernetes would refuse it (the rules of `labels.NewRequirement`). */
export function toRequirement(
  operator: Requirement['operator'],
  key: string,
  values: readonly string[],
): Result<Requirement, string> {
  const badKey = keyProblem(key);
  if (badKey !== undefined) return fail(badKey);
  switch (operator) {
    case 'in':
    case 'notIn': {
      if (values.length === 0) return fail("for 'in', 'notin' operators, values set can't be empty");
      const badValue = values
        .map((value) => valueProblem(key, value))
        .find((problem) => problem !== undefined);
      return badValue === undefined
        ? ok({ operator, key, values: [...new Set(values)].sort(compareText) })
        : fail(badValue);
    }
    case 'exists':
    case 'doesNotExist':
      return values.length === 0
        ? ok({ operator, key })
        : fail('values set must be empty for exists and does not exist');
    case 'gt':
    case 'lt': {
      const value = values[0] ?? '';
      return /^[+-]?\d{1,19}$/.test(value)
        ? ok({ operator, key, value })
        : fail(`for 'Gt', 'Lt' operators, the value must be an integer, got '${value}'`);
    }
  }
}

const nameExpression = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const subdomainExpression = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

function keyProblem(key: string): string | undefined {
  const slash = key.indexOf('/');
  const prefix = slash < 0 ? undefined : key.slice(0, slash);
  const name = key.slice(slash + 1);
  if (prefix !== undefined && (prefix.length > 253 || !subdomainExpression.test(prefix))) {
    return `key '${key}': the prefix before '/' must be a DNS subdomain of at most 253 characters`;
  }
  if (name.length === 0 || name.length > 63 || !nameExpression.test(name)) {
    return `key '${key}': the name must be 1 to 63 letters, digits, '-', '_' or '.', beginning and ending with a letter or digit`;
  }
  return undefined;
}

function valueProblem(key: string, value: string): string | undefined {
  if (value === '' || (value.length <= 63 && nameExpression.test(value))) return undefined;
  return `value '${value}' of '${key}': must be empty or at most 63 letters, digits, '-', '_' or '.', beginning and ending with a letter or digit`;
}

const expressionOperators: Readonly<Record<string, 'in' | 'notIn' | 'exists' | 'doesNotExist'>> = {
  In: 'in',
  NotIn: 'notIn',
  Exists: 'exists',
  DoesNotExist: 'doesNotExist',
};

/** The selector of an autoscaler's spec; an absent one selects everything. The error says what Kubernetes would refuse. */
export function fromLabelSelector(selector: LabelSelector | undefined): Result<Selector, string> {
  const requirements: Requirement[] = [];
  for (const [key, value] of Object.entries(selector?.matchLabels ?? {})) {
    const made = toRequirement('in', key, [value]);
    if (!made.ok) return made;
    requirements.push(made.value);
  }
  for (const expression of selector?.matchExpressions ?? []) {
    const operator = Object.hasOwn(expressionOperators, expression.operator)
      ? expressionOperators[expression.operator]
      : undefined;
    if (operator === undefined) {
      return fail(
        `operator '${expression.operator}' of key '${expression.key}': expected In, NotIn, Exists or DoesNotExist`,
      );
    }
    const made = toRequirement(operator, expression.key, expression.values ?? []);
    if (!made.ok) return made;
    requirements.push(made.value);
  }
  return ok(normalizeSelector(requirements));
}
