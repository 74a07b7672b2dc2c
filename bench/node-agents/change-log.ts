import { fieldAt, listAt, type ObjectDraft, textAt, textsAt } from '../../simulator/cluster/object.js';

/** A pod that came behind a service, or left it. */
export interface Change {
  /** When the cluster had it; milliseconds since the epoch. */
  readonly atMs: number;
  readonly slice: string;
  readonly node: string;
  readonly namespace: string;
  readonly pod: string;
  readonly service: string;
  readonly isPresent: boolean;
}

/** The cluster as far as changes of it are looked at. */
export interface SliceStore {
  apply(object: ObjectDraft): unknown;
  get(resource: string, namespace: string, name: string): unknown;
}

/** Passes objects on to a cluster, and says of EndpointSlices what each write changes, if somebody wants to know. */
export class ChangeLog {
  readonly #store: SliceStore;
  #curious: ((change: Change) => void)[] = [];

  constructor(ports: { readonly store: SliceStore }) {
    this.#store = ports.store;
  }

  apply(object: ObjectDraft): void {
    const { namespace = '', name } = object.metadata;
    const before = this.#curious.length > 0 ? readyPods(this.#stored(namespace, name)) : undefined;
    this.#store.apply(object);
    const change = before && changeBetween(before, object);
    if (change === undefined) return;
    for (const tell of this.#curious) tell(change);
    this.#curious = [];
  }

  /** The next change from now on. */
  next(): Promise<Change> {
    return new Promise((resolve) => this.#curious.push(resolve));
  }

  /** Whether it is still so; another change may have undone it. */
  isStillSo({ namespace, slice, pod, node, isPresent }: Change): boolean {
    return readyPods(this.#stored(namespace, slice)).has(`${pod} ${node}`) === isPresent;
  }

  #stored(namespace: string, name: string): unknown {
    return this.#store.get('endpointslices', namespace, name);
  }
}

/** Each with its node. */
function readyPods(slice: unknown): ReadonlySet<string> {
  return new Set(
    listAt(slice, 'endpoints')
      .filter((endpoint) => fieldAt(endpoint, 'conditions', 'ready') === true)
      .map((endpoint) => `${textAt(endpoint, 'targetRef', 'name')} ${textAt(endpoint, 'nodeName')}`),
  );
}

function changeBetween(before: ReadonlySet<string>, slice: ObjectDraft): Change | undefined {
  const after = readyPods(slice);
  const added = [...after].find((pod) => !before.has(pod));
  const [pod, node] = (added ?? [...before].find((one) => !after.has(one)))?.split(' ') ?? [];
  if (pod === undefined || node === undefined) return undefined;
  return {
    atMs: performance.timeOrigin + performance.now(),
    slice: slice.metadata.name,
    node,
    namespace: slice.metadata.namespace ?? '',
    pod,
    service: textsAt(slice, 'metadata', 'labels')['kubernetes.io/service-name'] ?? '',
    isPresent: added !== undefined,
  };
}
