import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { service } from '../../simulator/service.js';
import { type Connection, dial, type Place } from '../shared/connection.js';
import { Remote } from '../shared/remote.js';
import type { ClusterCalls, ClusterFacts, Questions } from './cluster-process.js';
import { leaveFirstCore, type Pinning } from './cores.js';
import type { LoadCalls } from './load-process.js';
import { type Product, startProduct } from './product.js';
import type { Scale } from './scale.js';

/** The token of the node agents. */
export const agentsToken = 'agents0123456789agents0123456789';

/** The stand-ins and the load, each in a process of its own; a replica of the product comes and goes. */
export class Scene {
  readonly pinning: Pinning;
  readonly cluster: Remote<ClusterCalls>;
  readonly load: Remote<LoadCalls>;
  /** A second client, so that neither waits for the other. */
  readonly reader: Remote<LoadCalls>;
  readonly scale: Scale;
  /** What was wrong, of all that was looked at. */
  readonly faults: string[] = [];
  readonly #nodeOptions: readonly string[];
  readonly #folder = mkdtempSync(join(tmpdir(), 'node-agents-bench-'));
  #facts: ClusterFacts | undefined;
  #product: Product | undefined;

  constructor(
    scale: Scale,
    options: { readonly nodeOptions: readonly string[]; readonly isShared: boolean },
  ) {
    this.scale = scale;
    // First: the processes inherit where this one may run.
    this.pinning = leaveFirstCore(options);
    this.cluster = new Remote<ClusterCalls>(new URL('cluster-process.js', import.meta.url));
    this.load = new Remote<LoadCalls>(new URL('load-process.js', import.meta.url));
    this.reader = new Remote<LoadCalls>(new URL('load-process.js', import.meta.url));
    this.#nodeOptions = options.nodeOptions;
  }

  async start(): Promise<void> {
    this.#facts = await this.cluster.ask('start', this.scale.size);
  }

  get facts(): ClusterFacts {
    if (this.#facts === undefined) throw new Error('start the scene first');
    return this.#facts;
  }

  /** A new replica in the place of the one before, which knows nothing of it. */
  async startProduct(resyncSeconds: number): Promise<Product> {
    await this.stopProduct();
    await this.cluster.ask('forgetReplica', undefined);
    this.#product = await startProduct({
      facts: this.facts,
      pinning: this.pinning,
      folder: this.#folder,
      agentsToken,
      resyncSeconds,
      nodeOptions: this.#nodeOptions,
    });
    return this.#product;
  }

  async stopProduct(): Promise<void> {
    await this.#product?.process.stop(10_000);
    this.#product = undefined;
  }

  async place(port: number): Promise<Place> {
    const caPem = (await this.cluster.ask('authority', undefined)) ?? '';
    return { port, caPem, serverName: `${service.name}.${service.namespace}.svc` };
  }

  async dial(product: Product): Promise<Connection> {
    return await dial(await this.place(product.commandPort));
  }

  /** Opens the connections of the load, and says what to ask over them. */
  async prepare(product: Product, connections: number, questions: Questions['perNode']): Promise<number> {
    const place = await this.place(product.commandPort);
    const seconds = await this.load.ask('open', { place, connections });
    await this.load.ask('use', { questions, token: agentsToken, bodyEach: this.scale.bodyEach });
    return seconds;
  }

  /** Takes note of answers that were not right. */
  judge(
    what: string,
    { wrong, faults }: { readonly wrong: number; readonly faults: readonly string[] },
  ): void {
    if (wrong > 0) this.faults.push(`${what}: ${wrong} wrong answers: ${faults.join('; ')}`);
  }

  async stop(): Promise<void> {
    await this.stopProduct();
    for (const remote of [this.cluster, this.load, this.reader]) remote.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
