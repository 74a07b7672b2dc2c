import { isDeepStrictEqual } from 'node:util';
import { ApiError, badRequest } from './api-error.js';
import { isJsonObject, type JsonObject } from './object.js';

/** RFC 7386: `null` removes, objects merge, everything else replaces. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return patch;
  const merged: Record<string, unknown> = isJsonObject(target) ? { ...target } : {};
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete merged[field];
    else merged[field] = mergePatch(merged[field], value);
  }
  return merged;
}

/** RFC 6902. Throws a 422 with a real server's words when an operation cannot be done or a `test` fails. */
export function jsonPatch(target: JsonObject, patch: unknown): unknown {
  if (!Array.isArray(patch))
    throw badRequest('error decoding patch: a JSON patch must be an array of operations');
  return patch.reduce<unknown>((document, operation) => apply(document, operation), structuredClone(target));
}

function apply(document: unknown, operation: unknown): unknown {
  if (!isJsonObject(operation)) throw badRequest('error decoding patch: an operation must be an object');
  const path = toPath(operation['path']);
  switch (operation['op']) {
    case 'add':
      return add(document, path, operation['value']);
    case 'remove':
      return remove(document, path);
    case 'replace':
      return add(remove(document, path), path, operation['value']);
    case 'move': {
      const from = toPath(operation['from']);
      const moved = valueAt(document, from);
      return add(remove(document, from), path, moved);
    }
    case 'copy':
      return add(document, path, structuredClone(valueAt(document, toPath(operation['from']))));
    case 'test':
      if (!isDeepStrictEqual(valueAt(document, path), operation['value'])) throw refused();
      return document;
    default:
      throw badRequest(`error decoding patch: unexpected kind: ${String(operation['op'])}`);
  }
}

function toPath(pointer: unknown): readonly string[] {
  if (pointer === '') return [];
  if (typeof pointer !== 'string' || !pointer.startsWith('/')) throw refused();
  return pointer
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** A member of an object or an array. */
interface Place {
  get(): unknown;
  has(): boolean;
  insert(value: unknown): void;
  remove(): void;
}

function placeOf(document: unknown, path: readonly string[]): Place {
  const parent = path.slice(0, -1).reduce<unknown>((at, part) => memberOf(at, part).get(), document);
  return memberOf(parent, path.at(-1) ?? '');
}

function memberOf(parent: unknown, part: string): Place {
  if (Array.isArray(parent)) return elementOf(parent, part);
  if (!isMutable(parent) || part === '__proto__') throw refused();
  return {
    get: () => parent[part],
    has: () => Object.hasOwn(parent, part),
    insert: (value) => {
      parent[part] = value;
    },
    remove: () => {
      delete parent[part];
    },
  };
}

function elementOf(parent: unknown[], part: string): Place {
  const index = part === '-' ? parent.length : Number(part);
  if (!/^(-|0|[1-9]\d*)$/.test(part) || index > parent.length) throw refused();
  return {
    get: () => parent[index],
    has: () => index < parent.length,
    insert: (value) => {
      parent.splice(index, 0, value);
    },
    remove: () => {
      parent.splice(index, 1);
    },
  };
}

function isMutable(value: unknown): value is Record<string, unknown> {
  return isJsonObject(value);
}

/** An absent member counts as null, as in the library that a real server uses. */
function valueAt(document: unknown, path: readonly string[]): unknown {
  return path.length === 0 ? document : (placeOf(document, path).get() ?? null);
}

function add(document: unknown, path: readonly string[], value: unknown): unknown {
  if (path.length === 0) return value;
  placeOf(document, path).insert(value);
  return document;
}

function remove(document: unknown, path: readonly string[]): unknown {
  if (path.length === 0) return {};
  const place = placeOf(document, path);
  if (!place.has()) throw refused();
  place.remove();
  return document;
}

function refused(): ApiError {
  const message = 'the server rejected our request due to an error in our request';
  return new ApiError(422, 'Invalid', message, { details: {} });
}
