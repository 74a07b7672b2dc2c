import type { LabelSelector } from './selector.js';

/** An object that scales a workload on external metrics, whatever its kind, as far as we care about it. */
export interface AutoscalerSpec {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly metrics: readonly ExternalMetricSpec[];
}

/** One external metric of an autoscaler's spec, unjudged: the name and selector as written. */
export interface ExternalMetricSpec {
  readonly name: string;
  readonly selector: LabelSelector | undefined;
}
