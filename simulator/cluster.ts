import type { IncomingMessage } from 'node:http';
import { type Clock, systemClock } from '../core/clock.js';
import type { AccessPolicy } from './cluster/access.js';
import type { WatchBreak } from './cluster/active-watches.js';
import { methodNotAllowed } from './cluster/api-error.js';
import { ApiServer } from './cluster/api-server.js';
import type { KeyedCertificate } from './cluster/authorities.js';
import { ControlPlane } from './cluster/control-plane.js';
import { Discovery } from './cluster/discovery.js';
import type { FaultAction, FaultMatch, InjectedFault, RequestMatch } from './cluster/faults.js';
import { Identities, type UserDraft } from './cluster/identities.js';
import { type AutoscalerVersion, servedKinds } from './cluster/kinds.js';
import { type ClusterAddress, toKubeconfig } from './cluster/kubeconfig.js';
import { Listener } from './cluster/listener.js';
import { type JsonObject, type KubeObject, type ObjectDraft, textsAt } from './cluster/object.js';
import { type RecordedRequest, Recorder } from './cluster/recorder.js';
import { type Answer, ResourceHandler } from './cluster/resources.js';
import { reviewKinds } from './cluster/reviews.js';
import { type Call, Router } from './cluster/router.js';
import { Shelf } from './cluster/shelf.js';
import { ObjectStore } from './cluster/store.js';
import { ClusterTrust, frontProxyName } from './cluster/trust.js';
import { Writer } from './cluster/writer.js';
import { type BackendAddress, FrontProxy } from './cluster-proxy.js';

/** How the stand-in is to be; each choice may be left out. */
export interface ClusterOptions {
  /** 0, the default, asks for a free one. */
  readonly port?: number;
  readonly protocol?: 'https' | 'http';
  /** Which version of HorizontalPodAutoscalers is served; the only one. `v2` by default. */
  readonly autoscalerVersion?: AutoscalerVersion;
  /** Period of bookmarks for watches that allow them; 1 s by default, where a real server takes a minute. */
  readonly bookmarkMs?: number;
  /** Namespaces beside `default`, `kube-system` and `kube-public`. */
  readonly namespaces?: readonly string[];
  /** Changes kept for each kind, by count (10,000) and by size (64 MiB); what is older is answered with 410. */
  readonly maxHistoryEvents?: number;
  readonly maxHistoryBytes?: number;
  /** At least so many of the last requests are remembered; 20,000 by default. */
  readonly maxRecordedRequests?: number;
  /** Where the backends of APIServices listen, by `namespace/service`. */
  readonly backends?: Readonly<Record<string, BackendAddress>>;
  readonly gitVersion?: string;
}

interface Running {
  readonly trust: ClusterTrust;
  readonly listener: Listener;
  readonly address: ClusterAddress;
  readonly adminToken: string;
}

/**
 * A stand-in for kube-apiserver on loopback: real HTTPS, the true wire forms of the kinds that this project uses, and
 * faults on demand. Everything is kept in memory. It is for tests and demos; it enforces no quota and runs no
 * controllers, and finalizers do not hold objects back.
 */
export class ClusterSimulator {
  readonly #clock: Clock;
  readonly #options: ClusterOptions;
  readonly #store: ObjectStore;
  readonly #shelf: Shelf;
  readonly #identities = new Identities();
  readonly #recorder: Recorder;
  readonly #router: Router;
  readonly #server: ApiServer;
  /** What is told of the state of the control plane. */
  readonly controlPlane = new ControlPlane();
  /** The aggregation layer: what is asked of an APIService's group goes through it to the backend. */
  readonly frontProxy: FrontProxy;
  #running: Running | undefined;

  constructor(ports: { readonly clock?: Clock } = {}, options: ClusterOptions = {}) {
    const clock = ports.clock ?? systemClock;
    const kinds = servedKinds(options.autoscalerVersion ?? 'v2');
    const { maxHistoryEvents: maxEvents = 10_000, maxHistoryBytes: maxBytes = 64 * 1024 * 1024 } = options;
    const store = new ObjectStore({ clock }, { kinds, history: { maxEvents, maxBytes } });
    const writer = new Writer({ store });
    this.#clock = clock;
    this.#options = options;
    this.#store = store;
    this.#shelf = new Shelf({ store, writer });
    this.#recorder = new Recorder({ clock }, { maxRequests: options.maxRecordedRequests ?? 20_000 });
    this.frontProxy = new FrontProxy(
      {
        apiServices: () => this.objects('apiservices'),
        certificate: () => this.#started().trust.frontProxyClient,
      },
      { backends: options.backends ?? {}, timeoutMs: 60_000 },
    );
    this.#router = new Router({
      resources: new ResourceHandler({ store, writer }, { bookmarkMs: options.bookmarkMs ?? 1000 }),
      discovery: new Discovery({ kinds, reviews: reviewKinds }, options.gitVersion ?? 'v1.36.2'),
      identities: this.#identities,
      controlPlane: this.controlPlane,
      aggregation: {
        groups: () => this.frontProxy.groups(),
        forward: (call, signal) => this.#forward(call, signal),
      },
    });
    this.#server = new ApiServer({
      clock,
      store,
      router: this.#router,
      identities: this.#identities,
      recorder: this.#recorder,
      reset: (request) => this.#running?.listener.reset(request),
    });
  }

  /** Makes the authorities, the first objects and the listener. */
  async start(): Promise<ClusterAddress> {
    const { protocol = 'https', namespaces = [], port: wantedPort = 0 } = this.#options;
    const trust = new ClusterTrust({ clock: this.#clock });
    const listener = new Listener(
      { handle: (request, response) => void this.#server.handle(request, response) },
      { tls: protocol === 'https' ? trust.listenerTls() : undefined },
    );
    const port = await listener.open(wantedPort);
    const caPem = protocol === 'https' ? trust.servingCaPem : '';
    const address = { url: `${protocol}://127.0.0.1:${port}`, port, caPem };
    const adminToken = this.#identities.issue({ name: 'kubernetes-admin', groups: ['system:masters'] });
    this.#running = { trust, listener, address, adminToken };
    for (const name of ['default', 'kube-system', 'kube-public', ...namespaces])
      this.#shelf.ensureNamespace(name);
    this.apply(trust.authenticationConfigMap());
    return address;
  }

  /** Breaks all connections and forgets nothing: a stopped simulator can be asked what it holds. */
  async stop(): Promise<void> {
    await this.frontProxy.close();
    await this.#running?.listener.close();
  }

  /** The API server is gone: connections break and new ones are refused. */
  async outage(): Promise<void> {
    await this.#started().listener.close();
  }

  /** It is back on the same port, with all that it held. */
  async recover(): Promise<void> {
    const { listener, address } = this.#started();
    await listener.open(address.port);
  }

  get address(): ClusterAddress {
    return this.#started().address;
  }

  /** TCP connections accepted since the start. */
  get connections(): number {
    return this.#started().listener.connections;
  }

  /** The resourceVersion of the newest write. */
  get resourceVersion(): string {
    return String(this.#store.revision);
  }

  /** For an administrator (`system:masters`). */
  kubeconfig(): string {
    return this.kubeconfigFor(this.adminToken);
  }

  kubeconfigFor(token: string): string {
    return toKubeconfig(this.address, token);
  }

  get adminToken(): string {
    return this.#started().adminToken;
  }

  /** A bearer token for a user, a fresh one unless given. It authenticates here and passes TokenReviews. */
  issueToken(user: UserDraft, token?: string): string {
    return this.#identities.issue(user, token);
  }

  revokeToken(token: string): void {
    this.#identities.revoke(token);
  }

  /** A certificate of the client CA that stands in `extension-apiserver-authentication`. */
  clientCertificate(user: string, groups: readonly string[] = []): KeyedCertificate {
    return this.#started().trust.issueClient(user, groups);
  }

  /** A certificate of the request-header CA, by default with the one common name that is allowed. */
  frontProxyCertificate(commonName = frontProxyName): KeyedCertificate {
    return this.#started().trust.issueFrontProxy(commonName);
  }

  /** A new request-header CA; `extension-apiserver-authentication` then names it alone. */
  rotateFrontProxy(): void {
    const { trust } = this.#started();
    trust.rotateFrontProxy();
    this.apply(trust.authenticationConfigMap());
  }

  /** What callers of the stand-in itself may do. By default everybody but the anonymous may do everything. */
  setCallerPolicy(policy: AccessPolicy): void {
    this.#router.callerPolicy = policy;
  }

  /** What SubjectAccessReviews answer. By default: allowed. */
  setAccessPolicy(policy: AccessPolicy): void {
    this.#router.accessPolicy = policy;
  }

  /** Lays a fault for coming requests. */
  inject(action: FaultAction, match: FaultMatch = {}): InjectedFault {
    return this.#server.faults.inject(action, match);
  }

  clearFaults(): void {
    this.#server.faults.clear();
  }

  /** Strikes watches that are open now; answers how many. */
  breakWatches(how: WatchBreak, match: RequestMatch = {}): number {
    return this.#server.watches.break(how, match);
  }

  openWatches(match: RequestMatch = {}): number {
    return this.#server.watches.count(match);
  }

  /** Forgets the past: pages and watches that reach back beyond now get 410. */
  compact(): void {
    this.#store.compact();
  }

  /** The requests seen, oldest first. */
  requests(match: RequestMatch = {}): readonly RecordedRequest[] {
    return this.#recorder.list(match);
  }

  clearRequests(): void {
    this.#recorder.clear();
  }

  /**
   * Stores an object whole, its status too, and creates its namespace. Equal content is no write.
   * The resourceVersion that the object brings along does not count.
   */
  apply(object: ObjectDraft): KubeObject {
    return this.#shelf.apply(object);
  }

  /** Merges a patch (RFC 7386) into a stored object, its status too. Throws a RangeError where there is none. */
  merge(resource: string, namespace: string, name: string, patch: JsonObject): KubeObject {
    return this.#shelf.merge(resource, namespace, name, patch);
  }

  /** `namespace` is empty for kinds without. */
  get(resource: string, namespace: string, name: string): KubeObject | undefined {
    return this.#shelf.get(resource, namespace, name);
  }

  /** Answers whether there was one. */
  remove(resource: string, namespace: string, name: string): boolean {
    return this.#shelf.remove(resource, namespace, name);
  }

  /** In the order of namespace and name. */
  objects(resource: string, namespace?: string): readonly KubeObject[] {
    return this.#shelf.list(resource, namespace);
  }

  /** The data of a ConfigMap; `undefined` where there is none. */
  configMapData(namespace: string, name: string): Readonly<Record<string, string>> | undefined {
    const object = this.get('configmaps', namespace, name);
    return object === undefined ? undefined : textsAt(object, 'data');
  }

  /** Says where the backend of a Service listens, for requests to its APIService. */
  routeService(namespace: string, service: string, address: BackendAddress): void {
    this.frontProxy.route(namespace, service, address);
  }

  #started(): Running {
    if (this.#running === undefined) throw new Error('start the cluster simulator first');
    return this.#running;
  }

  async #forward({ info, user, request }: Call, signal: AbortSignal): Promise<Answer> {
    if (info.method !== 'GET') throw methodNotAllowed();
    const { group = '', version = '' } = info.target ?? {};
    const url = info.path + info.rawQuery;
    const headers = clientHeaders(request);
    const answer = await this.frontProxy.get({ group, version, url, user, headers }, signal);
    return { kind: 'document', ...answer };
  }
}

/** What of a client's headers goes along to a backend. Accept-Encoding does not: bodies are passed on as they are. */
function clientHeaders(request: IncomingMessage): Record<string, string> {
  const passed = ['accept', 'user-agent', 'if-none-match', 'x-request-id'];
  return Object.fromEntries(
    passed.flatMap((name) => {
      const value = request.headers[name];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );
}
