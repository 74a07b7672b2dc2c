import { randomUUID } from 'node:crypto';
import type { Clock } from '../../core/clock.js';
import { apiVersionOf, type Kind } from './kinds.js';
import { type JsonObject, type KubeObject, objectAt, textAt, toTimestamp } from './object.js';
import { type HistoryLimits, keyOf, Table, Version } from './table.js';

/** All that the stand-in cluster holds, under one counter of revisions. It knows nothing of requests and refusals. */
export class ObjectStore {
  readonly #clock: Clock;
  readonly #tables: ReadonlyMap<string, Table>;
  #revision = 0;

  constructor(
    ports: { readonly clock: Clock },
    options: { readonly kinds: readonly Kind[]; readonly history: HistoryLimits },
  ) {
    this.#clock = ports.clock;
    this.#tables = new Map(options.kinds.map((kind) => [kind.resource, new Table(kind, options.history)]));
  }

  /** The revision of the newest write; the resourceVersion of lists. */
  get revision(): number {
    return this.#revision;
  }

  get kinds(): readonly Kind[] {
    return [...this.#tables.values()].map((table) => table.kind);
  }

  /** By resource (`configmaps`); resources have one group each here. */
  table(resource: string): Table | undefined {
    return this.#tables.get(resource);
  }

  tableOfKind(apiVersion: string, kind: string): Table | undefined {
    return [...this.#tables.values()].find(
      (table) => table.kind.kind === kind && apiVersionOf(table.kind) === apiVersion,
    );
  }

  /**
   * Writes an object as its next version, with its identity and version filled in. What the object says of
   * uid and creationTimestamp gives way to what is stored.
   */
  put(
    table: Table,
    place: { readonly namespace: string; readonly name: string },
    object: JsonObject,
  ): Version {
    const key = keyOf(place.namespace, place.name);
    const before = table.get(key);
    this.#revision += 1;
    const after = new Version(this.#revision, key, this.#stamp(table.kind, place, { object, before }));
    table.commit({ revision: this.#revision, before, after });
    return after;
  }

  /** Removes an object; answers its last version, or `undefined` where there was none. */
  remove(table: Table, place: { readonly namespace: string; readonly name: string }): Version | undefined {
    const before = table.get(keyOf(place.namespace, place.name));
    if (before === undefined) return undefined;
    this.#revision += 1;
    table.commit({ revision: this.#revision, before, after: undefined });
    return before;
  }

  /** Forgets the past: pages and watches that begin before now get 410. */
  compact(): void {
    for (const table of this.#tables.values()) table.compact(this.#revision);
  }

  #stamp(
    kind: Kind,
    place: { readonly namespace: string; readonly name: string },
    content: { readonly object: JsonObject; readonly before: Version | undefined },
  ): KubeObject {
    const stored = content.before?.object.metadata;
    const metadata = objectAt(content.object, 'metadata');
    return {
      ...content.object,
      kind: kind.kind,
      apiVersion: apiVersionOf(kind),
      metadata: {
        ...metadata,
        name: place.name,
        ...(kind.isNamespaced ? { namespace: place.namespace } : {}),
        uid: stored?.uid ?? textAt(metadata, 'uid') ?? randomUUID(),
        resourceVersion: String(this.#revision),
        creationTimestamp:
          stored?.creationTimestamp ??
          textAt(metadata, 'creationTimestamp') ??
          toTimestamp(this.#clock.nowMs()),
      },
    };
  }
}
