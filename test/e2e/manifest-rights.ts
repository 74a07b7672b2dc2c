import type { LockResource } from '../../config/kubernetes-settings.js';
import type { Config } from '../../config/load.js';
import { listAt, type Manifest, textAt } from './manifest.js';

export const apiService = 'v1beta1.external.metrics.k8s.io';

/** Every right that the server uses in the namespace `datadog`, by what its settings name, one a line. */
export function neededPermissions({
  certificate,
  events,
  externalMetrics,
  kubernetes,
  leaderElection,
}: Config): readonly string[] {
  const names = (first: string) => [
    first,
    ...Array.from({ length: 31 }, (_, shard) => `${first}-${shard + 1}`),
  ];
  const each = (where: string, verbs: string) => verbs.split(' ').map((verb) => `${where} ${verb}`);
  const own = certificate.directory === undefined;
  return [
    ...each('cluster autoscaling/horizontalpodautoscalers', 'list watch'),
    ...each('cluster /nodes', 'list watch'),
    ...each('cluster /namespaces', 'list watch'),
    // Of all namespaces for the map of services, of our own for the addresses of replicas.
    ...each(
      `cluster ${kubernetes.usesEndpointSlices ? 'discovery.k8s.io/endpointslices' : '/endpoints'}`,
      'list watch',
    ),
    ...(events.checksControlPlane ? each('cluster /componentstatuses', 'list') : []),
    ...(events.collect ? each('cluster events.k8s.io/events', 'list watch') : []),
    ...(events.collect ? each(`datadog /configmaps/${events.tokenName}`, 'get update') : []),
    ...each('datadog /configmaps', 'create'),
    ...lockResources(leaderElection.resource).flatMap((resource) => [
      ...each(`datadog ${resource}`, 'create'),
      ...each(`datadog ${resource}/${leaderElection.leaseName}`, 'get list watch update'),
    ]),
    ...names(externalMetrics.configMapName).flatMap((name) =>
      each(`datadog /configmaps/${name}`, 'get list watch update delete'),
    ),
    ...each('datadog /configmaps/datadog-cluster-id', 'get'),
    ...(own ? each('datadog /secrets', 'create') : []),
    ...(own ? each(`datadog /secrets/${certificate.secretName}`, 'get list watch update') : []),
    ...(own ? each(`cluster apiregistration.k8s.io/apiservices/${apiService}`, 'get list watch patch') : []),
  ];
}

function lockResources(kind: LockResource): readonly string[] {
  const lease = 'coordination.k8s.io/leases';
  switch (kind) {
    case 'lease':
      return [lease];
    case 'configmap':
      return ['/configmaps'];
    case 'endpoints':
      return ['/endpoints'];
    case 'configmapsleases':
      return ['/configmaps', lease];
    case 'endpointsleases':
      return ['/endpoints', lease];
  }
}

/** What a rendering's roles grant the server beside Kubernetes' own roles, one right a line. */
export function permissionsOf(objects: readonly Manifest[]): ReadonlySet<string> {
  const roles = objects.filter(({ kind, name }) => /^(Cluster)?Role$/.test(kind) && !isForOthers(name));
  return new Set(
    roles.flatMap(({ namespace = 'cluster', content }) =>
      listAt(content, 'rules').flatMap((rule) => rightsOf(rule).map((right) => `${namespace} ${right}`)),
    ),
  );
}

/** Roles of readers and of node agents. */
function isForOthers(name: string): boolean {
  return name.includes('external-metrics-reader') || name === 'datadog-agent';
}

function rightsOf(rule: unknown): readonly string[] {
  const named = listAt(rule, 'resourceNames').map((name) => `/${String(name)}`);
  const names = named.length === 0 ? [''] : named;
  return listAt(rule, 'apiGroups').flatMap((group) =>
    listAt(rule, 'resources').flatMap((resource) =>
      names.flatMap((name) =>
        listAt(rule, 'verbs').map((verb) => `${String(group)}/${String(resource)}${name} ${String(verb)}`),
      ),
    ),
  );
}

/** Whom which of Kubernetes' own roles are given to. */
export function bindingsOf(objects: readonly Manifest[]): readonly string[] {
  return objects
    .filter(({ kind }) => kind.endsWith('RoleBinding'))
    .map(({ namespace = 'cluster', content }) => {
      const subjects = listAt(content, 'subjects').map(
        (one) => `${textAt(one, 'namespace')}/${textAt(one, 'name')}`,
      );
      return `${namespace} ${textAt(content, 'roleRef', 'name')} ${subjects.join(' ')}`;
    })
    .filter((line) => / (system:|extension-)/.test(line))
    .toSorted();
}
