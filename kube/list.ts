import { Fault } from '../core/fault.js';
import { fail, ok, type Result } from '../core/result.js';
import type { KubeApi } from './api.js';
import { toText, valueAt } from './json.js';
import type { Mirror } from './mirror.js';
import { type Slimmed, type Slimming, slim } from './view.js';

/** A collection at the API server, or the part of it that is wanted. */
export interface Collection {
  readonly path: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
}

export interface ListPorts<T> {
  readonly client: KubeApi;
  readonly slimming: Slimming<T>;
  /** Gets the pages. */
  readonly mirror: Pick<Mirror<T>, 'begin' | 'list'>;
}

export interface ListOptions {
  readonly collection: Collection;
  readonly pageSize: number;
  /** Media types; default JSON. */
  readonly accept?: string | undefined;
}

/**
 * A page's token can expire while its list is under way; to begin anew is normal, to begin anew for ever is
 * not.
 */
const maxRestarts = 3;

/**
 * Reads a collection page by page and slims each page as it comes, so that never more than one is held in
 * full. The value is the revision at which a watch begins.
 */
export async function listAll<T>(
  ports: ListPorts<T>,
  options: ListOptions,
  signal: AbortSignal,
): Promise<Result<string, Fault>> {
  const { mirror } = ports;
  let firstRevision: string | undefined;
  let next: string | undefined;
  let restarts = 0;
  mirror.begin();
  while (true) {
    const page = await readPage(ports, { ...options, next }, signal);
    if (page.ok) {
      firstRevision ??= page.value.revision;
      mirror.list(page.value.slimmed);
      next = page.value.next;
      // The first page's revision: should those of a server's pages differ, some events come twice and none
      // is lost.
      if (next === undefined) return ok(firstRevision);
    } else {
      const isExpiredToken = page.error.code === 'kube.gone' && next !== undefined;
      if (!isExpiredToken || restarts === maxRestarts) return page;
      restarts += 1;
      firstRevision = undefined;
      next = undefined;
      mirror.begin();
    }
  }
}

interface Page<T> {
  readonly slimmed: readonly Slimmed<T>[];
  readonly revision: string;
  /** The token of the next page. */
  readonly next: string | undefined;
}

async function readPage<T>(
  { client, slimming }: ListPorts<T>,
  { collection, pageSize, accept, next }: ListOptions & { readonly next: string | undefined },
  signal: AbortSignal,
): Promise<Result<Page<T>, Fault>> {
  const { path, fieldSelector, labelSelector } = collection;
  const query = { limit: pageSize, continue: next, fieldSelector, labelSelector };
  const body = await client.request(
    'GET',
    path,
    { query, ...(accept === undefined ? {} : { accept }) },
    signal,
  );
  if (!body.ok) return body;
  const revision = toText(valueAt(body.value, 'metadata', 'resourceVersion'));
  // Go writes an empty list that was never made as null.
  const items = valueAt(body.value, 'items') ?? [];
  if (revision === undefined || !Array.isArray(items)) {
    return fail(new Fault('kube.unreachable', `GET ${path}: the answer is no Kubernetes list`));
  }
  const objects: readonly unknown[] = items;
  return ok({
    slimmed: objects.map((object) => slim(object, slimming)),
    revision,
    next: toText(valueAt(body.value, 'metadata', 'continue')),
  });
}
