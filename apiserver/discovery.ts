import type { Clause, Encoding } from './accept.js';
import { chooseEncoding, isServedBy } from './accept.js';
import { type Document, toDocument } from './document.js';
import { encodeText } from './encode.js';
import type { RecordReader } from './external-metrics.js';
import { apiGroup, apiVersion, isNamespaceSubresource, nameProblem } from './request-path.js';
import { groupVersion } from './value-list.js';

/** Says that a body is aggregated discovery; without it the aggregation layer falls back to the single documents. */
export const aggregatedContentType = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** Stands for all metrics while none is known: clients warn of a group without resources. */
const placeholder = 'externalmetrics';
const verbs = ['get', 'list'] as const;
const valueKind = 'ExternalMetricValueList';

const version = { groupVersion, version: apiVersion } as const;

/** `/apis` for clients that do not know the aggregated form. */
export const groupList = {
  kind: 'APIGroupList',
  apiVersion: 'v1',
  groups: [{ name: apiGroup, versions: [version], preferredVersion: version }],
} as const;

/** `/apis/external.metrics.k8s.io` */
export const group = {
  kind: 'APIGroup',
  apiVersion: 'v1',
  name: apiGroup,
  versions: [version],
  preferredVersion: version,
} as const;

/** `/apis/external.metrics.k8s.io/v1beta1` */
export function resourceList(names: readonly string[]): object {
  const resources = names.map((name) => ({
    name,
    singularName: '',
    namespaced: true,
    kind: valueKind,
    verbs,
  }));
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources };
}

/** `/apis` in the aggregated form, v2. Its response kind is always set: its absence made clients panic (kubernetes/kubernetes#118361). */
export function groupDiscoveryList(names: readonly string[]): object {
  const responseKind = { group: apiGroup, version: apiVersion, kind: valueKind };
  const resources = names.map((resource) => ({
    resource,
    responseKind,
    scope: 'Namespaced',
    singularResource: '',
    verbs,
  }));
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: [
      { metadata: { name: apiGroup }, versions: [{ version: apiVersion, resources, freshness: 'Current' }] },
    ],
  };
}

/** What `/apis` is asked for: the aggregated form, an encoding of the plain one, or nothing that exists. */
export function chooseDiscovery(
  clauses: readonly Clause[],
  offered: readonly Encoding[],
): 'aggregated' | Encoding | undefined {
  for (const clause of clauses) {
    if (isAggregated(clause)) return 'aggregated';
    const encoding = chooseEncoding([clause], offered);
    if (encoding !== undefined) return encoding;
  }
  return undefined;
}

function isAggregated(clause: Clause): boolean {
  const { parameters } = clause;
  return (
    isServedBy(clause, 'json') &&
    parameters.get('as') === 'APIGroupDiscoveryList' &&
    parameters.get('g') === 'apidiscovery.k8s.io' &&
    parameters.get('v') === 'v2'
  );
}

interface Rendered {
  readonly names: readonly string[];
  readonly aggregated: Document;
}

/**
 * The resources that discovery shows: the names of the metrics whose records are held, in lower case as the HPA
 * controller asks for them, sorted, up to a bound; without any, a placeholder. Rendered anew only when they change.
 */
export class DiscoveredNames {
  readonly #records: RecordReader;
  readonly #maxListed: number;
  #rendered: Rendered | undefined;
  #isCurrent = false;
  /** The names of the last look, as they are written, and those of them that can be listed. */
  #judged: ReadonlyMap<string, string | undefined> = new Map();
  #names: ReadonlySet<string> = new Set();

  constructor(ports: { readonly records: RecordReader }, options: { readonly maxListed: number }) {
    this.#records = ports.records;
    this.#maxListed = options.maxListed;
  }

  /** Watches the records until the returned function is called; without it names are never read again. */
  follow(): () => void {
    return this.#records.onChange(() => {
      this.#isCurrent = false;
    });
  }

  get names(): readonly string[] {
    return this.#current().names;
  }

  /** The aggregated discovery document. */
  get aggregated(): Document {
    return this.#current().aggregated;
  }

  #current(): Rendered {
    if (this.#rendered !== undefined && this.#isCurrent) return this.#rendered;
    this.#isCurrent = true;
    const names = this.#readNames();
    if (this.#rendered === undefined || !isEqual(this.#rendered.names, names)) {
      this.#rendered = { names, aggregated: toDocument(encodeText(groupDiscoveryList(names), 'json')) };
    }
    return this.#rendered;
  }

  #readNames(): readonly string[] {
    const judged = new Map<string, string | undefined>();
    const names = new Set<string>();
    for (const { record } of this.#records.list()) {
      const { name } = record.key;
      if (judged.has(name)) continue;
      const listed = this.#judged.has(name) ? this.#judged.get(name) : listedName(name);
      judged.set(name, listed);
      if (listed !== undefined) names.add(listed);
    }
    const isAsBefore = this.#names.size === names.size && [...names].every((name) => this.#names.has(name));
    this.#judged = judged;
    this.#names = names;
    if (this.#rendered !== undefined && isAsBefore) return this.#rendered.names;
    return names.size === 0 ? [placeholder] : [...names].sort().slice(0, this.#maxListed);
  }
}

/** As discovery shows a metric's name; `undefined`: it cannot be asked for. */
function listedName(written: string): string | undefined {
  const name = written.toLowerCase();
  const isListed = name !== '' && nameProblem(name) === undefined && !isNamespaceSubresource(name);
  return isListed ? name : undefined;
}

function isEqual(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, index) => name === b[index]);
}
