import type { Fault } from '../core/fault.js';
import { ok, type Result } from '../core/result.js';
import { type JsonObject, toObject, toText } from './json.js';
import {
  dateAfter,
  type Lock,
  type LockObjectOptions,
  type StoredLock,
  toCount,
  toDurationSeconds,
  toInstantMs,
  withNeededRights,
} from './lock-object.js';
import { type BoxPorts, ObjectBox, type StoredObject } from './object-box.js';

/** One `coordination.k8s.io/v1` Lease, compared and swapped. */
export class LeaseBox {
  readonly #box: ObjectBox;
  readonly #options: LockObjectOptions;

  constructor(ports: BoxPorts, options: LockObjectOptions) {
    const { name: _name, ...rest } = options;
    this.#options = options;
    this.#box = new ObjectBox(ports, {
      ...rest,
      kind: {
        api: '/apis/coordination.k8s.io/v1',
        resource: 'leases',
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
      },
      ownFields: [],
    });
  }

  /** `undefined`: there is no such Lease. */
  async read(signal: AbortSignal): Promise<Result<StoredLock | undefined, Fault>> {
    const read = await this.#box.read(this.#options.name, signal);
    return read.ok ? ok(read.value && toStoredLock(read.value)) : this.#explained(read);
  }

  /**
   * Writes the lock if the Lease still has `revision`; without one, creates it. The value is what is stored now. Faults:
   * `kube.conflict` when it has changed or exists already, `kube.not_found` when it was deleted, and the client's.
   */
  async write(
    lock: Lock,
    revision: string | undefined,
    signal: AbortSignal,
  ): Promise<Result<StoredLock, Fault>> {
    const content = (found: JsonObject) => {
      const before = toObject(found['spec']) ?? {};
      const renewedAtMs = dateAfter(lock.renewedAtMs, toLock(before).renewedAtMs, 1);
      return { fields: { spec: { ...before, ...toSpec({ ...lock, renewedAtMs }) } } };
    };
    const written = await this.#box.write(this.#options.name, { content, revision }, signal);
    return written.ok ? ok(toStoredLock(written.value)) : this.#explained(written);
  }

  /** Calls `onChange` after the first look and after each change, until `signal` aborts. */
  follow(onChange: () => void, signal: AbortSignal): Promise<void> {
    return this.#box.follow(this.#options.name, () => onChange(), signal);
  }

  #explained<T>(result: Result<T, Fault>): Result<T, Fault> {
    return withNeededRights(result, 'leases.coordination.k8s.io', this.#options);
  }
}

function toStoredLock({ body, revision }: StoredObject): StoredLock {
  const spec = toObject(body['spec']) ?? {};
  return { lock: toLock(spec), revision, stamp: JSON.stringify(spec) };
}

function toLock(spec: JsonObject): Lock {
  return {
    holder: toText(spec['holderIdentity']),
    durationSeconds: toCount(spec['leaseDurationSeconds']),
    acquiredAtMs: toInstantMs(spec['acquireTime']),
    renewedAtMs: toInstantMs(spec['renewTime']),
    transitions: toCount(spec['leaseTransitions']),
  };
}

/** Kubernetes takes no holder as an empty text. */
function toSpec(lock: Lock): JsonObject {
  return {
    holderIdentity: lock.holder ?? '',
    leaseDurationSeconds: toDurationSeconds(lock),
    acquireTime: toMicroTime(lock.acquiredAtMs),
    renewTime: toMicroTime(lock.renewedAtMs),
    leaseTransitions: lock.transitions,
  };
}

/** `metav1.MicroTime` always has six digits after the point. */
function toMicroTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
