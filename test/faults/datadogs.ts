import type { RecordedCall } from '../../simulator/datadog/call-log.js';
import type { DatadogFault } from '../../simulator/datadog/faults.js';
import { DatadogSimulator } from '../../simulator/datadog.js';
import type { Shape } from '../../simulator/datadog-shapes.js';
import { shapeOf, watchedMetrics } from './watched.js';

/** One stand-in Datadog for each replica, so that it shows who asks; to the scenarios they are one. */
export class Datadogs {
  readonly #byReplica = new Map<string, DatadogSimulator>();
  #shapes: (readonly [name: string, tags: readonly string[], shape: Shape])[] = [];
  #isAway = false;
  #orders: ((datadog: DatadogSimulator) => void)[] = [];

  constructor() {
    for (const metric of watchedMetrics) this.shape(metric.name, metric.tags, shapeOf(metric));
  }

  /** Where a replica finds its stand-in, which begins anew at each call. */
  async for(replica: string): Promise<string> {
    const known = this.#byReplica.get(replica);
    const datadog = known ?? new DatadogSimulator({}, { sampleSeconds: 1, maxRecords: 200_000 });
    if (known !== undefined) await known.stop();
    else {
      for (const [name, tags, shape] of this.#shapes) datadog.shape(name, tags, shape);
      for (const order of this.#orders) order(datadog);
    }
    this.#byReplica.set(replica, datadog);
    const { url } = await datadog.start();
    if (this.#isAway) await datadog.stop();
    return url;
  }

  shape(name: string, tags: readonly string[], shape: Shape): void {
    this.#shapes.push([name, tags, shape]);
    for (const datadog of this.all()) datadog.shape(name, tags, shape);
  }

  remove(name: string): void {
    this.#shapes = this.#shapes.filter(([other]) => other !== name);
    for (const datadog of this.all()) datadog.remove(name);
  }

  all(): readonly DatadogSimulator[] {
    return [...this.#byReplica.values()];
  }

  of(replica: string): DatadogSimulator {
    const datadog = this.#byReplica.get(replica);
    if (datadog === undefined) throw new Error(`${replica} has no stand-in Datadog`);
    return datadog;
  }

  /** Every request of every replica, until `heal`. */
  always(fault: DatadogFault): void {
    this.#order(({ faults }) => void faults.always(fault));
  }

  /** Queries whose text matches, until `heal`. */
  forQuery(pattern: RegExp, fault: DatadogFault): void {
    this.#order(({ faults }) => void faults.forQuery(pattern, fault));
  }

  heal(): void {
    this.#orders = [];
    for (const datadog of this.all()) datadog.faults.clear();
  }

  #order(order: (datadog: DatadogSimulator) => void): void {
    this.#orders.push(order);
    for (const datadog of this.all()) order(datadog);
  }

  /** Nobody listens any more: connections are refused, also those of replicas that start meanwhile. */
  async stop(): Promise<void> {
    this.#isAway = true;
    await Promise.all(this.all().map((datadog) => datadog.stop()));
  }

  /** After `stop`: on the same ports, with the same series. */
  async resume(): Promise<void> {
    this.#isAway = false;
    await Promise.all(this.all().map((datadog) => datadog.start()));
  }

  /** The queries that a replica has sent so far. */
  queriesOf(replica: string): readonly RecordedCall[] {
    return (this.#byReplica.get(replica)?.calls ?? []).filter(({ path }) => path === '/api/v1/query');
  }

  callsOf(replica: string): readonly RecordedCall[] {
    return this.#byReplica.get(replica)?.calls ?? [];
  }
}
