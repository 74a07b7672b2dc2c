import type { Clock } from '../core/clock.js';
import type { Component, Health } from '../core/component.js';
import type { Logger } from '../core/log.js';
import type { KubeApi } from './api.js';
import type { EndpointGroup } from './endpoint-group.js';
import { type EndpointKind, EndpointSource } from './endpoint-source.js';
import { Reflection } from './reflection.js';
import { type Recipient, Relay } from './relay.js';

export interface EndpointGroupsPorts {
  readonly client: KubeApi;
  readonly clock: Clock;
  readonly log: Logger;
  /** Gets each group by the key of its object. */
  readonly recipient: Recipient<EndpointGroup>;
  /** A number in [0, 1), for jitter. */
  readonly random: () => number;
}

export interface EndpointGroupsOptions {
  readonly kind?: EndpointKind;
  readonly resyncMs: number;
  readonly watchSeconds: number;
}

/** Readers wait while a page is parsed: of usual services some 2 ms, and of a hundred endpoints each some 10. */
const pageSize = 50;

/** The pods behind all services of the cluster, kept in step with the API server and passed on as they come. */
export class EndpointGroups implements Component {
  readonly name = 'endpoints';
  readonly #source: EndpointSource;
  readonly #reflection: Reflection<EndpointGroup>;

  constructor(ports: EndpointGroupsPorts, { kind, ...times }: EndpointGroupsOptions) {
    this.#source = new EndpointSource(ports, kind === undefined ? {} : { kind });
    this.#reflection = new Reflection<EndpointGroup>(
      {
        ...ports,
        reflected: this.#source.reflected,
        mirror: new Relay(ports),
      },
      { ...times, name: this.name, pageSize },
    );
  }

  /** Whether all groups have been passed on once. */
  hasSynced(): boolean {
    return this.#reflection.hasSynced();
  }

  /** Since the API server was last heard of; `Infinity` before the first list. */
  staleForMs(): number {
    return this.#reflection.staleForMs();
  }

  health(): Health {
    const health = this.#reflection.health();
    const { obstacle } = this.#source;
    if (health.state !== 'ready' || obstacle === undefined) return health;
    return { state: 'degraded', detail: `reads Endpoints, since EndpointSlices cannot be read: ${obstacle}` };
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#reflection.run(signal);
  }
}
