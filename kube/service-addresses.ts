import type { Clock } from '../core/clock.js';
import type { Component, Health } from '../core/component.js';
import type { Logger } from '../core/log.js';
import type { KubeApi } from './api.js';
import type { EndpointGroup } from './endpoint-group.js';
import { type EndpointKind, EndpointSource } from './endpoint-source.js';
import { Reflector } from './reflector.js';

export interface ServiceAddressesPorts {
  readonly client: KubeApi;
  readonly clock: Clock;
  readonly log: Logger;
  /** A number in [0, 1), for jitter. */
  readonly random: () => number;
}

export interface ServiceAddressesOptions {
  readonly namespace: string;
  readonly service: string;
  /** The name of its port; a service with a single port may have it unnamed. */
  readonly portName: string;
  readonly kind?: EndpointKind;
  readonly resyncMs: number;
  readonly watchSeconds: number;
}

/** Where a pod can be reached. */
export interface PodAddress {
  readonly host: string;
  readonly port: number;
}

/** Where the pods behind one service are now, kept in step with the API server. */
export class ServiceAddresses implements Component {
  readonly name = 'replica-addresses';
  readonly #options: ServiceAddressesOptions;
  readonly #reflector: Reflector<EndpointGroup>;

  constructor(ports: ServiceAddressesPorts, options: ServiceAddressesOptions) {
    const { namespace, service, portName: _portName, kind, ...times } = options;
    this.#options = options;
    const source = new EndpointSource(ports, {
      service: { namespace, name: service },
      ...(kind === undefined ? {} : { kind }),
    });
    this.#reflector = new Reflector<EndpointGroup>(
      {
        ...ports,
        reflected: source.reflected,
      },
      { ...times, name: this.name },
    );
  }

  /**
   * Where the pod of that name is; `undefined` when the service has no such pod. A pod that is not ready counts too: a
   * leader may be. Of several addresses one that is ready comes first.
   */
  addressOf(pod: string): PodAddress | undefined {
    const found = [...this.#reflector.items().values()].flatMap((group) => {
      const port = this.#portOf(group);
      return group.pods.flatMap(({ name, address, isReady }) =>
        name === pod && port !== undefined && address !== '' ? [{ host: address, port, isReady }] : [],
      );
    });
    const best = found.find(({ isReady }) => isReady) ?? found[0];
    return best && { host: best.host, port: best.port };
  }

  /** The pods behind the service, by name. */
  pods(): readonly { readonly name: string; readonly isReady: boolean }[] {
    const pods = [...this.#reflector.items().values()].flatMap((group) => group.pods);
    const byName = new Map<string, boolean>();
    for (const { name, isReady } of pods) byName.set(name, isReady || byName.get(name) === true);
    return [...byName].map(([name, isReady]) => ({ name, isReady }));
  }

  /** Since the API server was last heard of; `Infinity` before the first list. */
  staleForMs(): number {
    return this.#reflector.staleForMs();
  }

  /** Never keeps a replica from being ready: what it is for is asked by few, and answered with the reason. */
  health(): Health {
    const health = this.#reflector.health();
    return health.state === 'ready' ? health : { state: 'degraded', detail: health.detail };
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#reflector.run(signal);
  }

  #portOf({ ports }: EndpointGroup): number | undefined {
    return (
      ports.find(({ name }) => name === this.#options.portName) ?? (ports.length === 1 ? ports[0] : undefined)
    )?.port;
  }
}
