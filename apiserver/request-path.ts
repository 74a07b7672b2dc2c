import { Fault } from '../core/fault.js';
import { type MetricId, type MetricKey, metricId } from '../core/metric.js';
import { fail, ok, type Result } from '../core/result.js';
import type { AccessRequest } from '../core/user.js';
import { isWatch, toSelector } from './list-options.js';
import { parseQueryString, type Query } from './query-string.js';

/** The API group that is served. */
export const apiGroup = 'external.metrics.k8s.io';
/** Its only version. */
export const apiVersion = 'v1beta1';
/** The path of the group document. */
export const groupPath = `/apis/${apiGroup}`;
/** The path of the resource list, below which metrics are read. */
export const versionPath = `${groupPath}/${apiVersion}`;

/** Which metric is asked for. */
export interface MetricQuestion {
  readonly id: MetricId;
  readonly key: MetricKey;
}

/**
 * A read of one metric. What is wrong with the question is kept until the request has been authorized, so that
 * nobody learns anything by asking wrongly.
 */
export interface MetricRoute {
  readonly kind: 'metric';
  readonly namespace: string;
  readonly name: string;
  readonly isWatch: boolean;
  readonly question: Result<MetricQuestion, Fault>;
  /** What the parameter `pretty` says, if anything. */
  readonly isPretty: boolean | undefined;
}

/** A path inside the API group that leads nowhere, with what Kubernetes would take it for. */
export interface StrayRoute {
  readonly kind: 'stray';
  readonly version: string;
  readonly resource: string;
  readonly namespace: string;
  readonly isNamed: boolean;
  readonly isWatch: boolean;
}

/** Any other path, decoded once. */
export interface PathRoute {
  readonly kind: 'path';
  readonly path: string;
}

/** A request target that cannot be read at all. */
export interface MalformedRoute {
  readonly kind: 'malformed';
  readonly fault: Fault;
}

/** What a request target means. */
export type Route = MetricRoute | StrayRoute | PathRoute | MalformedRoute;

/** Printable ASCII from a slash on, without `#`: all that a request target may consist of (RFC 9112). */
const targetExpression = /^\/[!"$-~]*$/;

/**
 * Reads a raw request target. Each segment of the path is percent-decoded exactly once, after splitting, so that an
 * encoded slash never separates.
 */
export function parseRequestPath(url: string): Route {
  if (!targetExpression.test(url)) return malformed('expected a path of printable ASCII characters');
  const mark = url.indexOf('?');
  const rawPath = mark < 0 ? url : url.slice(0, mark);
  const segments = decodeSegments(rawPath);
  if (segments === undefined) return malformed('the path cannot be decoded: expected UTF-8, percent-encoded');
  const query = parseQueryString(mark < 0 ? '' : url.slice(mark + 1));
  const [, root, group, version, ...rest] = segments;
  if (
    root !== 'apis' ||
    group !== apiGroup ||
    version === undefined ||
    rest.every((segment) => segment === '')
  ) {
    return { kind: 'path', path: segments.join('/') };
  }
  const [collection, namespace, name] = rest;
  const isMetric = version === apiVersion && collection === 'namespaces' && rest.length === 3;
  return isMetric && namespace !== '' && name !== undefined && name !== '' && !isNamespaceSubresource(name)
    ? toMetricRoute(namespace ?? '', name, query)
    : toStrayRoute(version, rest, query);
}

/** What authorization is asked for: the verb of a metric's GET is `list`, as Kubernetes sees a path without an object's name. */
export function accessOf(route: MetricRoute | StrayRoute | PathRoute, method: string): AccessRequest {
  switch (route.kind) {
    case 'path':
      return { kind: 'path', verb: method.toLowerCase(), path: route.path };
    case 'metric': {
      const verb = verbOf(method, { isNamed: false, isWatch: route.isWatch });
      return resourceAccess(verb, apiVersion, route.name, route.namespace);
    }
    case 'stray':
      return resourceAccess(verbOf(method, route), route.version, route.resource, route.namespace);
  }
}

/** Why a metric of this name could not be asked for by a path, or `undefined`. */
export function nameProblem(name: string): string | undefined {
  if (name.length > maxNameLength)
    return `a metric name has at most ${maxNameLength} characters, this one has ${name.length}`;
  if (name === '.' || name === '..') return `a metric cannot be named "${name}"`;
  const bad = forbiddenCharacter.exec(name)?.[0];
  return bad === undefined ? undefined : `a metric name cannot contain ${JSON.stringify(bad)}`;
}

/** `/namespaces/{ns}/status` and `…/finalize` are read by every API server as parts of the namespace itself. */
export function isNamespaceSubresource(name: string): boolean {
  return name === 'status' || name === 'finalize';
}

/** Room for the longest name in use, `datadogmetric@<namespace>:<name>`, and far under what a URL may hold. */
const maxNameLength = 400;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const forbiddenCharacter = /[/%\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
const namespaceExpression = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

function malformed(expectation: string): MalformedRoute {
  return {
    kind: 'malformed',
    fault: new Fault('request.malformed', `the request target is malformed: ${expectation}`),
  };
}

function decodeSegments(path: string): string[] | undefined {
  const segments = path.split('/');
  if (!path.includes('%')) return segments;
  try {
    return segments.map(decodeURIComponent);
  } catch {
    // The only error that decoding knows: a bad escape, or bytes that are not UTF-8.
    return undefined;
  }
}

function toMetricRoute(namespace: string, name: string, query: Result<Query, string>): MetricRoute {
  return {
    kind: 'metric',
    namespace,
    name,
    isWatch: query.ok && isWatch(query.value),
    question: toQuestion(namespace, name, query),
    isPretty: query.ok ? prettyOf(query.value) : undefined,
  };
}

function toQuestion(
  namespace: string,
  name: string,
  query: Result<Query, string>,
): Result<MetricQuestion, Fault> {
  if (!namespaceExpression.test(namespace)) {
    const expectation =
      "expected up to 63 lower-case letters, digits and '-', beginning and ending with a letter or digit";
    return fail(
      new Fault(
        'request.malformed',
        `not a namespace: ${JSON.stringify(namespace.slice(0, 100))}: ${expectation}`,
      ),
    );
  }
  const badName = nameProblem(name);
  if (badName !== undefined) return fail(new Fault('request.malformed', badName));
  if (!query.ok) return fail(new Fault('request.malformed', query.error));
  const selector = toSelector(query.value);
  if (!selector.ok) return selector;
  const key = { namespace, name, selector: selector.value };
  return ok({ id: metricId(key), key });
}

function prettyOf(query: Query): boolean | undefined {
  const value = query.get('pretty')?.[0]?.toLowerCase();
  if (value === '1' || value === 't' || value === 'true') return true;
  return value === '0' || value === 'f' || value === 'false' ? false : undefined;
}

/** The rules of the `RequestInfoFactory` in k8s.io/apiserver, as far as they bear on authorization. */
function toStrayRoute(version: string, rest: readonly string[], query: Result<Query, string>): StrayRoute {
  const [collection, namespace = '', ...below] = rest;
  const isWithin = collection === 'namespaces' && below.length > 0 && !isNamespaceSubresource(below[0] ?? '');
  const [resource = '', name] = isWithin ? below : rest;
  return {
    kind: 'stray',
    version,
    resource,
    namespace: collection === 'namespaces' ? namespace : '',
    isNamed: name !== undefined && name !== '',
    isWatch: query.ok && isWatch(query.value),
  };
}

function resourceAccess(verb: string, version: string, resource: string, namespace: string): AccessRequest {
  return { kind: 'resource', verb, group: apiGroup, version, resource, namespace };
}

function verbOf(
  method: string,
  { isNamed, isWatch: watches }: { readonly isNamed: boolean; readonly isWatch: boolean },
): string {
  switch (method) {
    case 'GET':
    case 'HEAD':
      return isNamed ? 'get' : watches ? 'watch' : 'list';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return isNamed ? 'delete' : 'deletecollection';
    default:
      return '';
  }
}
