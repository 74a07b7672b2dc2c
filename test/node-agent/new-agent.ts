import type { Clock } from '../../core/clock.js';
import {
  type NamespaceMetadata,
  parseClusterId,
  parseNamespaceLabels,
  parseNamespaceMetadata,
  parseNodes,
  parseNodeUid,
  parsePodTags,
  parseTextMap,
  type ServicesByPod,
  type Texts,
  toServices,
} from './answers.js';
import { Connection } from './connection.js';
import { allFeatures, type FailedCall, type Feature, FeatureCalls } from './features.js';
import { newManners } from './manners.js';
import { type PodName, toPodKey } from './pod-name.js';
import { chooseWays, type Version } from './version.js';

export interface NewAgentOptions {
  readonly endpoint: string;
  readonly token: string;
  readonly node: string;
  /** What its kubelet runs; their namespaces are asked for, and they themselves where there is no answer by node. */
  readonly pods: readonly PodName[];
  /** `clc_runner_host`; empty on a node that runs no cluster checks, as it is by default. */
  readonly realIp?: string;
  /** Which annotations of the node it wants; with none it leaves the choice to the Cluster Agent. */
  readonly annotationFilters?: readonly string[];
  /** Whether a `/` in a filter is sent as `%2F` (the default) or as it is; a Cluster Agent has to take both. */
  readonly filterForm?: 'encoded' | 'raw';
  /** By what name cluster checks are given to it; the node's by default. */
  readonly checksId?: string;
  /** All are switched on by default, as those that a server lacks must do no harm. */
  readonly features?: readonly Feature[];
  readonly reconnectMs?: number;
}

/** What one minute taught an agent of today. */
export interface NewLearned {
  readonly version: Version;
  /** `pod` also where the answer by node had no key `services`: then the agent asks for each pod. */
  readonly servicesFrom: 'node' | 'pod';
  /** From `node`, of all pods that the Cluster Agent knows there; from `pod`, of the kubelet's. */
  readonly services: ServicesByPod;
  /** By the namespaces of the kubelet's pods. */
  readonly namespaces: Readonly<Record<string, NamespaceMetadata>>;
  readonly nodeLabels: Texts;
  readonly nodeAnnotations: Texts;
  readonly nodeUid: string;
  readonly clusterId: string;
  readonly failedCalls: readonly FailedCall[];
}

type DirectWays = Extract<ReturnType<typeof chooseWays>, { readonly kind: 'direct' }>;

const firstRetryMs = 1_000;
const longestRetryMs = 300_000;

/** The node agent of today, as far as its Cluster Agent sees it, with its gRPC stream switched off. */
export class NewAgent {
  readonly #clock: Clock;
  readonly #options: NewAgentOptions;
  readonly #connection: Connection;
  readonly #features: FeatureCalls;

  constructor(ports: { readonly clock: Clock }, options: NewAgentOptions) {
    const { endpoint, token, node, realIp = '', checksId = node, features = allFeatures } = options;
    const { reconnectMs } = options;
    const manners = reconnectMs === undefined ? newManners : { ...newManners, reconnectMs };
    this.#clock = ports.clock;
    this.#options = options;
    this.#connection = new Connection(ports, { endpoint, token, manners, realIp });
    this.#features = new FeatureCalls({ connection: this.#connection }, { node, checksId, features });
  }

  get connectionsOpened(): number {
    return this.#connection.connectionsOpened;
  }

  /** How often it was time for a new connection and there was none, so that the old one was kept. */
  get failedRenewals(): number {
    return this.#connection.failedRenewals;
  }

  /** Resolves when the Cluster Agent has said its version; until then it is asked after 1 s, 2 s, 4 s … 5 min. */
  async start(signal: AbortSignal): Promise<Version> {
    for (let waitMs = firstRetryMs; ; waitMs = Math.min(2 * waitMs, longestRetryMs)) {
      signal.throwIfAborted();
      try {
        return await this.#connection.ready(signal);
      } catch {
        // The agent knows nothing better than to try again; who waits for it sees that it does not resolve.
        await this.#clock.sleep(waitMs, signal);
      }
    }
  }

  /** One minute's work. Rejects with the agent's text when a call of no feature fails; the next is as good as new. */
  async poll(signal: AbortSignal): Promise<NewLearned> {
    const version = await this.#connection.ready(signal);
    const ways = chooseWays(version);
    if (ways.kind === 'leader') throw new Error('leader client needed');
    return {
      version,
      ...(await this.#services(ways, signal)),
      namespaces: await this.#namespaces(ways, signal),
      ...(await this.#aboutNode(signal)),
      clusterId: await this.#connection.query('api/v1/cluster/id', parseClusterId, signal),
      failedCalls: await this.#features.make(signal),
    };
  }

  close(): void {
    this.#connection.close();
  }

  async #services(
    ways: DirectWays,
    signal: AbortSignal,
  ): Promise<Pick<NewLearned, 'services' | 'servicesFrom'>> {
    const ofNode = ways.services === 'node' ? await this.#servicesOfNode(signal) : undefined;
    return ofNode === undefined
      ? { servicesFrom: 'pod', services: await this.#servicesOfPods(signal) }
      : { servicesFrom: 'node', services: ofNode };
  }

  async #servicesOfNode(signal: AbortSignal): Promise<ServicesByPod | undefined> {
    const { node } = this.#options;
    const nodes = await this.#connection.query(`api/v1/tags/pod/${node}`, parseNodes, signal);
    if (!nodes.has(node)) throw new Error(`cluster agent didn't return pods metadata for node: ${node}`);
    return nodes.get(node);
  }

  async #servicesOfPods(signal: AbortSignal): Promise<ServicesByPod> {
    const { node, pods } = this.#options;
    const byPod: [string, readonly string[]][] = [];
    for (const pod of pods) {
      const path = `api/v1/tags/pod/${node}/${pod.namespace}/${pod.name}`;
      const tags = await this.#connection.query(path, parsePodTags, signal);
      byPod.push([toPodKey(pod), toServices(tags)]);
    }
    return Object.fromEntries(byPod);
  }

  async #namespaces(ways: DirectWays, signal: AbortSignal): Promise<NewLearned['namespaces']> {
    const [route, parse] =
      ways.namespaces === 'metadata'
        ? (['api/v1/metadata/namespace', parseNamespaceMetadata] as const)
        : (['api/v1/tags/namespace', parseNamespaceLabels] as const);
    const byName: [string, NamespaceMetadata][] = [];
    for (const name of new Set(this.#options.pods.map(({ namespace }) => namespace)))
      byName.push([name, await this.#connection.query(`${route}/${name}`, parse, signal)]);
    return Object.fromEntries(byName);
  }

  async #aboutNode(
    signal: AbortSignal,
  ): Promise<Pick<NewLearned, 'nodeLabels' | 'nodeAnnotations' | 'nodeUid'>> {
    const { node } = this.#options;
    const annotations = `api/v1/annotations/node/${node}${this.#filterQuery()}`;
    return {
      nodeLabels: await this.#connection.query(`api/v1/tags/node/${node}`, parseTextMap, signal),
      nodeAnnotations: await this.#connection.query(annotations, parseTextMap, signal),
      nodeUid: await this.#connection.query(`api/v1/uid/node/${node}`, parseNodeUid, signal),
    };
  }

  #filterQuery(): string {
    const { annotationFilters = [], filterForm = 'encoded' } = this.#options;
    if (annotationFilters.length === 0) return '';
    const encode = filterForm === 'encoded' ? encodeURIComponent : (filter: string) => filter;
    return `?${annotationFilters.map((filter) => `filter=${encode(filter)}`).join('&')}`;
  }
}
