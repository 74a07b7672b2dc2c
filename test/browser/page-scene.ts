import { createServer } from 'node:net';
import { systemClock } from '../../core/clock.js';
import { autoscaler } from '../../simulator/autoscaler.js';
import { SimulatedHpaController } from '../../simulator/hpa-controller.js';
import { pageAddress, type SimulatedReplica, StandIns } from '../../simulator/stand-ins.js';

const namespace = 'shop';

/** A replica with its page on, between the stand-ins: one metric that a test moves, and two that are amiss. */
export class PageScene {
  readonly standIns = new StandIns();
  readonly #stop = new AbortController();
  #controlling: Promise<void> | undefined;
  #replica: SimulatedReplica | undefined;
  #port = 0;
  /** What `shop.requests` comes to. */
  value = 32;

  async start(): Promise<void> {
    this.#port = await freePort();
    await this.standIns.start();
    const { datadog, cluster } = this.standIns;
    datadog.shape('shop.requests', ['service:web'], () => this.value);
    datadog.shape('shop.negative', [], () => -1);
    this.#workload('web', 'shop.requests', { service: 'web' });
    this.#workload('broken', 'shop.nowhere', {});
    this.#workload('debts', 'shop.negative', {});
    await this.startReplica();
    const controller = new SimulatedHpaController(
      { objects: cluster, metrics: cluster.frontProxy, clock: systemClock },
      { syncMs: 500 },
    );
    this.#controlling = controller.run(this.#stop.signal);
  }

  async startReplica(): Promise<void> {
    const settings = { DD_GUI_PORT: String(this.#port) };
    this.#replica = this.standIns.startReplica({ name: 'dca-0', settings });
    await this.standIns.untilReady(this.#replica, this.#stop.signal);
    while (this.#replica.app.pagePort() === undefined) await systemClock.sleep(50, this.#stop.signal);
  }

  async stopReplica(): Promise<void> {
    await this.#replica?.stop();
  }

  /** Opens the page, once. */
  address(): string {
    if (this.#replica === undefined) throw new Error('no replica was started');
    return pageAddress(this.#replica);
  }

  get origin(): string {
    return `https://127.0.0.1:${this.#port}`;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#controlling;
    await this.standIns.stop();
  }

  #workload(name: string, metric: string, matchLabels: Readonly<Record<string, string>>): void {
    const { cluster } = this.standIns;
    cluster.apply({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace },
      spec: { replicas: 1 },
    });
    cluster.apply(
      autoscaler({
        namespace,
        name,
        maxReplicas: 8,
        metric: { name: metric, selector: { matchLabels } },
        target: { type: 'AverageValue', averageValue: '10' },
      }),
    );
  }
}

/** The same after a restart, as a port-forward has it. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
