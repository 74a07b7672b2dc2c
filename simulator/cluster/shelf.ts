import { mergePatch } from './json-patch.js';
import { isJsonObject, type JsonObject, type KubeObject, type ObjectDraft } from './object.js';
import type { ObjectStore } from './store.js';
import { keyOf, type Table } from './table.js';
import type { Writer } from './writer.js';

/** The stored objects for a test's own hands: at once, past authorization, faults and rules. */
export class Shelf {
  readonly #store: ObjectStore;
  readonly #writer: Writer;

  constructor(ports: { readonly store: ObjectStore; readonly writer: Writer }) {
    this.#store = ports.store;
    this.#writer = ports.writer;
  }

  apply(object: ObjectDraft): KubeObject {
    const table = this.#store.tableOfKind(object.apiVersion, object.kind);
    if (table === undefined) throw unknownKind(`${object.kind} of ${object.apiVersion}`);
    const namespace = table.kind.isNamespaced ? (object.metadata.namespace ?? 'default') : '';
    if (table.kind.isNamespaced) this.ensureNamespace(namespace);
    const place = { namespace, name: object.metadata.name };
    return this.#writer.force(table, place, { ...structuredClone(object) }).object;
  }

  merge(resource: string, namespace: string, name: string, patch: JsonObject): KubeObject {
    const table = this.#table(resource);
    const existing = table.get(keyOf(namespace, name));
    if (existing === undefined)
      throw new RangeError(`there is no ${resource} ${namespace}/${name} to merge into`);
    const merged = mergePatch(existing.object, structuredClone(patch));
    if (!isJsonObject(merged)) throw new RangeError('a patch of an object must be an object');
    return this.#writer.force(table, { namespace, name }, merged).object;
  }

  get(resource: string, namespace: string, name: string): KubeObject | undefined {
    return this.#table(resource).get(keyOf(namespace, name))?.object;
  }

  remove(resource: string, namespace: string, name: string): boolean {
    return this.#store.remove(this.#table(resource), { namespace, name }) !== undefined;
  }

  list(resource: string, namespace: string | undefined): readonly KubeObject[] {
    const objects = this.#table(resource)
      .all()
      .map((version) => version.object);
    return namespace === undefined
      ? objects
      : objects.filter((object) => object.metadata.namespace === namespace);
  }

  ensureNamespace(name: string): void {
    const table = this.#table('namespaces');
    if (table.get(keyOf('', name)) !== undefined) return;
    const metadata = { name, labels: { 'kubernetes.io/metadata.name': name } };
    this.#writer.force(table, { namespace: '', name }, { metadata, status: { phase: 'Active' } });
  }

  #table(resource: string): Table {
    const table = this.#store.table(resource);
    if (table === undefined) throw unknownKind(resource);
    return table;
  }
}

function unknownKind(what: string): RangeError {
  return new RangeError(`the stand-in serves no ${what}; its kinds stand in simulator/cluster/kinds.ts`);
}
