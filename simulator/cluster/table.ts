import type { Kind } from './kinds.js';
import { type Extent, partialVersion } from './negotiation.js';
import { type KubeObject, without } from './object.js';

/** One stored version of an object. It is never changed; a write stores another. */
export class Version {
  readonly revision: number;
  readonly key: string;
  readonly object: KubeObject;
  #itemJson: string | undefined;
  #metadataJson: string | undefined;

  constructor(revision: number, key: string, object: KubeObject) {
    this.revision = revision;
    this.key = key;
    this.object = object;
  }

  /** Without kind and apiVersion, as a list carries its items; written once and kept. */
  get itemJson(): string {
    this.#itemJson ??= JSON.stringify(without(this.object, 'kind', 'apiVersion'));
    return this.#itemJson;
  }

  /** A `PartialObjectMetadata`, the same in lists and outside; written once and kept. */
  get metadataJson(): string {
    this.#metadataJson ??= JSON.stringify(toPartial(this.object.metadata));
    return this.#metadataJson;
  }

  /** As it is shown by itself or in an event. */
  jsonOf(extent: Extent): string {
    return extent === 'metadata' ? this.metadataJson : this.json;
  }

  get json(): string {
    return `{"kind":${JSON.stringify(this.object.kind)},"apiVersion":${JSON.stringify(this.object.apiVersion)},${this.itemJson.slice(1)}`;
  }
}

/** What stands for an object of which nothing but the metadata is shown. */
export function toPartial(metadata: unknown): object {
  return { kind: 'PartialObjectMetadata', apiVersion: partialVersion, metadata };
}

/** What one write did to one object. `after` of a deletion is missing, and `before` of a creation. */
export interface Change {
  readonly revision: number;
  readonly before: Version | undefined;
  readonly after: Version | undefined;
}

/** How much of the past a table keeps for watches and pages that come late. */
export interface HistoryLimits {
  readonly maxEvents: number;
  readonly maxBytes: number;
}

/** The objects of one kind, by `namespace/name`, with their recent past. */
export class Table {
  readonly kind: Kind;
  readonly #limits: HistoryLimits;
  readonly #entries = new Map<string, Version>();
  readonly #listeners = new Set<(change: Change) => void>();
  #history: Change[] = [];
  #historyBytes = 0;
  #compactedRevision = 0;
  #sorted: readonly Version[] | undefined;

  constructor(kind: Kind, limits: HistoryLimits) {
    this.kind = kind;
    this.#limits = limits;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Changes up to this revision are forgotten. */
  get compactedRevision(): number {
    return this.#compactedRevision;
  }

  get(key: string): Version | undefined {
    return this.#entries.get(key);
  }

  /** All objects in the order of their keys. */
  all(): readonly Version[] {
    this.#sorted ??= [...this.#entries.values()].sort(byKey);
    return this.#sorted;
  }

  /** All objects as they were at `revision`; the caller has made sure that it is not compacted. */
  allAt(revision: number): readonly Version[] {
    const later = this.#history.filter((change) => change.revision > revision);
    if (later.length === 0) return this.all();
    const entries = new Map(this.#entries);
    for (const change of later.reverse()) {
      const key = change.after?.key ?? change.before?.key ?? '';
      if (change.before === undefined) entries.delete(key);
      else entries.set(key, change.before);
    }
    return [...entries.values()].sort(byKey);
  }

  /** The changes after `revision`, oldest first. */
  changesSince(revision: number): readonly Change[] {
    return this.#history.filter((change) => change.revision > revision);
  }

  /** Stores or (without `after`) removes, and tells the listeners before it returns. */
  commit(change: Change): void {
    const key = change.after?.key ?? change.before?.key ?? '';
    if (change.after === undefined) this.#entries.delete(key);
    else this.#entries.set(key, change.after);
    this.#sorted = undefined;
    this.#remember(change);
    for (const listener of [...this.#listeners]) listener(change);
  }

  /** Calls `listener` on each change until the answer is called. */
  subscribe(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  compact(revision: number): void {
    this.#compactedRevision = Math.max(this.#compactedRevision, revision);
    this.#history = this.#history.filter((change) => change.revision > revision);
    this.#historyBytes = this.#history.reduce((sum, change) => sum + sizeOf(change), 0);
  }

  #remember(change: Change): void {
    this.#history.push(change);
    this.#historyBytes += sizeOf(change);
    const { maxEvents, maxBytes } = this.#limits;
    if (this.#history.length <= maxEvents && this.#historyBytes <= maxBytes) return;
    // The older half goes at once, so that a long run of writes does not pay for each.
    const lastDropped = this.#history[Math.floor(this.#history.length / 2)];
    if (lastDropped !== undefined) this.compact(lastDropped.revision);
  }
}

function sizeOf(change: Change): number {
  return (change.after ?? change.before)?.itemJson.length ?? 0;
}

function byKey(a: Version, b: Version): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

export function keyOf(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}
