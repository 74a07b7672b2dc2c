import type { Fault } from '../core/fault.js';
import { ok, type Result } from '../core/result.js';
import { toTexts, valueAt } from './json.js';
import { type BoxPorts, type FollowOptions, ObjectBox, type StoredObject } from './object-box.js';

/**
 * A ConfigMap as a store sees it: texts under keys, texts about the whole, and the revision to write against.
 */
export interface StoredShard {
  readonly data: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly revision: string;
}

export interface ConfigMapShardsOptions extends FollowOptions {
  /** For one request; default: the client's. */
  readonly timeoutMs?: number;
  readonly namespace: string;
}

const managedBy = { 'app.kubernetes.io/managed-by': 'datadog-cluster-agent' };

/** The ConfigMaps of one namespace as boxes of text, each compared and swapped as a whole. */
export class ConfigMapShards {
  readonly #box: ObjectBox;

  constructor(ports: BoxPorts, options: ConfigMapShardsOptions) {
    this.#box = new ObjectBox(ports, {
      ...options,
      kind: { api: '/api/v1', resource: 'configmaps', apiVersion: 'v1', kind: 'ConfigMap' },
      ownFields: ['data'],
      isBulky: true,
    });
  }

  /** `undefined`: it does not exist. */
  async read(name: string, signal: AbortSignal): Promise<Result<StoredShard | undefined, Fault>> {
    const read = await this.#box.read(name, signal);
    return read.ok ? ok(read.value && toShard(read.value)) : read;
  }

  /**
   * Replaces all data of the ConfigMap that still has `revision`; without one, creates it. Annotations are
   * laid over those found; foreign labels, annotations and `binaryData` stay. Faults: `kube.conflict` when it
   * has changed or exists already, `kube.not_found` when it was deleted (or there is no such namespace), and
   * the client's.
   */
  async write(
    name: string,
    content: {
      readonly data: Readonly<Record<string, string>>;
      readonly annotations: Readonly<Record<string, string>>;
    },
    revision: string | undefined,
    signal: AbortSignal,
  ): Promise<Result<StoredShard, Fault>> {
    const { data, annotations } = content;
    const render = () => ({ fields: { data }, labels: managedBy, annotations });
    const written = await this.#box.write(name, { content: render, revision }, signal);
    return written.ok ? ok(toShard(written.value)) : written;
  }

  /**
   * Deletes the ConfigMap that still has `revision`; well, too, if it no longer exists. Faults:
   * `kube.conflict`, and the client's.
   */
  remove(name: string, revision: string, signal: AbortSignal): Promise<Result<undefined, Fault>> {
    return this.#box.remove(name, revision, signal);
  }

  /**
   * Calls `listener` after the first look and after each change, until `signal` aborts; `undefined` while it
   * does not exist.
   */
  follow(
    name: string,
    listener: (shard: StoredShard | undefined) => void,
    signal: AbortSignal,
  ): Promise<void> {
    return this.#box.follow(name, (stored) => listener(stored && toShard(stored)), signal);
  }

  /**
   * The longest silence of the followed ConfigMaps; `Infinity` when there is none, or before the first look
   * at one.
   */
  heardAgoMs(): number {
    return this.#box.heardAgoMs();
  }
}

function toShard({ body, revision }: StoredObject): StoredShard {
  return {
    data: toTexts(body['data']),
    annotations: toTexts(valueAt(body, 'metadata', 'annotations')),
    revision,
  };
}
