import type { ExternalMetricSpec } from './autoscaler.js';
import type { Result } from './result.js';

/** An HPA as a person sees it: what it asks, and what its controller last said of it. */
export interface AutoscalerStatus {
  readonly namespace: string;
  readonly name: string;
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly externalMetrics: readonly ExternalMetricStatus[];
  /** Metrics of other types beside them. */
  readonly otherMetrics: number;
  /** By how much a ratio may miss 1 before replicas change. */
  readonly tolerance: { readonly up: number; readonly down: number };
  readonly conditions: readonly StatusCondition[];
  /** `undefined` before the controller has looked at it. */
  readonly currentReplicas: number | undefined;
  readonly desiredReplicas: number | undefined;
}

export interface ExternalMetricStatus {
  /** The error names the place in the spec that cannot be understood. */
  readonly spec: Result<ExternalMetricSpec, string>;
  /** `quantity` as the spec writes it. */
  readonly target: { readonly type: 'AverageValue' | 'Value'; readonly quantity: string } | undefined;
  /** What the controller last saw, as its status writes it: for AverageValue the value divided by the replicas. */
  readonly current: string | undefined;
}

/** A condition of a Kubernetes object's status. */
export interface StatusCondition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

/** How kube-apiserver is told who answers external metrics: the APIService object. */
export interface Registration {
  /** The Service that is asked; `undefined`: kube-apiserver itself. */
  readonly service: { readonly namespace: string; readonly name: string } | undefined;
  readonly available: StatusCondition | undefined;
}
