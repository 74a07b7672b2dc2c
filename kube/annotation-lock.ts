import type { Fault } from '../core/fault.js';
import { ok, type Result } from '../core/result.js';
import { type JsonObject, toObject, toText, toTexts, valueAt } from './json.js';
import {
  dateAfter,
  type Lock,
  type LockObjectOptions,
  noLock,
  type StoredLock,
  toCount,
  toDurationSeconds,
  toInstantMs,
  withNeededRights,
} from './lock-object.js';
import { type BoxPorts, ObjectBox, type StoredObject } from './object-box.js';

/** Where client-go kept its record before it kept Leases (`resourcelock.LeaderElectionRecordAnnotationKey`). */
export const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader';

const kinds = {
  configmap: { resource: 'configmaps', kind: 'ConfigMap' },
  endpoints: { resource: 'endpoints', kind: 'Endpoints' },
} as const;

export interface AnnotationLockOptions extends LockObjectOptions {
  readonly kind: keyof typeof kinds;
}

/**
 * The lock in an annotation of a core/v1 ConfigMap or Endpoints, as client-go up to v0.23 kept it: JSON, with times of
 * whole seconds. An object without the annotation is free. What else the object, its annotations and the record hold
 * stays.
 */
export class AnnotationLockBox {
  readonly #box: ObjectBox;
  readonly #options: AnnotationLockOptions;

  constructor(ports: BoxPorts, options: AnnotationLockOptions) {
    const { name: _name, kind, ...rest } = options;
    this.#options = options;
    this.#box = new ObjectBox(ports, {
      ...rest,
      kind: { api: '/api/v1', apiVersion: 'v1', ...kinds[kind] },
      ownFields: [],
    });
  }

  /** `undefined`: there is no such object. */
  async read(signal: AbortSignal): Promise<Result<StoredLock | undefined, Fault>> {
    const read = await this.#box.read(this.#options.name, signal);
    return read.ok ? ok(read.value && this.#toStoredLock(read.value)) : this.#explained(read);
  }

  /**
   * Writes the lock if the object still has `revision`; without one, creates it. The value is what is stored now. Faults:
   * `kube.conflict` when it has changed or exists already, `kube.not_found` when it was deleted, and the client's.
   */
  async write(
    lock: Lock,
    revision: string | undefined,
    signal: AbortSignal,
  ): Promise<Result<StoredLock, Fault>> {
    const content = (found: JsonObject) => {
      const before = parseRecord(recordOf(found)) ?? {};
      const renewedAtMs = dateAfter(lock.renewedAtMs, toLock(before).renewedAtMs, 1_000);
      const record = { ...toRecord({ ...lock, renewedAtMs }), ...foreignOf(before) };
      return { fields: {}, annotations: { [leaderAnnotation]: JSON.stringify(record) } };
    };
    const written = await this.#box.write(this.#options.name, { content, revision }, signal);
    return written.ok ? ok(this.#toStoredLock(written.value)) : this.#explained(written);
  }

  /** Calls `onChange` after the first look and after each change, until `signal` aborts. */
  follow(onChange: () => void, signal: AbortSignal): Promise<void> {
    return this.#box.follow(this.#options.name, () => onChange(), signal);
  }

  #toStoredLock({ body, revision }: StoredObject): StoredLock {
    const stamp = recordOf(body);
    if (stamp === undefined) return { lock: noLock, revision, stamp: '' };
    const record = parseRecord(stamp);
    return record === undefined
      ? { lock: noLock, revision, stamp, doubt: this.#doubt() }
      : { lock: toLock(record), revision, stamp };
  }

  #doubt(): string {
    const { kind, namespace, name } = this.#options;
    return `the annotation ${leaderAnnotation} of ${kinds[kind].kind} ${namespace}/${name} is no record of leader election; it is waited for as if somebody held it, and then overwritten (remove the annotation if nobody does)`;
  }

  #explained<T>(result: Result<T, Fault>): Result<T, Fault> {
    return withNeededRights(result, kinds[this.#options.kind].resource, this.#options);
  }
}

function recordOf(body: JsonObject): string | undefined {
  return toTexts(valueAt(body, 'metadata', 'annotations'))[leaderAnnotation];
}

/** `undefined`: it does not tell who holds the lock. No holder may be spelled as client-go reads it: empty, null, or not at all. */
function parseRecord(text: string | undefined): JsonObject | undefined {
  try {
    const record = toObject(JSON.parse(text ?? ''));
    const holder = record?.['holderIdentity'] ?? '';
    return typeof holder === 'string' ? record : undefined;
  } catch {
    return undefined; // text of another making is an answer here
  }
}

function toLock(record: JsonObject): Lock {
  return {
    holder: toText(record['holderIdentity']),
    durationSeconds: toCount(record['leaseDurationSeconds']),
    acquiredAtMs: toInstantMs(record['acquireTime']),
    renewedAtMs: toInstantMs(record['renewTime']),
    transitions: toCount(record['leaderTransitions']),
  };
}

/** In client-go's order. */
function toRecord(lock: Lock): JsonObject {
  return {
    holderIdentity: lock.holder ?? '',
    leaseDurationSeconds: toDurationSeconds(lock),
    acquireTime: toSeconds(lock.acquiredAtMs),
    renewTime: toSeconds(lock.renewedAtMs),
    leaderTransitions: lock.transitions,
  };
}

const ownFields = Object.keys(toRecord(noLock));

function foreignOf(record: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(record).filter(([field]) => !ownFields.includes(field)));
}

/** `metav1.Time`: RFC 3339 without a part below the second. */
function toSeconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
