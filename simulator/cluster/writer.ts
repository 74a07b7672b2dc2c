import { randomInt } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { ApiError, alreadyExists, badRequest, conflict, invalid, notFound } from './api-error.js';
import { apiVersionOf, type Kind } from './kinds.js';
import { fieldAt, isJsonObject, type JsonObject, numberAt, objectAt, textAt, without } from './object.js';
import { fromScale } from './scale.js';
import type { ObjectStore } from './store.js';
import { keyOf, type Table, type Version } from './table.js';
import { validate } from './validation.js';

/** The object that a write is about. */
export interface WriteTarget {
  readonly table: Table;
  /** Empty for kinds without namespaces. */
  readonly namespace: string;
  readonly name: string;
  /** `''`, `status` or `scale`. */
  readonly subresource: string;
}

export interface Written {
  readonly version: Version;
  readonly isNew: boolean;
}

/** Writes with the rules of kube-apiserver: compare-and-swap, identity, subresources, generations, no-op detection. */
export class Writer {
  readonly #store: ObjectStore;

  constructor(ports: { readonly store: ObjectStore }) {
    this.#store = ports.store;
  }

  /** Throws 409 AlreadyExists, 404 for a namespace that is not there, 400 and 422 for what does not fit. */
  create(target: WriteTarget, body: unknown): Written {
    const { table } = target;
    const object = checkedBody(table.kind, target, body);
    if (textAt(object, 'metadata', 'resourceVersion') !== undefined) {
      throw new ApiError(500, '', 'resourceVersion should not be set on objects to be created');
    }
    const name =
      textAt(object, 'metadata', 'name') ?? (target.name === '' ? generatedName(object) : target.name);
    validate(table.kind, name, object);
    this.#checkNamespace(target);
    if (table.get(keyOf(target.namespace, name)) !== undefined) throw alreadyExists({ ...table.kind, name });
    const fresh = hasStatus(table.kind) ? without(object, 'status') : object;
    const metadata = {
      ...without(objectAt(fresh, 'metadata'), 'uid', 'creationTimestamp'),
      ...firstGeneration(table.kind),
    };
    const version = this.#store.put(table, { namespace: target.namespace, name }, { ...fresh, metadata });
    return { version, isNew: true };
  }

  /** A PUT. An absent name is 404, but for the kinds that a PUT may create. */
  replace(target: WriteTarget, body: unknown): Written {
    const existing = this.#existing(target);
    if (existing === undefined) {
      if (!target.table.kind.createsOnPut || target.subresource !== '')
        throw notFound({ ...target.table.kind, name: target.name });
      checkUid(target, textAt(body, 'metadata', 'uid'), '');
      return this.create(target, isJsonObject(body) ? withoutVersion(body) : body);
    }
    if (target.subresource === 'scale') {
      return { version: this.#update(target, existing, fromScale(existing.object, body)), isNew: false };
    }
    const object = checkedBody(target.table.kind, target, body);
    return { version: this.#update(target, existing, object), isNew: false };
  }

  /** A PATCH: `patch` makes the new object of the old one (or the new Scale of the old one). */
  patch(target: WriteTarget, current: JsonObject, patch: (object: JsonObject) => unknown): Written {
    const existing = this.#existing(target);
    if (existing === undefined) throw notFound({ ...target.table.kind, name: target.name });
    const patched = patch(current);
    const proposed = target.subresource === 'scale' ? fromScale(existing.object, patched) : patched;
    return {
      version: this.#update(target, existing, checkedBody(target.table.kind, target, proposed)),
      isNew: false,
    };
  }

  /** Stores an object whole, status and all, whatever is there: the way of tests and demos, past all rules. */
  force(
    table: Table,
    place: { readonly namespace: string; readonly name: string },
    object: JsonObject,
  ): Version {
    const existing = table.get(keyOf(place.namespace, place.name));
    const next = hasStatus(table.kind) ? withGeneration(existing?.object, object) : object;
    if (existing !== undefined && isDeepStrictEqual(comparable(next), comparable(existing.object)))
      return existing;
    return this.#store.put(table, place, next);
  }

  /** Answers the last version. Deleting a namespace takes all that is in it along, at once. */
  remove(target: WriteTarget, options: unknown): Version {
    const existing = this.#existing(target);
    if (existing === undefined) throw notFound({ ...target.table.kind, name: target.name });
    const { uid, resourceVersion } = existing.object.metadata;
    checkUid(target, textAt(options, 'preconditions', 'uid'), uid);
    const expected = textAt(options, 'preconditions', 'resourceVersion');
    if (expected !== undefined && expected !== resourceVersion) {
      throw conflict(
        { ...target.table.kind, name: target.name },
        `Precondition failed: ResourceVersion in precondition: ${expected}, ResourceVersion in object meta: ${resourceVersion}`,
      );
    }
    if (target.table.kind.resource === 'namespaces') this.#empty(target.name);
    this.#store.remove(target.table, target);
    return existing;
  }

  #existing(target: WriteTarget): Version | undefined {
    return target.table.get(keyOf(target.namespace, target.name));
  }

  #update(target: WriteTarget, existing: Version, proposed: JsonObject): Version {
    const { kind } = target.table;
    checkUid(target, textAt(proposed, 'metadata', 'uid'), existing.object.metadata.uid);
    checkVersion(target, textAt(proposed, 'metadata', 'resourceVersion'), existing);
    const merged =
      target.subresource === 'status'
        ? withStatusOf(existing.object, proposed)
        : withSpecOf(kind, existing.object, proposed);
    validate(kind, target.name, merged);
    if (isDeepStrictEqual(comparable(merged), comparable(existing.object))) return existing;
    return this.#store.put(target.table, target, merged);
  }

  #checkNamespace(target: WriteTarget): void {
    const namespaces = this.#store.table('namespaces');
    if (!target.table.kind.isNamespaced || namespaces?.get(keyOf('', target.namespace)) !== undefined) return;
    throw notFound({ group: '', resource: 'namespaces', name: target.namespace });
  }

  #empty(namespace: string): void {
    for (const kind of this.#store.kinds) {
      const table = this.#store.table(kind.resource);
      if (table === undefined || !kind.isNamespaced) continue;
      for (const version of table.all()) {
        const { metadata } = version.object;
        if (metadata.namespace === namespace) this.#store.remove(table, { namespace, name: metadata.name });
      }
    }
  }
}

/** Without vowels and look-alikes, as Kubernetes draws them; empty where nothing was asked to be generated. */
function generatedName(object: JsonObject): string {
  const prefix = textAt(object, 'metadata', 'generateName');
  if (prefix === undefined) return '';
  const letters = 'bcdfghjklmnpqrstvwxz2456789';
  return prefix + Array.from({ length: 5 }, () => letters[randomInt(letters.length)] ?? 'x').join('');
}

function checkedBody(kind: Kind, target: WriteTarget, body: unknown): JsonObject {
  if (!isJsonObject(body))
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kind.kind}): expected a JSON object`,
    );
  const apiVersion = textAt(body, 'apiVersion') ?? '';
  if (apiVersion !== '' && apiVersion !== apiVersionOf(kind)) {
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${apiVersionOf(kind)})`,
    );
  }
  const kindName = textAt(body, 'kind') ?? '';
  if (kindName !== '' && kindName !== kind.kind) {
    throw badRequest(
      `${kindName} in version "${kind.version}" cannot be handled as a ${kind.kind}: converting (${kindName}) to (${kind.kind}): unknown conversion`,
    );
  }
  checkPlace(target, objectAt(body, 'metadata'));
  return body;
}

function checkPlace(target: WriteTarget, metadata: JsonObject): void {
  const namespace = textAt(metadata, 'namespace') ?? '';
  if (namespace !== '' && target.table.kind.isNamespaced && namespace !== target.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  const name = textAt(metadata, 'name') ?? '';
  if (name !== '' && target.name !== '' && name !== target.name) {
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${target.name})`);
  }
}

function checkUid(target: WriteTarget, expected: string | undefined, actual: string): void {
  if (expected === undefined || expected === '' || expected === actual) return;
  const why = `Precondition failed: UID in precondition: ${expected}, UID in object meta: ${actual}`;
  throw conflict({ ...target.table.kind, name: target.name }, why);
}

function checkVersion(target: WriteTarget, expected: string | undefined, existing: Version): void {
  const { kind } = target.table;
  if (expected !== undefined && expected !== '') {
    if (expected !== existing.object.metadata.resourceVersion) throw conflict({ ...kind, name: target.name });
  } else if (kind.needsVersionOnPut) {
    throw invalid(kind, target.name, {
      field: 'metadata.resourceVersion',
      reason: 'FieldValueInvalid',
      message: 'Invalid value: 0x0: must be specified for an update',
    });
  }
}

function hasStatus(kind: Kind): boolean {
  return kind.subresources.includes('status');
}

function firstGeneration(kind: Kind): JsonObject {
  return hasStatus(kind) ? { generation: 1 } : {};
}

/** The main resource: everything but the status, which has its own subresource. */
function withSpecOf(kind: Kind, existing: JsonObject, proposed: JsonObject): JsonObject {
  if (!hasStatus(kind)) return proposed;
  const status = 'status' in existing ? { status: existing['status'] } : {};
  return { ...without(withGeneration(existing, proposed), 'status'), ...status };
}

/** The generation counts the changes of the spec. */
function withGeneration(existing: JsonObject | undefined, proposed: JsonObject): JsonObject {
  const isSpecNew =
    existing !== undefined && !isDeepStrictEqual(fieldAt(existing, 'spec'), fieldAt(proposed, 'spec'));
  const generation = (numberAt(existing, 'metadata', 'generation') ?? 1) + (isSpecNew ? 1 : 0);
  return { ...proposed, metadata: { ...objectAt(proposed, 'metadata'), generation } };
}

function withStatusOf(existing: JsonObject, proposed: JsonObject): JsonObject {
  return { ...without(existing, 'status'), ...('status' in proposed ? { status: proposed['status'] } : {}) };
}

function withoutVersion(object: JsonObject): JsonObject {
  return { ...object, metadata: without(objectAt(object, 'metadata'), 'resourceVersion', 'uid') };
}

/** What makes two versions of an object differ: all but what the server itself fills in. */
function comparable(object: JsonObject): JsonObject {
  const metadata = without(
    objectAt(object, 'metadata'),
    'resourceVersion',
    'uid',
    'creationTimestamp',
    'namespace',
    'name',
  );
  return { ...without(object, 'kind', 'apiVersion'), metadata };
}
