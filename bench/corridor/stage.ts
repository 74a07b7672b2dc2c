import { service } from '../../simulator/service.js';
import { administrator } from '../../test/faults/administrator.js';
import { Remote } from '../shared/remote.js';
import { BenchCluster } from './cluster.js';
import type { Contestant } from './contestant.js';
import type { DatadogCalls } from './datadog-process.js';
import type { LoadResult } from './load.js';
import type { ReadingPlace } from './metric-reader.js';
import { type Peer, startPeer } from './peer.js';
import { type Product, type ProductOptions, startProduct } from './product.js';
import type { Programs } from './programs.js';
import type { ReaderCalls } from './reader-process.js';
import type { Scale } from './scale.js';

/** Datadog's own delay, as the aims suppose it. */
const datadogLatencyMs = 50;

type Parts = Pick<
  Stage,
  'programs' | 'scale' | 'folder' | 'cluster' | 'datadog' | 'reader' | 'datadogUrl' | 'token'
> & { readonly kubeconfigs: Readonly<Record<Contestant, string>> };

/** A cluster, a stand-in Datadog, both contestants and a reader: each in processes of its own, on loopback. */
export class Stage {
  readonly programs: Programs;
  readonly scale: Scale;
  /** For logs and lists. */
  readonly folder: string;
  readonly cluster: BenchCluster;
  readonly datadog: Remote<DatadogCalls>;
  readonly reader: Remote<ReaderCalls>;
  readonly datadogUrl: string;
  /** Of the reader's account. */
  readonly token: string;
  readonly caPem: string;
  readonly serverName = `${service.name}.${service.namespace}.svc`;
  /** What was wrong, of all that was looked at. */
  readonly faults: string[] = [];
  readonly #kubeconfigs: Parts['kubeconfigs'];
  readonly #products = new Map<string, Product>();
  #peer: Peer | undefined;
  #size = 0;

  private constructor(given: Parts) {
    this.programs = given.programs;
    this.scale = given.scale;
    this.folder = given.folder;
    this.cluster = given.cluster;
    this.datadog = given.datadog;
    this.reader = given.reader;
    this.datadogUrl = given.datadogUrl;
    this.token = given.token;
    this.#kubeconfigs = given.kubeconfigs;
    this.caPem = administrator(given.cluster.plane).ca;
  }

  static async build(programs: Programs, scale: Scale, folder: string): Promise<Stage> {
    const datadog = new Remote<DatadogCalls>(new URL('datadog-process.js', import.meta.url));
    const reader = new Remote<ReaderCalls>(new URL('reader-process.js', import.meta.url));
    const cluster = await BenchCluster.start(programs.binaries, folder);
    const { plane } = cluster;
    return new Stage({
      programs,
      scale,
      folder,
      cluster,
      datadog,
      reader,
      datadogUrl: await datadog.ask('start', { latencyMs: datadogLatencyMs, sampleSeconds: 10 }),
      token: await cluster.readerToken(),
      kubeconfigs: {
        product: await plane.kubeconfigForServiceAccount('datadog', 'datadog-cluster-agent'),
        peer: await plane.kubeconfigForServiceAccount('bench', 'peer'),
      },
    });
  }

  /** How many metrics are wanted. */
  get size(): number {
    return this.#size;
  }

  /** Datadog has so many metrics from now on, and autoscalers ask for them. */
  async grow(size: number): Promise<void> {
    await this.datadog.ask('have', size);
    await this.cluster.want(size);
    this.#size = size;
  }

  async startProduct(
    options: Pick<ProductOptions, 'name' | 'serving' | 'settings' | 'isProbed' | 'nodeOptions'>,
  ): Promise<Product> {
    const { datadogUrl, folder } = this;
    const kubeconfigPath = this.#kubeconfigs.product;
    const product = await startProduct({ kubeconfigPath, datadogUrl, folder, ...options });
    this.#products.set(options.name, product);
    return product;
  }

  async startPeer(): Promise<Peer> {
    this.#peer = await startPeer({
      file: this.programs.peer,
      kubeconfigPath: this.#kubeconfigs.peer,
      serving: this.cluster.serving,
      metrics: this.#size + 1,
      folder: this.folder,
    });
    return this.#peer;
  }

  /** The product's is the replica `dca-0`, which leads. */
  contestant(name: Contestant): { readonly pid: number; readonly port: number } {
    const found = name === 'peer' ? this.#peer : this.#products.get('dca-0');
    if (found === undefined) throw new Error(`the ${name} does not run`);
    return found;
  }

  /** Where a replica, or the peer, is read. */
  place({ port }: { readonly port: number }): ReadingPlace {
    return { port, caPem: this.caPem, serverName: this.serverName, token: this.token };
  }

  /** Makes kube-apiserver ask a contestant. Only the peer has one metric more than was grown to. */
  async register(name: Contestant): Promise<void> {
    const isThere = (status: number): boolean => (name === 'peer' ? status === 200 : status === 404);
    await this.cluster.registerAt(this.contestant(name).port, isThere, this.#size);
  }

  /** Takes note of answers that were not right. */
  judge(what: string, { wrong, faults }: Pick<LoadResult, 'wrong' | 'faults'>): void {
    if (wrong > 0) this.faults.push(`${what}: ${wrong} wrong: ${faults.join('; ')}`);
  }

  /** Ends the replicas in good order, and the peer. */
  async clear(): Promise<void> {
    for (const { replica } of [...this.#products.values()].toReversed()) await replica.process.stop(20_000);
    this.#products.clear();
    await this.#peer?.process.stop(10_000);
    this.#peer = undefined;
  }

  async stop(): Promise<void> {
    await this.clear();
    for (const remote of [this.datadog, this.reader]) remote.stop();
    await this.cluster.stop({ keepLogs: this.faults.length > 0 });
  }
}
