import type { Health } from '../core/component.js';
import { compareKeys, compareTexts } from '../core/order.js';
import type { Mapping, NodePods, PlacedPod } from './mapping.js';
import { Rendered } from './rendered.js';
import { noServices } from './services.js';

/** What is kept of a node or a namespace. */
export interface ObjectFacts {
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Something that is kept in step with the cluster. */
export interface Followed {
  /** Whether everything has been seen once. */
  hasSynced(): boolean;
  /** Since the API server was last heard of. */
  staleForMs(): number;
  health(): Health;
}

/** All objects of a kind, by name. An object that has not changed stays the same. */
export interface FollowedFacts extends Followed {
  items(): ReadonlyMap<string, ObjectFacts>;
}

/** One kind of object, as a status page tells of it. */
export interface FollowedReport {
  readonly synced: boolean;
  /** Since the API server was last heard of; `null` before the first time. */
  readonly silentSeconds: number | null;
  readonly health: Health;
}

/** All of it, as a status page tells of it. */
export interface DirectoryReport {
  /** Whether services are mapped. */
  readonly enabled: boolean;
  readonly nodes: FollowedReport & { readonly known: number };
  readonly namespaces: FollowedReport & { readonly known: number };
  readonly endpoints?: FollowedReport & {
    readonly groups: number;
    readonly nodes: number;
    readonly pods: number;
  };
}

export interface DirectoryPorts {
  readonly nodes: FollowedFacts;
  readonly namespaces: FollowedFacts;
  /** The pods behind services; `undefined`: this is turned off. */
  readonly services: { readonly mapping: Mapping; readonly endpoints: Followed } | undefined;
}

export interface DirectoryOptions {
  /** What has heard nothing of the cluster for longer is called old. */
  readonly maxSilenceMs: number;
  /** How many bytes of rendered answers are kept. Default 64 MiB. */
  readonly maxRenderedBytes?: number;
}

/** The answer to a question about the cluster; `body` is JSON. `starting`: nothing can be said yet. */
export type Lookup =
  | { readonly state: 'found'; readonly body: Buffer }
  | { readonly state: 'unknown' }
  | { readonly state: 'starting'; readonly reason: string };

const defaultRenderedBytes = 64 * 1024 * 1024;
/** An answer about one node is what stands between these two. */
const head = '{"Nodes":{';
const tail = '}}';

/**
 * What this replica knows of nodes, namespaces, and the services of pods, as the answers of node agents want it. It
 * answers from memory alone. An answer is rendered once for each state of what it tells.
 */
export class Directory {
  readonly #ports: DirectoryPorts;
  readonly #options: DirectoryOptions;
  readonly #rendered: Rendered;

  constructor(ports: DirectoryPorts, options: DirectoryOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#rendered = new Rendered({ maxBytes: options.maxRenderedBytes ?? defaultRenderedBytes });
  }

  /** `{"label":"value"}` */
  nodeLabels(name: string): Lookup {
    return this.#factsOf(this.#ports.nodes, `node labels ${name}`, name, ({ labels }) => labels);
  }

  /** Those of the node's annotations that `keys` name. */
  nodeAnnotations(name: string, keys: readonly string[]): Lookup {
    return this.#factsOf(
      this.#ports.nodes,
      `node annotations ${name} ${JSON.stringify(keys)}`,
      name,
      ({ annotations }) =>
        Object.fromEntries(Object.entries(annotations).filter(([key]) => keys.includes(key))),
    );
  }

  /** `{"uid":"…"}` */
  nodeUid(name: string): Lookup {
    return this.#factsOf(this.#ports.nodes, `node uid ${name}`, name, ({ uid }) => ({ uid }));
  }

  /** `{"label":"value"}` */
  namespaceLabels(name: string): Lookup {
    return this.#factsOf(this.#ports.namespaces, `namespace labels ${name}`, name, ({ labels }) => labels);
  }

  /** `{"Name":…,"Namespace":"","Annotations":{…},"Labels":{…}}` */
  namespaceMetadata(name: string): Lookup {
    return this.#factsOf(
      this.#ports.namespaces,
      `namespace metadata ${name}`,
      name,
      ({ annotations, labels }) => ({ Name: name, Namespace: '', Annotations: annotations, Labels: labels }),
    );
  }

  /** `["kube_service:a"]`, or `null` for a pod that no service leads to, or that nobody has heard of. */
  podTags(pod: { readonly node: string; readonly namespace: string; readonly name: string }): Lookup {
    const starting = this.#servicesStarting();
    if (starting !== undefined) return starting;
    const services = this.#isGone(pod.node) ? undefined : this.#ports.services?.mapping.servicesOf(pod);
    return { state: 'found', body: (services ?? noServices).tags };
  }

  /**
   * `{"Nodes":{"n":{"services":{"namespace":{"pod":{"service":{}}}}}}}`. The node is always there, for node agents take
   * its absence for an error; one that the cluster does not have is told in `Errors`.
   */
  podsOnNode(node: string): Lookup {
    const starting = this.#servicesStarting();
    if (starting !== undefined) return starting;
    if (!this.#isGone(node)) return { state: 'found', body: this.#nodeAnswer(node) };
    const Errors = `the cluster has no node ${node}`;
    return {
      state: 'found',
      body: Buffer.from(JSON.stringify({ Nodes: { [node]: { services: {} } }, Errors })),
    };
  }

  /** As `podsOnNode`, of all nodes of the cluster, in pieces, since it may be long; or why it cannot be told yet. */
  allPods():
    | { readonly state: 'found'; readonly pieces: Iterable<Buffer> }
    | Extract<Lookup, { readonly state: 'starting' }> {
    const starting = this.#servicesStarting();
    return starting ?? { state: 'found', pieces: this.#allPieces() };
  }

  /** What is to be known of all answers at present, for people; `undefined` while all is well. */
  warning(): string | undefined {
    const { nodes, namespaces, services } = this.#ports;
    const parts = services === undefined ? [nodes, namespaces] : [nodes, namespaces, services.endpoints];
    // What was never read is not old: it is not answered at all.
    const silentMs = Math.max(
      0,
      ...parts.filter((part) => part.hasSynced()).map((part) => part.staleForMs()),
    );
    const warnings = [
      ...(services === undefined ? [mapperOff] : []),
      ...(silentMs > this.#options.maxSilenceMs ? [oldText(silentMs)] : []),
    ];
    return warnings.length === 0 ? undefined : warnings.join('; ');
  }

  /** For people: how much is known, and how old it may be. */
  describe(): DirectoryReport {
    const { nodes, namespaces, services } = this.#ports;
    const of = (part: Followed) => ({
      synced: part.hasSynced(),
      silentSeconds: part.staleForMs() === Number.POSITIVE_INFINITY ? null : part.staleForMs() / 1000,
      health: part.health(),
    });
    return {
      enabled: services !== undefined,
      nodes: { ...of(nodes), known: nodes.items().size },
      namespaces: { ...of(namespaces), known: namespaces.items().size },
      ...(services === undefined
        ? {}
        : { endpoints: { ...of(services.endpoints), ...services.mapping.size() } }),
    };
  }

  #factsOf(
    followed: FollowedFacts,
    key: string,
    name: string,
    choose: (facts: ObjectFacts) => object,
  ): Lookup {
    const facts = followed.items().get(name);
    if (facts !== undefined) {
      const body = this.#rendered.of(key, facts, () => Buffer.from(JSON.stringify(choose(facts))));
      return { state: 'found', body };
    }
    return followed.hasSynced() ? { state: 'unknown' } : { state: 'starting', reason: detailOf(followed) };
  }

  #servicesStarting(): Extract<Lookup, { readonly state: 'starting' }> | undefined {
    const { services } = this.#ports;
    if (services === undefined || services.endpoints.hasSynced()) return undefined;
    return { state: 'starting', reason: detailOf(services.endpoints) };
  }

  /** While the nodes cannot be told, whatever services say of one is believed. */
  #isGone(node: string): boolean {
    const { nodes } = this.#ports;
    return nodes.hasSynced() && !nodes.items().has(node);
  }

  #nodeAnswer(node: string): Buffer {
    const pods = this.#ports.services?.mapping.podsOn(node);
    return this.#rendered.of(`pods ${node}`, pods?.revision ?? 0, () => renderNode(node, pods));
  }

  *#allPieces(): Generator<Buffer> {
    const { nodes, services } = this.#ports;
    const names = nodes.hasSynced() ? nodes.items().keys() : (services?.mapping.nodeNames() ?? []);
    const warning = this.warning();
    yield Buffer.from(head);
    let isFirst = true;
    for (const name of [...names].sort(compareTexts)) {
      const answer = this.#nodeAnswer(name);
      if (!isFirst) yield comma;
      isFirst = false;
      yield answer.subarray(head.length, answer.length - tail.length);
    }
    yield Buffer.from(warning === undefined ? tail : `},"Warnings":${JSON.stringify([warning])}}`);
  }
}

const comma = Buffer.from(',');
const mapperOff =
  'the metadata mapper is turned off (DD_USE_METADATA_MAPPER=false): pods get no kube_service tags';

function oldText(silentMs: number): string {
  return `this replica has not heard of the API server for ${Math.round(silentMs / 1000)} s; what it tells may be old`;
}

function detailOf(followed: Followed): string {
  const health = followed.health();
  return health.state === 'ready' ? 'the cluster has not been read yet' : health.detail;
}

function renderNode(node: string, pods: NodePods | undefined): Buffer {
  const byNamespace = new Map<string, PlacedPod[]>();
  for (const pod of pods?.pods.values() ?? []) {
    const others = byNamespace.get(pod.namespace);
    if (others === undefined) byNamespace.set(pod.namespace, [pod]);
    else others.push(pod);
  }
  const namespaces = [...byNamespace].sort(compareKeys).map(
    ([namespace, members]) =>
      `${JSON.stringify(namespace)}:{${members
        .map(({ key, services }): [string, string] => [
          key.slice(namespace.length + 1),
          `{${services.names.map((service) => `${JSON.stringify(service)}:{}`).join(',')}}`,
        ])
        .sort(compareKeys)
        .map(([name, services]) => `${JSON.stringify(name)}:${services}`)
        .join(',')}}`,
  );
  return Buffer.from(`${head}${JSON.stringify(node)}:{"services":{${namespaces.join(',')}}}${tail}`);
}
