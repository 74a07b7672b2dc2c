import { Fault, type FaultCode } from '../../../core/fault.js';
import { fail, ok, type Result } from '../../../core/result.js';
import type { Call, Method } from '../../../kube/api.js';
import { toObject, valueAt } from '../../../kube/json.js';

type StoredBody = Record<string, unknown>;

/** Single objects under their paths, with the API server's rules for revisions. */
export class FakeStore {
  readonly objects = new Map<string, StoredBody>();
  #revision = 100;

  put(path: string, body: StoredBody): string {
    this.#revision += 1;
    const revision = String(this.#revision);
    const metadata = { ...toObject(body['metadata']), resourceVersion: revision };
    this.objects.set(path, { ...body, metadata });
    return revision;
  }

  readonly answer = (method: Method, path: string, call: Call): Result<unknown, Fault> => {
    const found = this.objects.get(path);
    const wanted =
      valueAt(call.body, 'metadata', 'resourceVersion') ??
      valueAt(call.body, 'preconditions', 'resourceVersion');
    const isStale = wanted !== undefined && wanted !== valueAt(found, 'metadata', 'resourceVersion');
    switch (method) {
      case 'GET':
        return found === undefined ? refuse('kube.not_found') : ok(structuredClone(found));
      case 'POST': {
        const target = `${path}/${String(valueAt(call.body, 'metadata', 'name'))}`;
        if (this.objects.has(target)) return refuse('kube.conflict');
        this.put(target, sentIn(call));
        return ok(answered(call, this.objects.get(target)));
      }
      case 'PUT':
        if (found === undefined) return refuse('kube.not_found');
        if (isStale) return refuse('kube.conflict');
        this.put(path, sentIn(call));
        return ok(answered(call, this.objects.get(path)));
      case 'PATCH':
        if (found === undefined) return refuse('kube.not_found');
        if (isStale) return refuse('kube.conflict');
        this.put(path, merge(found, toObject(call.body) ?? {}));
        return ok(structuredClone(this.objects.get(path)));
      case 'DELETE':
        if (found === undefined) return refuse('kube.not_found');
        if (isStale) return refuse('kube.conflict');
        this.objects.delete(path);
        return ok({ kind: 'Status', status: 'Success' });
    }
  };
}

/** A list with one empty entry empties it. */
function sentIn({ body }: Call): StoredBody {
  const { managedFields: _managedFields, ...metadata } = toObject(valueAt(body, 'metadata')) ?? {};
  return { ...toObject(body), metadata };
}

function answered({ accept }: Call, stored: StoredBody | undefined): unknown {
  const { metadata, ...rest } = structuredClone(stored ?? {});
  return accept?.includes('as=PartialObjectMetadata') === true
    ? { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata }
    : { ...rest, metadata };
}

export function refuse(code: FaultCode, message: string = code): Result<never, Fault> {
  return fail(new Fault(code, message));
}

/** RFC 7386. */
function merge(target: StoredBody, patch: Readonly<StoredBody>): StoredBody {
  const merged = { ...target };
  for (const [key, value] of Object.entries(patch)) {
    const object = toObject(value);
    if (value === null) delete merged[key];
    else merged[key] = object === undefined ? value : merge({ ...toObject(merged[key]) }, object);
  }
  return merged;
}
