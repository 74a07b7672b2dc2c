import { benchNamespace } from './metric-set.js';

/** A metric of an autoscaler. */
export function external(name: string, labels?: Readonly<Record<string, string>>): object {
  return {
    type: 'External',
    external: {
      metric: { name, ...(labels === undefined ? {} : { selector: { matchLabels: labels } }) },
      target: { type: 'AverageValue', averageValue: '1' },
    },
  };
}

/** An autoscaler of a workload that does not exist. */
export function autoscaler(name: string, metrics: readonly object[]): object {
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: name.replaceAll(/[._]/g, '-'), namespace: benchNamespace },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'nowhere' },
      minReplicas: 1,
      maxReplicas: 2,
      metrics,
    },
  };
}

/** The reader, the peer's account, and what both may do. */
export function ownObjects(): readonly object[] {
  const rbac = 'rbac.authorization.k8s.io';
  const account = (namespace: string, name: string): object => ({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { namespace, name },
  });
  const binding = (
    kind: 'RoleBinding' | 'ClusterRoleBinding',
    metadata: object,
    role: object,
    subject: object,
  ): object => ({
    apiVersion: `${rbac}/v1`,
    kind,
    metadata,
    roleRef: { apiGroup: rbac, ...role },
    subjects: [{ kind: 'ServiceAccount', ...subject }],
  });
  const peer = { namespace: benchNamespace, name: 'peer' };
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: benchNamespace } },
    account(benchNamespace, 'reader'),
    account(benchNamespace, 'peer'),
    binding(
      'RoleBinding',
      { name: 'reader', namespace: benchNamespace },
      { kind: 'ClusterRole', name: 'external-metrics-reader' },
      { namespace: benchNamespace, name: 'reader' },
    ),
    binding(
      'ClusterRoleBinding',
      { name: 'peer-reviews' },
      { kind: 'ClusterRole', name: 'system:auth-delegator' },
      peer,
    ),
    binding(
      'RoleBinding',
      { name: 'peer-authentication', namespace: 'kube-system' },
      { kind: 'Role', name: 'extension-apiserver-authentication-reader' },
      peer,
    ),
  ];
}
