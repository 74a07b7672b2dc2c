import { Fault } from '../core/fault.js';
import type { Logger } from '../core/log.js';
import { fail, ok, type Result } from '../core/result.js';
import { type KubeApi, type ResourceKind, resourcePath } from './api.js';
import { type EndpointGroup, parseEndpointSlice, parseEndpoints } from './endpoint-group.js';
import type { Collection } from './list.js';
import type { Reflected } from './reflection.js';

/** Which objects tell the pods behind services. */
export type EndpointKind = 'EndpointSlices' | 'Endpoints';

export interface EndpointSourceOptions {
  /** Default: EndpointSlices where the cluster has them and lets us read them, else Endpoints. */
  readonly kind?: EndpointKind;
  /** One service only; default all of all namespaces. */
  readonly service?: { readonly namespace: string; readonly name: string };
}

const slices: ResourceKind = { api: '/apis/discovery.k8s.io/v1', resource: 'endpointslices' };
const endpoints: ResourceKind = { api: '/api/v1', resource: 'endpoints' };

/** Finds out before each list where the pods behind services can be read. */
export class EndpointSource {
  readonly #ports: { readonly client: KubeApi; readonly log: Logger };
  readonly #options: EndpointSourceOptions;
  /** For a reflection of it. */
  readonly reflected: Reflected<EndpointGroup> = {
    locate: (_lastFault, signal) => this.locate(signal),
    toItem: (object) => this.parse(object),
  };
  #kind: EndpointKind | undefined;
  #obstacle: string | undefined;

  constructor(
    ports: { readonly client: KubeApi; readonly log: Logger },
    options: EndpointSourceOptions = {},
  ) {
    this.#ports = ports;
    this.#options = options;
  }

  /** Why it is not EndpointSlices, for people; `undefined` when it is, or was asked for. */
  get obstacle(): string | undefined {
    return this.#obstacle;
  }

  /** Where the collection is. A cluster may change, and rights may: so it is asked anew each time. */
  async locate(signal: AbortSignal): Promise<Result<Collection, Fault>> {
    const { kind } = this.#options;
    if (kind !== undefined) return ok(this.#choose(kind));
    const { client } = this.#ports;
    const { path, ...selectors } = this.#collection('EndpointSlices');
    const tried = await client.request('GET', path, { query: { limit: 1, ...selectors } }, signal);
    if (tried.ok) return ok(this.#choose('EndpointSlices'));
    if (tried.error.code !== 'kube.not_found' && tried.error.code !== 'kube.denied') return tried;
    const other = this.#collection('Endpoints');
    const { path: otherPath, ...otherSelectors } = other;
    const triedOther = await client.request(
      'GET',
      otherPath,
      { query: { limit: 1, ...otherSelectors } },
      signal,
    );
    if (triedOther.ok) return ok(this.#choose('Endpoints', tried.error));
    return fail(
      new Fault(triedOther.error.code, `${tried.error.message}; and ${triedOther.error.message}`, {
        cause: triedOther.error,
      }),
    );
  }

  /** Reads an object of the kind chosen last; `undefined` for one of no service. */
  parse(object: unknown): EndpointGroup | undefined {
    return this.#kind === 'Endpoints' ? parseEndpoints(object) : parseEndpointSlice(object);
  }

  #choose(kind: EndpointKind, because?: Fault): Collection {
    const obstacle = because?.message;
    if (kind !== this.#kind || obstacle !== this.#obstacle) this.#say(kind, obstacle);
    this.#kind = kind;
    this.#obstacle = obstacle;
    return this.#collection(kind);
  }

  #say(kind: EndpointKind, obstacle: string | undefined): void {
    const { log } = this.#ports;
    if (obstacle === undefined) {
      log.info({ kind }, 'reading the pods behind services');
      return;
    }
    log.warn(
      { kind, reason: obstacle },
      'EndpointSlices cannot be read, so Endpoints are; Kubernetes cuts these after 1,000 pods of a service',
    );
  }

  #collection(kind: EndpointKind): Collection {
    const { service } = this.#options;
    const place = { namespace: service?.namespace };
    if (kind === 'EndpointSlices') {
      const path = resourcePath(slices, place);
      return service === undefined
        ? { path }
        : { path, labelSelector: `kubernetes.io/service-name=${service.name}` };
    }
    const path = resourcePath(endpoints, place);
    return service === undefined ? { path } : { path, fieldSelector: `metadata.name=${service.name}` };
  }
}
