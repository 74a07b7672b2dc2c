import type { Fault } from '../core/fault.js';
import { ok, type Result } from '../core/result.js';
import { type JsonObject, toTexts } from './json.js';
import { type BoxPorts, type FollowOptions, ObjectBox } from './object-box.js';

export interface SecretBoxOptions extends FollowOptions {
  readonly namespace: string;
  readonly name: string;
  /** Given when the Secret is created; Kubernetes lets nobody change it afterwards. */
  readonly type: 'kubernetes.io/tls' | 'Opaque';
}

/** The bytes of a Secret and the revision to write against. */
export interface StoredSecret {
  readonly data: Readonly<Record<string, Buffer>>;
  readonly revision: string;
}

const managedBy = { 'app.kubernetes.io/managed-by': 'datadog-cluster-agent' };

/** One Secret, compared and swapped. */
export class SecretBox {
  readonly #box: ObjectBox;
  readonly #options: SecretBoxOptions;

  constructor(ports: BoxPorts, options: SecretBoxOptions) {
    const { name: _name, type: _type, ...rest } = options;
    this.#options = options;
    this.#box = new ObjectBox(ports, {
      ...rest,
      kind: { api: '/api/v1', resource: 'secrets', apiVersion: 'v1', kind: 'Secret' },
      ownFields: ['data'],
    });
  }

  /** `undefined`: there is no such Secret. */
  async read(signal: AbortSignal): Promise<Result<StoredSecret | undefined, Fault>> {
    const read = await this.#box.read(this.#options.name, signal);
    if (!read.ok) return read;
    const stored = read.value;
    return ok(stored && { data: decode(stored.body['data']), revision: stored.revision });
  }

  /**
   * Replaces all data of the Secret if it still has `revision`; without one, creates it. The value is the new
   * revision. Faults: `kube.conflict` when it has changed or exists already, `kube.not_found` when it was
   * deleted, and the client's.
   */
  async write(
    data: Readonly<Record<string, Buffer>>,
    revision: string | undefined,
    signal: AbortSignal,
  ): Promise<Result<string, Fault>> {
    const content = (found: JsonObject) => ({
      fields: { data: encode(data), type: found['type'] ?? this.#options.type },
      labels: managedBy,
    });
    const written = await this.#box.write(this.#options.name, { content, revision }, signal);
    return written.ok ? ok(written.value.revision) : written;
  }

  /** Calls `onChange` after the first look and after each change, until `signal` aborts. */
  follow(onChange: () => void, signal: AbortSignal): Promise<void> {
    return this.#box.follow(this.#options.name, () => onChange(), signal);
  }
}

function decode(data: unknown): Readonly<Record<string, Buffer>> {
  return Object.fromEntries(
    Object.entries(toTexts(data)).map(([key, text]) => [key, Buffer.from(text, 'base64')]),
  );
}

function encode(data: Readonly<Record<string, Buffer>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(data).map(([key, bytes]) => [key, bytes.toString('base64')]));
}
