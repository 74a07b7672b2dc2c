import type { Fault } from '../core/fault.js';
import { ok, type Result } from '../core/result.js';
import { type JsonObject, toObject, toText } from './json.js';
import { type BoxPorts, type FollowOptions, ObjectBox } from './object-box.js';

/** What a Lease says. The instants are those that its holder's clock gave; 0 where there is none. */
export interface Lock {
  readonly holder: string | undefined;
  readonly durationSeconds: number;
  readonly acquiredAtMs: number;
  readonly renewedAtMs: number;
  readonly transitions: number;
}

export interface LeaseBoxOptions extends FollowOptions {
  readonly namespace: string;
  readonly name: string;
}

/** One `coordination.k8s.io/v1` Lease, compared and swapped. */
export class LeaseBox {
  readonly #box: ObjectBox;
  readonly #name: string;

  constructor(ports: BoxPorts, options: LeaseBoxOptions) {
    const { name, ...rest } = options;
    this.#name = name;
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
  async read(
    signal: AbortSignal,
  ): Promise<Result<{ readonly lock: Lock; readonly revision: string } | undefined, Fault>> {
    const read = await this.#box.read(this.#name, signal);
    if (!read.ok) return read;
    const stored = read.value;
    return ok(stored && { lock: toLock(toObject(stored.body['spec']) ?? {}), revision: stored.revision });
  }

  /**
   * Writes the lock if the Lease still has `revision`; without one, creates it. The value is the new
   * revision. Faults: `kube.conflict` when it has changed or exists already, `kube.not_found` when it was
   * deleted, and the client's.
   */
  async write(lock: Lock, revision: string | undefined, signal: AbortSignal): Promise<Result<string, Fault>> {
    const content = (found: JsonObject) => ({
      fields: { spec: { ...toObject(found['spec']), ...toSpec(lock) } },
    });
    const written = await this.#box.write(this.#name, { content, revision }, signal);
    return written.ok ? ok(written.value.revision) : written;
  }

  /** Calls `onChange` after the first look and after each change, until `signal` aborts. */
  follow(onChange: () => void, signal: AbortSignal): Promise<void> {
    return this.#box.follow(this.#name, () => onChange(), signal);
  }
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

/** Kubernetes takes no holder as an empty text, and demands a whole duration above zero. */
function toSpec(lock: Lock): JsonObject {
  return {
    holderIdentity: lock.holder ?? '',
    leaseDurationSeconds: Math.max(1, Math.ceil(lock.durationSeconds)),
    acquireTime: toMicroTime(lock.acquiredAtMs),
    renewTime: toMicroTime(lock.renewedAtMs),
    leaseTransitions: lock.transitions,
  };
}

/** `metav1.MicroTime` always has six digits after the point. */
function toMicroTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}

function toInstantMs(value: unknown): number {
  const ms = Date.parse(toText(value) ?? '');
  return Number.isNaN(ms) ? 0 : ms;
}

function toCount(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : 0;
}
