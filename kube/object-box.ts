import type { Clock } from '../core/clock.js';
import { Fault } from '../core/fault.js';
import type { Logger } from '../core/log.js';
import { fail, ok, type Result } from '../core/result.js';
import { type KubeApi, type ResourceKind, resourcePath } from './api.js';
import { completed, eventInBrief, metadataOnly } from './bulky-object.js';
import { type JsonObject, toObject, toText, toTexts, valueAt } from './json.js';
import { servedAt } from './reflection.js';
import { Reflector } from './reflector.js';

export interface BoxPorts {
  readonly client: KubeApi;
  readonly clock: Clock;
  readonly log: Logger;
  /** A number in [0, 1), for jitter. */
  readonly random: () => number;
}

/** How a followed object is watched; the meanings and defaults are the reflector's. */
export interface FollowOptions {
  readonly watchSeconds?: number;
  readonly silenceMs?: number;
  readonly resyncMs?: number;
}

export interface BoxOptions extends FollowOptions {
  /** For one request; default: the client's. */
  readonly timeoutMs?: number;
  readonly kind: ResourceKind & { readonly apiVersion: string; readonly kind: string };
  readonly namespace: string;
  /** The fields beside `metadata` that each write gives whole. All others are kept as they were found. */
  readonly ownFields: readonly string[];
  /**
   * For objects of hundreds of kilobytes, of which no more is sent, read and kept than must be (ADR 39): writes are
   * answered with the metadata alone, what they made is not read again when the watch brings it, and the server keeps no
   * account of who set which field.
   */
  readonly isBulky?: boolean;
}

/** What a write gives; labels and annotations are laid over those found. */
export interface Content {
  readonly fields: JsonObject;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** An object as the API server holds it. */
export interface StoredObject {
  readonly body: JsonObject;
  /** Its `metadata.resourceVersion`. */
  readonly revision: string;
}

/**
 * Single objects of one kind in one namespace: read, compared and swapped, followed. What others added to an
 * object (labels, annotations, owners, foreign fields) survives our writes.
 */
export class ObjectBox {
  readonly #ports: BoxPorts;
  readonly #options: BoxOptions;
  /** What is not ours of the objects last seen, by name, so that a write needs no read before it. */
  readonly #foreign = new Map<string, StoredObject>();
  /** The revisions that our last writes made, by name. */
  readonly #written = new Map<string, string>();
  readonly #followed = new Set<Reflector<StoredObject>>();

  constructor(ports: BoxPorts, options: BoxOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  /** `undefined`: it does not exist. */
  async read(name: string, signal: AbortSignal): Promise<Result<StoredObject | undefined, Fault>> {
    const answer = await this.#ports.client.request('GET', this.#path(name), this.#bound(), signal);
    if (!answer.ok) return answer.error.code === 'kube.not_found' ? ok(undefined) : answer;
    return this.#remember(`GET ${this.#path(name)}`, name, answer.value);
  }

  /**
   * Replaces the object if it still has `revision`; without one, creates it. Faults besides the client's:
   * `kube.conflict` when it has changed, or exists already; `kube.not_found` when it was deleted (or its
   * namespace was).
   */
  async write(
    name: string,
    change: { readonly content: (found: JsonObject) => Content; readonly revision: string | undefined },
    signal: AbortSignal,
  ): Promise<Result<StoredObject, Fault>> {
    const { revision } = change;
    const found = await this.#foreignOf(name, revision, signal);
    if (!found.ok) return found;
    const path = this.#path(revision === undefined ? undefined : name);
    const method = revision === undefined ? 'POST' : 'PUT';
    const body = this.#render(name, revision, { found: found.value, content: change.content(found.value) });
    const accept = this.#options.isBulky === true ? { accept: metadataOnly } : {};
    const call = { ...this.#bound(), ...accept, body };
    const answer = await this.#ports.client.request(method, path, call, signal);
    if (!answer.ok) return answer;
    const written = this.#remember(`${method} ${path}`, name, completed(answer.value, body));
    if (written.ok) this.#written.set(name, written.value.revision);
    return written;
  }

  /** Deletes the object if it still has `revision`; it is well, too, if it no longer exists. */
  async remove(name: string, revision: string, signal: AbortSignal): Promise<Result<undefined, Fault>> {
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { resourceVersion: revision } };
    const answer = await this.#ports.client.request(
      'DELETE',
      this.#path(name),
      { ...this.#bound(), body },
      signal,
    );
    if (!answer.ok && answer.error.code !== 'kube.not_found') return answer;
    this.#foreign.delete(name);
    this.#written.delete(name);
    return ok(undefined);
  }

  /**
   * Calls `listener` after the first look and after each change, until `signal` aborts; `undefined`: it does
   * not exist. Any failure is retried, visibly in the log.
   */
  async follow(
    name: string,
    listener: (stored: StoredObject | undefined) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const {
      kind,
      namespace,
      ownFields: _ownFields,
      timeoutMs: _timeoutMs,
      isBulky = false,
      ...options
    } = this.#options;
    const reflector = new Reflector<StoredObject>(
      {
        ...this.#ports,
        reflected: {
          locate: servedAt(this.#path(undefined), { fieldSelector: `metadata.name=${name}` }),
          toItem: (object) => toStored(object),
          isEqual: (a, b) => a.revision === b.revision,
          ...(isBulky ? { inBrief: (line) => eventInBrief(line, this.#written.get(name)) } : {}),
        },
      },
      { ...options, name: `${kind.kind} ${namespace}/${name}` },
    );
    const stop = reflector.onChange(() => {
      const stored = reflector.items().get(`${namespace}/${name}`);
      if (stored !== undefined) this.#keepForeign(name, stored);
      listener(stored);
    });
    this.#followed.add(reflector);
    await reflector.run(signal);
    this.#followed.delete(reflector);
    stop();
  }

  /**
   * The longest silence of the followed objects; `Infinity` when there is none, or before the first look at
   * one.
   */
  heardAgoMs(): number {
    const silences = [...this.#followed].map((reflector) => reflector.staleForMs());
    return silences.length === 0 ? Number.POSITIVE_INFINITY : Math.max(...silences);
  }

  #bound(): { readonly timeoutMs?: number } {
    const { timeoutMs } = this.#options;
    return timeoutMs === undefined ? {} : { timeoutMs };
  }

  #path(name: string | undefined): string {
    return resourcePath(this.#options.kind, { namespace: this.#options.namespace, name });
  }

  /** What of the object is not ours; empty for one that is to be created. */
  async #foreignOf(
    name: string,
    revision: string | undefined,
    signal: AbortSignal,
  ): Promise<Result<JsonObject, Fault>> {
    if (revision === undefined) return ok({});
    const known = this.#foreign.get(name);
    if (known?.revision === revision) return ok(known.body);
    const read = await this.read(name, signal);
    if (!read.ok) return read;
    const call = `PUT ${this.#path(name)}`;
    if (read.value === undefined) return fail(new Fault('kube.not_found', `${call}: it no longer exists`));
    if (read.value.revision !== revision)
      return fail(new Fault('kube.conflict', `${call}: it has changed since it was read`));
    return ok(read.value.body);
  }

  #render(
    name: string,
    revision: string | undefined,
    { found, content }: { readonly found: JsonObject; readonly content: Content },
  ): JsonObject {
    const { apiVersion, kind } = this.#options.kind;
    // The server fills in what it manages itself (uid, managedFields) from what it has, but for one list that empties it.
    const { labels, annotations, ownerReferences, finalizers } = toObject(found['metadata']) ?? {};
    const metadata = {
      name,
      namespace: this.#options.namespace,
      labels: { ...toTexts(labels), ...content.labels },
      annotations: { ...toTexts(annotations), ...content.annotations },
      ...(ownerReferences === undefined ? {} : { ownerReferences }),
      ...(finalizers === undefined ? {} : { finalizers }),
      ...(revision === undefined ? {} : { resourceVersion: revision }),
      ...(this.#options.isBulky === true ? { managedFields: [{}] } : {}),
    };
    return { ...found, ...content.fields, apiVersion, kind, metadata };
  }

  #remember(call: string, name: string, body: unknown): Result<StoredObject, Fault> {
    try {
      const stored = toStored(body);
      this.#keepForeign(name, stored);
      return ok(stored);
    } catch {
      return fail(new Fault('kube.unreachable', `${call}: the answer is no ${this.#options.kind.kind}`));
    }
  }

  #keepForeign(name: string, { body, revision }: StoredObject): void {
    const foreign = Object.entries(body).filter(([field]) => !this.#options.ownFields.includes(field));
    this.#foreign.set(name, { revision, body: Object.fromEntries(foreign) });
  }
}

function toStored(object: unknown): StoredObject {
  const body = toObject(object);
  const revision = toText(valueAt(object, 'metadata', 'resourceVersion'));
  if (body === undefined || revision === undefined) throw new Error('it has no metadata.resourceVersion');
  return { body, revision };
}
