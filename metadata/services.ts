import { createCountedCache } from '../core/counted-cache.js';
import { compareTexts } from '../core/order.js';

/** The services that lead to one pod. One object stands for all pods that have the same. */
export interface Services {
  /** In order, each once. */
  readonly names: readonly string[];
  /** The tags that a node agent puts on the pod, as JSON: `["kube_service:a"]`. */
  readonly tags: Buffer;
  /** In order, as often as they were counted. */
  readonly counted: readonly string[];
}

/** Far more than the differing sets of a large cluster. One that is forgotten is made again when it is needed. */
const maxSets = 50_000;

/**
 * Makes sets of services that count: a pod that two slices of one service list (one for each family of addresses, say)
 * loses that service with the second of them only.
 */
export class ServiceSets {
  readonly #sets = createCountedCache<string, Services>(maxSets);

  with(services: Services, name: string): Services {
    return this.#of([...services.counted, name].sort(compareTexts));
  }

  without(services: Services, name: string): Services {
    const index = services.counted.indexOf(name);
    return index < 0 ? services : this.#of(services.counted.toSpliced(index, 1));
  }

  #of(counted: readonly string[]): Services {
    if (counted.length === 0) return noServices;
    // No name of an object holds a blank.
    const key = counted.join(' ');
    const known = this.#sets.get(key);
    if (known !== undefined) return known;
    const names = [...new Set(counted)];
    const made = {
      names,
      counted: names.length === counted.length ? names : counted,
      tags: Buffer.from(JSON.stringify(names.map((name) => `kube_service:${name}`))),
    };
    this.#sets.set(key, made);
    return made;
  }
}

export const noServices: Services = { names: [], counted: [], tags: Buffer.from('null') };
