import type { ObjectDraft } from './cluster/object.js';

/** What an autoscaler asks, and of whom it is. */
export interface AutoscalerChoices {
  readonly namespace: string;
  readonly name: string;
  /** The external metric: its name, and its selector if it has one. */
  readonly metric: { readonly name: string; readonly selector?: object };
  /** Default: an average of 1. */
  readonly target?: object;
  readonly maxReplicas?: number;
}

/** A HorizontalPodAutoscaler on one external metric, which scales the Deployment of its own name, down without delay. */
export function autoscaler(choices: AutoscalerChoices): ObjectDraft {
  const {
    namespace,
    name,
    metric,
    target = { type: 'AverageValue', averageValue: '1' },
    maxReplicas = 5,
  } = choices;
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name, namespace },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
      minReplicas: 1,
      maxReplicas,
      metrics: [{ type: 'External', external: { metric, target } }],
      behavior: { scaleDown: { stabilizationWindowSeconds: 0 } },
    },
  };
}
