import { type Clock, every } from '../core/clock.js';
import type { Component, Health } from '../core/component.js';
import { type JsonObject, type KubeObject, numberAt, toTimestamp } from './cluster/object.js';
import { type MetricsBackend, readExternalMetric } from './hpa-metrics.js';
import {
  clamp,
  combine,
  forAverageValue,
  forValue,
  type Proposal,
  type Recommendation,
  type ReplicaCounts,
  stabilize,
} from './hpa-replicas.js';
import { type HpaMetric, type HpaSpec, toHpaSpec } from './hpa-spec.js';
import {
  ableToScale,
  type Condition,
  currentMetric,
  limited,
  mergeConditions,
  noScale,
  scalingActive,
  scalingDisabled,
  scalingFailed,
} from './hpa-status.js';

/** The objects that the controller reads and writes; the cluster simulator has these. */
export interface ControlledObjects {
  objects(resource: string): readonly KubeObject[];
  get(resource: string, namespace: string, name: string): KubeObject | undefined;
  merge(resource: string, namespace: string, name: string, patch: JsonObject): KubeObject;
}

export interface HpaControllerPorts {
  readonly objects: ControlledObjects;
  readonly metrics: MetricsBackend;
  readonly clock: Clock;
}

export interface HpaControllerOptions {
  /** Between two rounds; a real controller takes 15 s. */
  readonly syncMs: number;
  /** Whether the controller also plays the workloads: what a Deployment wants is ready at the next round. True by default. */
  readonly runsWorkloads?: boolean;
}

/** What one reading of a metric gave. */
interface Measured {
  readonly metric: HpaMetric;
  readonly proposal: Proposal | undefined;
  /** Why there is no proposal; empty when there is one. */
  readonly error: string;
}

/** What a round comes to for one autoscaler. */
type Decision =
  | {
      readonly kind: 'hold';
      readonly conditions: readonly Condition[];
      readonly measured: readonly Measured[];
    }
  | {
      readonly kind: 'scale';
      readonly replicas: number;
      readonly isStabilized: boolean;
      readonly conditions: readonly Condition[];
      readonly measured: readonly Measured[];
    };

/** Autoscalers are looked after by this many workers, so one slow answer holds up a fifth of them. */
const workers = 5;

/**
 * A stand-in for the HorizontalPodAutoscaler controller: it asks the external metrics server through the aggregation
 * layer, computes replicas as the v2 algorithm does, sets them on the Deployment, and writes status and conditions.
 * External metrics and Deployments only; of `behavior` it heeds `scaleDown.stabilizationWindowSeconds`.
 */
export class SimulatedHpaController implements Component {
  readonly name = 'simulated-hpa-controller';
  readonly #objects: ControlledObjects;
  readonly #metrics: MetricsBackend;
  readonly #clock: Clock;
  readonly #options: HpaControllerOptions;
  /** By uid, so that a recreated autoscaler starts afresh. */
  readonly #recommendations = new Map<string, readonly Recommendation[]>();

  constructor(ports: HpaControllerPorts, options: HpaControllerOptions) {
    this.#objects = ports.objects;
    this.#metrics = ports.metrics;
    this.#clock = ports.clock;
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    await every(this.#clock, this.#options.syncMs, () => this.sync(signal), signal);
  }

  health(): Health {
    return { state: 'ready' };
  }

  /** One round over all autoscalers. It ends early, without an error, when `signal` aborts. */
  async sync(signal: AbortSignal): Promise<void> {
    if (this.#options.runsWorkloads ?? true) this.#runWorkloads();
    const hpas = this.#objects.objects('horizontalpodautoscalers');
    this.#forgetAllBut(new Set(hpas.map((hpa) => hpa.metadata.uid)));
    const queue = hpas.values();
    const work = async (): Promise<void> => {
      for (const hpa of queue) await this.#reconcile(hpa, signal);
    };
    try {
      await Promise.all(Array.from({ length: workers }, work));
    } catch (error: unknown) {
      if (!signal.aborted) throw error;
    }
  }

  #runWorkloads(): void {
    for (const deployment of this.#objects.objects('deployments')) {
      const { namespace = '', name } = deployment.metadata;
      const replicas = numberAt(deployment, 'spec', 'replicas') ?? 1;
      const status = {
        replicas,
        readyReplicas: replicas,
        availableReplicas: replicas,
        updatedReplicas: replicas,
      };
      this.#objects.merge('deployments', namespace, name, { status });
    }
  }

  #forgetAllBut(uids: ReadonlySet<string>): void {
    for (const uid of this.#recommendations.keys()) {
      if (!uids.has(uid)) this.#recommendations.delete(uid);
    }
  }

  async #reconcile(hpa: KubeObject, signal: AbortSignal): Promise<void> {
    const spec = toHpaSpec(hpa);
    const deployment = this.#objects.get('deployments', spec.namespace, spec.deployment);
    if (deployment === undefined) {
      this.#writeStatus(spec, [noScale(spec.deployment)], {});
      return;
    }
    const counts = {
      wanted: numberAt(deployment, 'spec', 'replicas') ?? 1,
      running: numberAt(deployment, 'status', 'replicas') ?? 0,
      ready: numberAt(deployment, 'status', 'readyReplicas') ?? 0,
    };
    this.#act(spec, counts, await this.#decide(spec, counts, signal));
  }

  async #decide(spec: HpaSpec, counts: ReplicaCounts, signal: AbortSignal): Promise<Decision> {
    const { wanted } = counts;
    const outright = (replicas: number): Decision => ({
      kind: 'scale',
      replicas,
      isStabilized: false,
      conditions: [],
      measured: [],
    });
    if (wanted === 0) return { kind: 'hold', conditions: [scalingDisabled()], measured: [] };
    if (wanted > spec.max) return outright(spec.max);
    if (wanted < spec.min) return outright(spec.min);
    const measured = await this.#measure(spec, counts, signal);
    const desired = combine(
      measured.map(({ proposal }) => proposal),
      wanted,
    );
    if (desired === undefined) {
      const error = measured.find(({ proposal }) => proposal === undefined)?.error ?? '';
      return { kind: 'hold', conditions: [scalingFailed(error)], measured };
    }
    const stable = this.#stabilize(spec, wanted, Math.max(0, desired));
    const { replicas, reason } = clamp(stable, wanted, spec);
    const conditions = [scalingActive(decisive(measured, desired)), limited(reason)];
    return { kind: 'scale', replicas, isStabilized: stable !== desired, conditions, measured };
  }

  /** One after the other, as the real controller reads them. */
  async #measure(spec: HpaSpec, counts: ReplicaCounts, signal: AbortSignal): Promise<readonly Measured[]> {
    const measured: Measured[] = [];
    for (const metric of spec.metrics)
      measured.push(await this.#measureOne(spec, { metric, counts }, signal));
    return measured;
  }

  async #measureOne(
    spec: HpaSpec,
    { metric, counts }: { readonly metric: HpaMetric; readonly counts: ReplicaCounts },
    signal: AbortSignal,
  ): Promise<Measured> {
    const { name, selector, target } = metric;
    if (target === undefined) {
      const error = `the simulated controller reads external metrics with a value or an averageValue only, not '${name}'`;
      return { metric, proposal: undefined, error };
    }
    const wanted = { namespace: spec.namespace, name, selector };
    const values = await readExternalMetric(this.#metrics, wanted, signal);
    if (!values.ok) return { metric, proposal: undefined, error: values.error };
    const propose = target.type === 'AverageValue' ? forAverageValue : forValue;
    const proposal = propose({ valuesMilli: values.value, targetMilli: target.milli }, counts);
    return { metric, proposal, error: '' };
  }

  #stabilize(spec: HpaSpec, wanted: number, desired: number): number {
    const atMs = this.#clock.monotonicMs();
    // The first round remembers what it found, so that a controller that restarts does not scale down at once.
    const past = this.#recommendations.get(spec.uid) ?? [{ atMs, replicas: wanted }];
    const stable = stabilize(past, { atMs, replicas: desired }, spec.scaleDownWindowMs);
    this.#recommendations.set(spec.uid, stable.recommendations);
    return stable.replicas;
  }

  #act(spec: HpaSpec, counts: ReplicaCounts, decision: Decision): void {
    const currentMetrics = decision.measured.flatMap(({ metric, proposal }) =>
      proposal === undefined ? [] : [currentMetric(metric, proposal)],
    );
    const shown = { currentReplicas: counts.running, currentMetrics };
    if (decision.kind === 'hold') {
      this.#writeStatus(spec, decision.conditions, shown);
      return;
    }
    const { replicas, isStabilized } = decision;
    const isRescale = replicas !== counts.wanted;
    if (isRescale) {
      this.#objects.merge('deployments', spec.namespace, spec.deployment, { spec: { replicas } });
    }
    const able = ableToScale({ isStabilized, rescaledTo: isRescale ? replicas : undefined });
    const lastScale = isRescale ? { lastScaleTime: toTimestamp(this.#clock.nowMs()) } : {};
    this.#writeStatus(spec, [able, ...decision.conditions], {
      ...shown,
      ...lastScale,
      desiredReplicas: replicas,
    });
  }

  /** An autoscaler that went away meanwhile is left alone. */
  #writeStatus(spec: HpaSpec, conditions: readonly Condition[], fields: JsonObject): void {
    const hpa = this.#objects.get('horizontalpodautoscalers', spec.namespace, spec.name);
    if (hpa === undefined || hpa.metadata.uid !== spec.uid) return;
    const merged = mergeConditions(hpa, conditions, this.#clock.nowMs());
    const observedGeneration = hpa.metadata.generation ?? 1;
    const status = { ...fields, observedGeneration, conditions: merged };
    this.#objects.merge('horizontalpodautoscalers', spec.namespace, spec.name, { status });
  }
}

/** The metric whose proposal won. */
function decisive(measured: readonly Measured[], desired: number): HpaMetric | undefined {
  return measured.find(({ proposal }) => proposal?.replicas === desired)?.metric;
}
