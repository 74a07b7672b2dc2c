import type { ObjectDraft } from './cluster/object.js';
import { toNamespace } from './large-cluster/namespace.js';
import { type NodePlace, toImages, toNode, toNodePlaces } from './large-cluster/node.js';
import { isSmall, toServiceSizes } from './large-cluster/service-sizes.js';
import { type Endpoint, type ServicePlace, type Slice, toEndpointSlice } from './large-cluster/slice.js';
import { domains, roles } from './large-cluster/vocabulary.js';
import { SeededRandom } from './seeded-random.js';

/** How large a cluster is to be, and which of all of that size. */
export interface LargeClusterSize {
  readonly nodes: number;
  /** Of them, four in five are endpoints of a service. */
  readonly pods: number;
  readonly services: number;
  /** At most 100, what Kubernetes itself puts into one slice. */
  readonly endpointsPerSlice: number;
  /** Equal seeds make equal clusters, and equal changes. */
  readonly seed: number;
}

/** A cluster at the limits that Kubernetes is made for. */
export const largeSize: LargeClusterSize = {
  nodes: 5000,
  pods: 150_000,
  services: 10_000,
  endpointsPerSlice: 100,
  seed: 20_260,
};

/** A hundredth of that, for tests. */
export const smallSize: LargeClusterSize = {
  nodes: 50,
  pods: 1500,
  services: 100,
  endpointsPerSlice: 100,
  seed: 20_260,
};

/** The pods on each node by `namespace/name`, and the names of the services that each is behind. */
export type ServicesByNode = ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>;

/** Takes objects as if they had been written to the API; a `ClusterSimulator` does. */
export interface ObjectSink {
  apply(object: ObjectDraft): unknown;
}

const endpointShare = 0.8;
/** Of the services: so many are the second service of pods that have one. They concern some 5 % of the pods. */
const twinShare = 0.065;
const unreadyShare = 0.01;
const maxNamespaces = 100;
const imageCount = 300;

/** Where an endpoint stands: the slice, and the place in it. */
interface Seat {
  readonly slice: number;
  readonly index: number;
}

/** A service with its pods. */
interface Group {
  readonly service: ServicePlace;
  readonly endpoints: readonly Endpoint[];
  /** In the order of the endpoints. */
  readonly seats: readonly Seat[];
}

/** What a write makes of one endpoint. */
interface Turn {
  readonly seat: Seat;
  readonly endpoint: Endpoint;
}

/**
 * A cluster of a given size as Nodes, Namespaces and EndpointSlices, which then changes one slice at a time. Services
 * and pods are not stored as objects, only named in the slices: nothing that is measured on it may list them, and
 * 150,000 pods would cost much more than all the rest.
 */
export class LargeCluster {
  readonly #sink: ObjectSink;
  readonly #size: LargeClusterSize;
  readonly #random: SeededRandom;
  #nodes: readonly NodePlace[] = [];
  readonly #slices: Slice[] = [];
  /** Of each pod: its seat in a slice of its service, and of its second service where it has one. */
  readonly #pods: (readonly [Seat, ...Seat[]])[] = [];
  /** What is still to be written of a change that concerns two slices. */
  #following: readonly Turn[] = [];
  #addresses = 0;
  /** Generated names; none comes twice. */
  readonly #names = new Set<string>();

  constructor(sink: ObjectSink, size: LargeClusterSize) {
    this.#sink = sink;
    this.#size = size;
    this.#random = new SeededRandom(size.seed);
  }

  /** Writes everything; to be called once. Throws a RangeError for pods that the services cannot share out. */
  build(): void {
    this.#buildNodes();
    this.#buildSlices(this.#buildNamespaces());
  }

  /**
   * One write to one slice, as Kubernetes would make it: a pod becomes unready, or ready again; one pod takes the
   * place of another, on another node; or a pod of a StatefulSet comes back under its name on another node. Where
   * the pod has two services, the next call writes the other one's slice.
   */
  change(): void {
    const [turn, ...following] = this.#following.length > 0 ? this.#following : this.#draw();
    this.#following = following;
    if (turn !== undefined) this.#write(turn);
  }

  /** What the slices say now: their ready endpoints, all of which are pods on a node. Nodes without any are absent. */
  expected(): ServicesByNode {
    const byNode = new Map<string, Map<string, Set<string>>>();
    for (const { service, endpoints } of this.#slices) {
      for (const { node, pod } of endpoints.filter(({ isReady }) => isReady)) {
        const pods = entryOf(byNode, node.name, () => new Map<string, Set<string>>());
        entryOf(pods, `${service.namespace}/${pod}`, () => new Set<string>()).add(service.name);
      }
    }
    return byNode;
  }

  #buildNodes(): void {
    this.#nodes = toNodePlaces(this.#size.nodes);
    const images = toImages(imageCount, this.#random);
    for (const place of this.#nodes) this.#sink.apply(toNode(place, images, this.#random));
  }

  #buildNamespaces(): readonly string[] {
    const count = Math.min(maxNamespaces, Math.ceil(this.#size.services / 10));
    const names = Array.from({ length: count }, (_, index) => `${this.#random.pick(domains)}-${index}`);
    for (const name of names) this.#sink.apply(toNamespace(name, this.#random));
    return names;
  }

  #buildSlices(namespaces: readonly string[]): void {
    const { pods, services } = this.#size;
    const twins = Math.round(services * twinShare);
    const sizes = toServiceSizes(Math.round(pods * endpointShare), services - twins, this.#random);
    const groups = sizes.map((size, index) => this.#buildService(namespaces, index, size));
    const doubled = this.#sample(
      groups.filter(({ endpoints }) => isSmall(endpoints.length)),
      twins,
    );
    for (const group of groups) {
      const { service, endpoints, seats } = group;
      const others = doubled.has(group) ? this.#addSlices(this.#toTwin(service), endpoints) : [];
      this.#pods.push(...seats.map((seat, at) => [seat, ...others.slice(at, at + 1)] as const));
    }
  }

  #buildService(namespaces: readonly string[], number: number, size: number): Group {
    const name = `${this.#random.pick(domains)}-${this.#random.pick(roles)}-${number}`;
    const service = { namespace: this.#random.pick(namespaces), name, uid: this.#random.uuid() };
    const owner = `${name}-${this.#random.hex(10)}-`;
    const endpoints = Array.from({ length: size }, () => ({
      ...this.#start(this.#toName(owner), this.#random.pick(this.#nodes)),
      isReady: !this.#random.isLikely(unreadyShare),
    }));
    return { service, endpoints, seats: this.#addSlices(service, endpoints) };
  }

  #toTwin({ namespace, name }: ServicePlace): ServicePlace {
    return { namespace, name: `${name}-headless`, uid: this.#random.uuid() };
  }

  #addSlices(service: ServicePlace, endpoints: readonly Endpoint[]): readonly Seat[] {
    const { endpointsPerSlice } = this.#size;
    const first = this.#slices.length;
    for (let from = 0; from < endpoints.length; from += endpointsPerSlice) {
      const name = this.#toName(`${service.name}-`);
      const part = endpoints.slice(from, from + endpointsPerSlice);
      this.#put(this.#slices.length, {
        service,
        name,
        uid: this.#random.uuid(),
        endpoints: part,
        generation: 1,
      });
    }
    return endpoints.map((_, index) => ({
      slice: first + Math.floor(index / endpointsPerSlice),
      index: index % endpointsPerSlice,
    }));
  }

  #sample<Item extends object>(items: readonly Item[], count: number): ReadonlySet<Item> {
    const chosen = new Set<Item>();
    while (chosen.size < Math.min(count, items.length)) chosen.add(this.#random.pick(items));
    return chosen;
  }

  #draw(): readonly Turn[] {
    const seats = this.#random.pick(this.#pods);
    const [{ slice, index }] = seats;
    const endpoint = this.#slices[slice]?.endpoints[index];
    if (endpoint === undefined) throw new RangeError(`slice ${slice} has no place ${index}`);
    const turned = this.#turn(endpoint);
    return seats.map((seat) => ({ seat, endpoint: turned }));
  }

  #turn(endpoint: Endpoint): Endpoint {
    if (!endpoint.isReady) return { ...endpoint, isReady: true };
    const chance = this.#random.fraction();
    if (chance < 0.4) return { ...endpoint, isReady: false };
    const node = this.#random.pick(this.#nodes.filter((other) => other !== endpoint.node));
    // A pod of a ReplicaSet has its owner's name and five letters of its own.
    const pod = chance < 0.8 ? this.#toName(endpoint.pod.slice(0, -5)) : endpoint.pod;
    return this.#start(pod, node);
  }

  /** As Kubernetes ends names of pods and slices: with five letters. */
  #toName(stem: string): string {
    let name = stem + this.#random.suffix(5);
    while (this.#names.has(name)) name = stem + this.#random.suffix(5);
    this.#names.add(name);
    return name;
  }

  /** A pod that has just come up, with an address that no other had before. */
  #start(pod: string, node: NodePlace): Endpoint {
    this.#addresses += 1;
    const address = `10.${64 + (this.#addresses >> 16)}.${(this.#addresses >> 8) & 255}.${this.#addresses & 255}`;
    return { pod, uid: this.#random.uuid(), address, node, isReady: true };
  }

  #write({ seat, endpoint }: Turn): void {
    const slice = this.#slices[seat.slice];
    if (slice === undefined) throw new RangeError(`there is no slice ${seat.slice}`);
    const endpoints = slice.endpoints.with(seat.index, endpoint);
    this.#put(seat.slice, { ...slice, endpoints, generation: slice.generation + 1 });
  }

  #put(at: number, slice: Slice): void {
    this.#slices[at] = slice;
    this.#sink.apply(toEndpointSlice(slice));
  }
}

function entryOf<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}
