/** Kubernetes objects of the scenarios, each showing only what a scenario chooses. */
export const namespace = 'shop';

export function deployment(name: string): object {
  const labels = { app: name };
  const containers = [{ name: 'main', image: 'never-pulled' }];
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
  };
}

export interface AutoscalerChoices {
  readonly metric: string;
  readonly selector?: object;
  readonly target: object;
  readonly maxReplicas: number;
}

/** Scales both ways at once: stabilization and pace are the HPA controller's own matter, tested upstream. */
export function autoscaler(
  name: string,
  { metric, selector, target, maxReplicas }: AutoscalerChoices,
): object {
  const atOnce = {
    stabilizationWindowSeconds: 0,
    policies: [{ type: 'Pods', value: 100, periodSeconds: 1 }],
  };
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name, namespace },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
      minReplicas: 1,
      maxReplicas,
      metrics: [
        {
          type: 'External',
          external: { metric: { name: metric, ...(selector ? { selector } : {}) }, target },
        },
      ],
      behavior: { scaleUp: atOnce, scaleDown: atOnce },
    },
  };
}

/** Lets a user read external metrics in the scenarios' namespace, by the role that the project ships. */
export function metricsReader(user: string): object {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: `metrics-reader-${user}`, namespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'external-metrics-reader' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
  };
}
