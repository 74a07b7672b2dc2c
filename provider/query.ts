import type { MetricKey } from '../core/metric.js';
import { fail, ok, type Result } from '../core/result.js';
import type { Requirement, Selector } from '../core/selector.js';

declare const queryBrand: unique symbol;

/** A Datadog metrics query; minted only by `toQuery`. */
export type DatadogQuery = string & { readonly [queryBrand]: true };

/** How a query sums up over hosts and over time. */
export interface QueryOptions {
  readonly aggregator: 'avg' | 'sum' | 'max' | 'min';
  readonly rollupSeconds: number;
}

/**
 * The query that answers a key: `<aggregator>:<metric>{<tags>}.rollup(<seconds>)`, tags sorted and in lower case
 * because Datadog stores them so. The error says what cannot be asked, and the remedy.
 */
export function toQuery(key: MetricKey, options: QueryOptions): Result<DatadogQuery, string> {
  const problem =
    nameProblem(key.name) ?? key.selector.map(requirementProblem).find((found) => found !== undefined);
  if (problem !== undefined) return fail(problem);
  const text = `${options.aggregator}:${key.name}{${toFilter(key.selector)}}.rollup(${options.rollupSeconds})`;
  return ok(text as DatadogQuery);
}

/** Sub-resources of a namespace: kube-apiserver reads such a metric's path as one and authorizes something else. */
const reservedNames: readonly string[] = ['status', 'finalize'];

function nameProblem(name: string): string | undefined {
  if (name.toLowerCase().startsWith('datadogmetric@')) {
    return `metric name ${name}: DatadogMetric objects are not supported; name the Datadog metric itself and put its tags into the selector`;
  }
  if (!/^[a-zA-Z][a-zA-Z0-9_.]{0,199}$/.test(name)) {
    return `metric name ${name.slice(0, 210)}: a Datadog metric name is 1 to 200 letters, digits, '_' and '.', beginning with a letter`;
  }
  if (reservedNames.includes(name.toLowerCase())) {
    return `metric name ${name}: Kubernetes reads the path of such a metric as a sub-resource of the namespace; submit the metric under another name`;
  }
  return undefined;
}

const longestTag = 200;

function requirementProblem(requirement: Requirement): string | undefined {
  const { key } = requirement;
  if (!/^[A-Za-z]/.test(key)) return `selector key ${key}: a Datadog tag begins with a letter`;
  switch (requirement.operator) {
    case 'gt':
    case 'lt':
      return `selector key ${key}: Datadog compares tags for equality only`;
    case 'exists':
    case 'doesNotExist':
      return key.length > longestTag
        ? `selector key ${key}: a Datadog tag has at most ${longestTag} characters`
        : undefined;
    case 'in':
    case 'notIn':
      return valuesProblem(key, requirement.values);
  }
}

function valuesProblem(key: string, values: readonly string[]): string | undefined {
  if (values.includes('')) {
    return `selector key ${key} with an empty value: Datadog has no empty tags; use the operator Exists or DoesNotExist`;
  }
  const long = values.find((value) => key.length + 1 + value.length > longestTag);
  return long === undefined
    ? undefined
    : `selector ${key}=${long}: a Datadog tag has at most ${longestTag} characters`;
}

/**
 * Datadog refuses a filter that mixes its symbols (`,` and `!`) with its words (AND, NOT, IN), so a filter is
 * written in one of the two: in symbols as long as they can say it, which keeps simple queries as they always were.
 */
function toFilter(selector: Selector): string {
  if (selector.length === 0) return '*';
  const inSymbols = selector.every(
    (requirement) => !('values' in requirement) || requirement.values.length === 1,
  );
  const terms = selector.map((requirement) => toTerm(requirement, inSymbols ? '!' : 'NOT '));
  return terms.sort().join(inSymbols ? ',' : ' AND ');
}

function toTerm(requirement: Requirement, not: '!' | 'NOT '): string {
  const tag = requirement.key.toLowerCase();
  switch (requirement.operator) {
    case 'in':
      return oneOrMany(tag, 'IN', requirement.values, '');
    case 'notIn':
      return oneOrMany(tag, 'NOT IN', requirement.values, not);
    case 'exists':
      return `${tag}:*`;
    case 'doesNotExist':
      return `${not}${tag}:*`;
    case 'gt':
    case 'lt':
      throw new RangeError(`a selector with ${requirement.operator} has no Datadog form`);
  }
}

function oneOrMany(
  tag: string,
  operator: 'IN' | 'NOT IN',
  values: readonly string[],
  not: '' | '!' | 'NOT ',
): string {
  const folded = [...new Set(values.map((value) => value.toLowerCase()))].sort();
  return folded.length === 1 ? `${not}${tag}:${folded[0]}` : `${tag} ${operator} (${folded.join(',')})`;
}
