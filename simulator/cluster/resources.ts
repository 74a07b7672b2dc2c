import {
  type ApiError,
  methodNotAllowed,
  noSuchResource,
  notFound,
  unsupportedMediaType,
} from './api-error.js';
import { jsonPatch, mergePatch } from './json-patch.js';
import { toListOptions } from './list-options.js';
import { listPage } from './listing.js';
import { type Extent, toExtent } from './negotiation.js';
import { fieldAt, type JsonObject } from './object.js';
import { mediaTypeOf, parseBody, parseJsonBody, type RequestBody } from './request-body.js';
import type { RequestInfo, ResourceTarget } from './request-info.js';
import { toScale } from './scale.js';
import { toChoice } from './selection.js';
import type { ObjectStore } from './store.js';
import { keyOf, type Table, toPartial, type Version } from './table.js';
import type { WatchOptions } from './watch-stream.js';
import type { Writer, WriteTarget, Written } from './writer.js';

/** What a request gets: a document, or a watch that goes on. */
export type Answer =
  | DocumentAnswer
  | { readonly kind: 'watch'; readonly table: Table; readonly options: WatchOptions };

/** A document of JSON. */
export function document(status: number, body: string | object): DocumentAnswer {
  return { kind: 'document', status, body: typeof body === 'string' ? body : JSON.stringify(body) };
}

/** A `metav1.Status`. */
export function refusal(error: ApiError): DocumentAnswer {
  const seconds = error.status.details?.retryAfterSeconds;
  const answer = { kind: 'document', status: error.status.code, body: JSON.stringify(error.status) } as const;
  return seconds === undefined ? answer : { ...answer, headers: { 'retry-after': String(seconds) } };
}

export interface DocumentAnswer {
  readonly kind: 'document';
  readonly status: number;
  readonly body: string | Uint8Array;
  /** JSON when left out. */
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request beside its path: what narrows it, in which form the answer is wanted, and what it brings along. */
export interface Asked {
  readonly info: RequestInfo;
  /** The Accept header, empty where there is none. It counts for what is read; writes answer whole objects. */
  readonly accept: string;
  readonly body: RequestBody;
}

const patchTypes = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
];

/** Answers requests to the kinds that are stored. Each is carried out at once and whole, so they never interleave. */
export class ResourceHandler {
  readonly #store: ObjectStore;
  readonly #writer: Writer;
  readonly #bookmarkMs: number;

  constructor(
    ports: { readonly store: ObjectStore; readonly writer: Writer },
    options: { readonly bookmarkMs: number },
  ) {
    this.#store = ports.store;
    this.#writer = ports.writer;
    this.#bookmarkMs = options.bookmarkMs;
  }

  /** The table of a request's resource, if it is one of those that are stored. */
  tableOf(target: ResourceTarget): Table | undefined {
    const table = this.#store.table(target.resource);
    return table?.kind.group === target.group && table.kind.version === target.version ? table : undefined;
  }

  /** Throws the `ApiError` of whatever does not fit. */
  handle(target: ResourceTarget, asked: Asked): Answer {
    const table = this.tableOf(target);
    if (table === undefined || !isKnown(table, target)) throw noSuchResource();
    const namespace = table.kind.isNamespaced ? target.namespace : '';
    const { name, subresource } = target;
    const place = { table, namespace, name, subresource };
    const { info, body, accept } = asked;
    switch (target.verb) {
      case 'get':
        return this.#get(place, toExtent(accept, 'get', table.kind));
      case 'list':
        return this.#list(place, info, toExtent(accept, 'list', table.kind));
      case 'watch':
        return this.#watch(place, info, toExtent(accept, 'watch', table.kind));
      case 'create':
        return this.#create(place, body);
      case 'update':
        return written(this.#writer.replace(place, parseJsonBody(body)), subresource);
      case 'patch':
        return written(this.#patch(place, body), subresource);
      case 'delete':
        return removed(table, this.#writer.remove(place, body.text === '' ? {} : parseJsonBody(body)));
      case 'deletecollection':
        throw methodNotAllowed();
    }
  }

  #found(target: WriteTarget): Version {
    const version = target.table.get(keyOf(target.namespace, target.name));
    if (version === undefined) throw notFound({ ...target.table.kind, name: target.name });
    return version;
  }

  #get(target: WriteTarget, extent: Extent): Answer {
    return document(200, textOf(this.#found(target), target.subresource, extent));
  }

  #list({ table, namespace }: WriteTarget, info: RequestInfo, extent: Extent): Answer {
    const options = toListOptions(info.query);
    return document(200, listPage(table, this.#store.revision, { namespace, options, extent }));
  }

  #watch(target: WriteTarget, info: RequestInfo, extent: Extent): Answer {
    const asked = toListOptions(info.query);
    const options = {
      choice: toChoice(target.table.kind, { namespace: target.namespace, ...asked }),
      extent,
      revision: asked.revision,
      bookmarkMs: asked.withBookmarks ? this.#bookmarkMs : undefined,
      timeoutMs: asked.timeoutSeconds === undefined ? undefined : asked.timeoutSeconds * 1000,
    };
    return { kind: 'watch', table: target.table, options };
  }

  #create(target: WriteTarget, body: RequestBody): Answer {
    if (target.name !== '') throw methodNotAllowed();
    return written(this.#writer.create(target, parseJsonBody(body)), '');
  }

  #patch(target: WriteTarget, body: RequestBody): Written {
    const type = mediaTypeOf(body);
    if (!patchTypes.includes(type)) throw unsupportedMediaType(patchTypes);
    const { object } = this.#found(target);
    const current = target.subresource === 'scale' ? toScale(object) : object;
    const patch = parseBody(body);
    const isJsonPatch = type === 'application/json-patch+json';
    const apply = (from: JsonObject): unknown =>
      isJsonPatch ? jsonPatch(from, patch) : mergePatch(from, patch);
    return this.#writer.patch(target, current, apply);
  }
}

function isKnown(table: Table, target: ResourceTarget): boolean {
  const { isNamespaced, subresources } = table.kind;
  const isPlaced =
    !isNamespaced || target.namespace !== '' || target.verb === 'list' || target.verb === 'watch';
  const isSubresource =
    target.subresource === '' || subresources.some((known) => known === target.subresource);
  return isPlaced && isSubresource;
}

function textOf(version: Version, subresource: string, extent: Extent): string {
  if (subresource !== 'scale') return version.jsonOf(extent);
  const scale = toScale(version.object);
  return JSON.stringify(extent === 'metadata' ? toPartial(fieldAt(scale, 'metadata')) : scale);
}

function written(result: Written, subresource: string): Answer {
  return document(result.isNew ? 201 : 200, textOf(result.version, subresource, 'whole'));
}

function removed(table: Table, version: Version): Answer {
  // A real server answers the deleted pod, and a Status for most else.
  if (table.kind.resource === 'pods') return document(200, version.json);
  const { name, uid } = version.object.metadata;
  const group = table.kind.group === '' ? {} : { group: table.kind.group };
  const details = { name, ...group, kind: table.kind.resource, uid };
  return document(200, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details });
}
