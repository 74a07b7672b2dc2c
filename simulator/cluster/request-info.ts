import { nameInFieldSelector } from './selection.js';

/** What a client wants, as Kubernetes' authorization and audit name it. */
export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

/** A request's path and method, read as kube-apiserver reads them (`RequestInfo`). */
export interface RequestInfo {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** The query as it came, with its `?`; empty when there is none. */
  readonly rawQuery: string;
  /** Where the path leads into a group's resources. */
  readonly target: ResourceTarget | undefined;
}

export interface ResourceTarget {
  readonly verb: Verb;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  /** Empty where the path has none; so are `name` and `subresource`. */
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
}

/** A path that cannot be percent-decoded has no target. */
export function toRequestInfo(method: string, url: string): RequestInfo {
  const at = url.indexOf('?');
  const path = at < 0 ? url : url.slice(0, at);
  const rawQuery = at < 0 ? '' : url.slice(at);
  const query = new URLSearchParams(rawQuery);
  return { method, path, query, rawQuery, target: toTarget(method, segmentsOf(path), query) };
}

function segmentsOf(path: string): readonly string[] {
  try {
    return path
      .split('/')
      .slice(1)
      .filter((part) => part !== '')
      .map(decodeURIComponent);
  } catch {
    // A malformed escape: no resource has such a name, so the request ends as a 404.
    return [];
  }
}

function toTarget(
  method: string,
  segments: readonly string[],
  query: URLSearchParams,
): ResourceTarget | undefined {
  const [root, ...rest] = segments;
  if (root === 'api')
    return inGroup(method, { group: '', version: rest[0] ?? '', parts: rest.slice(1) }, query);
  if (root !== 'apis') return undefined;
  const [group = '', version = '', ...parts] = rest;
  return inGroup(method, { group, version, parts }, query);
}

interface GroupPath {
  readonly group: string;
  readonly version: string;
  readonly parts: readonly string[];
}

function inGroup(method: string, path: GroupPath, query: URLSearchParams): ResourceTarget | undefined {
  const place = toPlace(path.parts);
  if (place === undefined) return undefined;
  const name = place.name === '' ? (nameInFieldSelector(query.get('fieldSelector') ?? '') ?? '') : place.name;
  const verb = toVerb(method, place.name !== '', isTrue(query.get('watch')));
  const isCollection = verb === 'list' || verb === 'watch' || verb === 'deletecollection';
  return { verb, group: path.group, version: path.version, ...place, name: isCollection ? name : place.name };
}

/** `namespaces/{ns}/{resource}/{name}/{subresource}`, where namespaces are a resource of their own too. */
function toPlace(
  parts: readonly string[],
): Pick<ResourceTarget, 'namespace' | 'resource' | 'name' | 'subresource'> | undefined {
  const [first, second = '', third, fourth = '', fifth = ''] = parts;
  if (first === undefined || parts.length > 5) return undefined;
  const isInNamespace =
    first === 'namespaces' && third !== undefined && third !== 'status' && third !== 'finalize';
  if (isInNamespace) return { namespace: second, resource: third, name: fourth, subresource: fifth };
  if (parts.length > 3) return undefined;
  const namespace = first === 'namespaces' ? second : '';
  return { namespace, resource: first, name: second, subresource: third ?? '' };
}

function toVerb(method: string, hasName: boolean, isWatch: boolean): Verb {
  switch (method) {
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return hasName ? 'delete' : 'deletecollection';
    default:
      return isWatch ? 'watch' : hasName ? 'get' : 'list';
  }
}

export function isTrue(text: string | null): boolean {
  return (
    text === '1' || text === 'true' || text === 'True' || text === 'TRUE' || text === 't' || text === 'T'
  );
}
