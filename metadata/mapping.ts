import { noServices, ServiceSets, type Services } from './services.js';

/** The pods behind one service, as one object of the cluster lists them. */
export interface PodGroup {
  readonly service: string;
  readonly namespace: string;
  readonly pods: readonly {
    readonly name: string;
    readonly namespace: string;
    readonly node: string;
    readonly isReady: boolean;
  }[];
}

/** A pod on a node, with the services that lead to it. */
export interface PlacedPod {
  readonly namespace: string;
  /** `namespace/name` */
  readonly key: string;
  readonly services: Services;
}

/** The pods of one node that any service leads to. */
export interface NodePods {
  /** Grows with each change of what stands here. */
  readonly revision: number;
  /** By `namespace/name`. */
  readonly pods: ReadonlyMap<string, PlacedPod>;
}

/** Shared by all groups that hold the pod; nobody else may write to it. */
interface Place {
  readonly node: Node;
  readonly namespace: string;
  readonly key: string;
  services: Services;
}

interface Node {
  readonly name: string;
  revision: number;
  readonly pods: Map<string, Place>;
}

interface Held {
  readonly service: string;
  /** Each once. */
  readonly places: readonly Place[];
}

/**
 * Which services lead to which pod on which node: node → pod → services, kept by taking in one group after another. At any
 * moment it is what all present groups together say, whatever the order in which they came.
 *
 * It is changed in place: a copy of a hundred thousand pods for each endpoint that comes or goes would cost more than all
 * else. Readers run between two changes, never within one.
 */
export class Mapping {
  readonly #sets = new ServiceSets();
  readonly #groups = new Map<string, Held>();
  readonly #nodes = new Map<string, Node>();
  #lastRevision = 0;

  /** A group as it is now, by the key of its object. Answers whether it has changed anything. */
  put(key: string, group: PodGroup): boolean {
    // A slice that was given to another service is rare, and simply two changes.
    const isOther = (this.#groups.get(key)?.service ?? group.service) !== group.service;
    const hasLost = isOther && this.remove(key);
    const before = this.#groups.get(key);
    const places = this.#placesOf(group);
    const earlier = new Set(before?.places);
    const added = [...places].filter((place) => !earlier.has(place));
    const removed = (before?.places ?? []).filter((place) => !places.has(place));
    if (before === undefined || added.length > 0 || removed.length > 0)
      this.#groups.set(key, { service: group.service, places: [...places] });
    for (const place of added) this.#set(place, this.#sets.with(place.services, group.service));
    for (const place of removed) this.#set(place, this.#sets.without(place.services, group.service));
    return hasLost || added.length > 0 || removed.length > 0;
  }

  /** The group is gone. Answers whether that has changed anything. */
  remove(key: string): boolean {
    const held = this.#groups.get(key);
    if (held === undefined) return false;
    this.#groups.delete(key);
    for (const place of held.places) this.#set(place, this.#sets.without(place.services, held.service));
    return held.places.length > 0;
  }

  /** `undefined` where no service leads to any pod on the node. */
  podsOn(node: string): NodePods | undefined {
    return this.#nodes.get(node);
  }

  nodeNames(): Iterable<string> {
    return this.#nodes.keys();
  }

  servicesOf(pod: {
    readonly node: string;
    readonly namespace: string;
    readonly name: string;
  }): Services | undefined {
    return this.#nodes.get(pod.node)?.pods.get(podKey(pod.namespace, pod.name))?.services;
  }

  /** How much there is, for people. */
  size(): { readonly groups: number; readonly nodes: number; readonly pods: number } {
    let pods = 0;
    for (const node of this.#nodes.values()) pods += node.pods.size;
    return { groups: this.#groups.size, nodes: this.#nodes.size, pods };
  }

  #placesOf(group: PodGroup): ReadonlySet<Place> {
    const places = new Set<Place>();
    for (const { node, namespace, name, isReady } of group.pods) {
      if (isReady) places.add(this.#place(node, namespace, name));
    }
    return places;
  }

  /** A new place has no services yet; whoever asked for it gives it one before anybody reads. */
  #place(nodeName: string, namespace: string, name: string): Place {
    const node = this.#nodes.get(nodeName) ?? { name: nodeName, revision: 0, pods: new Map<string, Place>() };
    this.#nodes.set(nodeName, node);
    const key = podKey(namespace, name);
    const known = node.pods.get(key);
    if (known !== undefined) return known;
    const place = { node, namespace, key, services: noServices };
    node.pods.set(key, place);
    return place;
  }

  #set(place: Place, services: Services): void {
    const { node } = place;
    place.services = services;
    this.#lastRevision += 1;
    node.revision = this.#lastRevision;
    if (services === noServices) node.pods.delete(place.key);
    if (node.pods.size === 0) this.#nodes.delete(node.name);
  }
}

/** Joined, not added up: a sum of texts keeps its summands, and there are as many of these as pods. */
function podKey(namespace: string, name: string): string {
  return [namespace, name].join('/');
}
