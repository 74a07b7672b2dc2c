import type { AutoscalerSpec, ExternalMetricSpec } from '../core/autoscaler.js';
import { fail, ok, type Result } from '../core/result.js';
import type { LabelSelector } from '../core/selector.js';
import { toObject, toText, toTextList, valueAt } from './json.js';

/** An autoscaler as far as it can be understood, and what in it cannot, each with its place. */
export interface ParsedAutoscaler {
  readonly spec: AutoscalerSpec;
  readonly problems: readonly string[];
}

/**
 * Reads a HorizontalPodAutoscaler of `autoscaling/v2` or `v2beta2` (they agree in what counts here): its
 * External metrics only. A malformed metric costs only itself. `undefined`: it has no External metric at all.
 */
export function parseAutoscaler(object: unknown): ParsedAutoscaler | undefined {
  const metrics = valueAt(object, 'spec', 'metrics') ?? [];
  if (!Array.isArray(metrics)) throw new Error('spec.metrics: expected a list');
  const sources: readonly unknown[] = metrics;
  const external = sources
    .map((source, index) => ({ source, index }))
    .filter(({ source }) => isExternal(source));
  if (external.length === 0) return undefined;

  const understood: ExternalMetricSpec[] = [];
  const problems: string[] = [];
  for (const { source, index } of external) {
    const metric = parseMetric(valueAt(source, 'external', 'metric'));
    if (metric.ok) understood.push(metric.value);
    else problems.push(`spec.metrics[${index}].external.metric${metric.error}`);
  }
  return { spec: { ...identityOf(object), metrics: understood }, problems };
}

function isExternal(source: unknown): boolean {
  return valueAt(source, 'type') === 'External';
}

function identityOf(object: unknown): Omit<AutoscalerSpec, 'metrics'> {
  const metadata = toObject(valueAt(object, 'metadata'));
  const name = toText(metadata?.['name']);
  const namespace = toText(metadata?.['namespace']);
  if (name === undefined || namespace === undefined)
    throw new Error('expected metadata.namespace and metadata.name');
  return { kind: 'HorizontalPodAutoscaler', namespace, name, uid: toText(metadata?.['uid']) ?? '' };
}

/** One external metric of a spec. The error begins with the place below `metric`. */
export function parseMetric(metric: unknown): Result<ExternalMetricSpec, string> {
  if (toObject(metric) === undefined) return fail(': expected an object with name and selector');
  const name = toText(valueAt(metric, 'name'));
  if (name === undefined) return fail('.name: expected a text that is not empty');
  const selector = parseLabelSelector(valueAt(metric, 'selector') ?? undefined);
  return selector.ok ? ok({ name, selector: selector.value }) : fail(`.selector${selector.error}`);
}

/** Its structure only; whether Kubernetes' grammar allows its keys and values is judged where it is used. */
function parseLabelSelector(selector: unknown): Result<LabelSelector | undefined, string> {
  if (selector === undefined) return ok(undefined);
  if (toObject(selector) === undefined) return fail(': expected an object');
  const labels = parseLabels(valueAt(selector, 'matchLabels') ?? undefined);
  if (!labels.ok) return labels;
  const expressions = parseExpressions(valueAt(selector, 'matchExpressions') ?? undefined);
  if (!expressions.ok) return expressions;
  return ok({
    ...(labels.value === undefined ? {} : { matchLabels: labels.value }),
    ...(expressions.value === undefined ? {} : { matchExpressions: expressions.value }),
  });
}

function parseLabels(labels: unknown): Result<LabelSelector['matchLabels'], string> {
  if (labels === undefined) return ok(undefined);
  const object = toObject(labels);
  if (object === undefined) return fail('.matchLabels: expected an object');
  const pairs = Object.entries(object);
  const texts = pairs.filter((pair): pair is [string, string] => typeof pair[1] === 'string');
  return texts.length === pairs.length
    ? ok(Object.fromEntries(texts))
    : fail('.matchLabels: expected texts as values');
}

type Expressions = NonNullable<LabelSelector['matchExpressions']>;

function parseExpressions(expressions: unknown): Result<Expressions | undefined, string> {
  if (expressions === undefined) return ok(undefined);
  if (!Array.isArray(expressions)) return fail('.matchExpressions: expected a list');
  const items: readonly unknown[] = expressions;
  const parsed: Expressions[number][] = [];
  for (const [index, item] of items.entries()) {
    const place = `.matchExpressions[${index}]`;
    const key = toText(valueAt(item, 'key'));
    const operator = toText(valueAt(item, 'operator'));
    if (key === undefined || operator === undefined)
      return fail(`${place}: expected key and operator as texts`);
    const values = valueAt(item, 'values') ?? undefined;
    const texts = values === undefined ? undefined : toTextList(values);
    if (values !== undefined && texts === undefined) return fail(`${place}.values: expected a list of texts`);
    parsed.push({ key, operator, ...(texts === undefined ? {} : { values: texts }) });
  }
  return ok(parsed);
}
