import type { LockResource } from '../../config/kubernetes-settings.js';
import type { Config } from '../../config/load.js';
import { shardName } from '../../metricsstore/shard-content.js';
import { shardLimits } from '../../wiring/external-metrics.js';

/** Some rights that are granted, and missed, together. */
export interface Right {
  /** `undefined`: of the whole cluster, so a ClusterRole grants it. */
  readonly namespace?: string;
  readonly group: string;
  readonly resource: string;
  /** Objects by name; empty: any. */
  readonly names: readonly string[];
  readonly verbs: readonly string[];
  /** What does not work without it. */
  readonly without: string;
  /** Another resource with which the same is done. */
  readonly instead?: { readonly group: string; readonly resource: string };
  /** The work goes on without it. */
  readonly isOptional?: true;
  /** Kubernetes' own role that grants it; else one of our manifests does. */
  readonly builtInRole?: string;
}

/** The registration of external metrics. */
export const apiServiceName = 'v1beta1.external.metrics.k8s.io';

const registration = { group: 'apiregistration.k8s.io', resource: 'apiservices', names: [apiServiceName] };

/**
 * Every right that a replica uses with these settings: the one table of them, which the manifests are compared with. Rights
 * in a namespace are in our own, but for those of Kubernetes' own roles.
 */
export function neededRights(config: Config): readonly Right[] {
  return [
    ...nodeSideRights(config),
    ...(config.externalMetrics.enabled ? metricsRights(config) : []),
    ...(config.leaderElection.enabled ? leaderRights(config) : []),
    ...(config.certificate.directory === undefined ? certificateRights(config) : []),
    ...(config.events.collect ? eventsRights(config) : []),
  ];
}

function nodeSideRights({ kubernetes, clusterAgent, events }: Config): readonly Right[] {
  const slices = { group: 'discovery.k8s.io', resource: 'endpointslices' };
  const endpoints = { group: '', resource: 'endpoints' };
  const used = kubernetes.usesEndpointSlices ? { ...slices, instead: endpoints } : endpoints;
  const follow = { names: [], verbs: ['list', 'watch'] };
  return [
    { group: '', resource: 'nodes', ...follow, without: 'labels of nodes for node agents' },
    {
      group: '',
      resource: 'namespaces',
      ...follow,
      without: "labels of namespaces for node agents, and the cluster's id",
    },
    {
      ...used,
      ...follow,
      without: clusterAgent.mapMetadata
        ? 'the tag kube_service, and the way to the leader'
        : 'the way to the leader',
    },
    ...(events.checksControlPlane
      ? [
          {
            group: '',
            resource: 'componentstatuses',
            names: [],
            verbs: ['list'],
            without: 'the state of each component of the control plane (/readyz is read in place of it)',
            isOptional: true as const,
          },
        ]
      : []),
    {
      namespace: kubernetes.namespace,
      group: '',
      resource: 'configmaps',
      names: [],
      verbs: ['create'],
      without: "the first ConfigMap of the metrics, and of the cluster's id",
    },
    {
      namespace: kubernetes.namespace,
      group: '',
      resource: 'configmaps',
      names: ['datadog-cluster-id'],
      verbs: ['get'],
      without: "the cluster's id",
    },
  ];
}

function metricsRights({ externalMetrics, kubernetes }: Config): readonly Right[] {
  const shards = Array.from({ length: shardLimits.maxShards }, (_, index) =>
    shardName(externalMetrics.configMapName, index),
  );
  const delegator = { builtInRole: 'system:auth-delegator', names: [], verbs: ['create'] };
  return [
    {
      group: 'autoscaling',
      resource: 'horizontalpodautoscalers',
      names: [],
      verbs: ['list', 'watch'],
      without: 'all external metrics: nobody else says which are wanted',
    },
    {
      namespace: kubernetes.namespace,
      group: '',
      resource: 'configmaps',
      names: shards,
      verbs: ['get', 'list', 'watch', 'update', 'delete'],
      without: 'metrics on the replicas that do not lead, and after a restart',
    },
    {
      ...delegator,
      group: 'authentication.k8s.io',
      resource: 'tokenreviews',
      without: 'who asks for metrics with a token',
    },
    {
      ...delegator,
      group: 'authorization.k8s.io',
      resource: 'subjectaccessreviews',
      without: 'whether a caller may read metrics, so that no HPA gets any',
    },
    {
      namespace: 'kube-system',
      group: '',
      resource: 'configmaps',
      names: ['extension-apiserver-authentication'],
      verbs: ['get', 'list', 'watch'],
      without: 'the trust in the API server that passes requests on, so that no HPA gets metrics',
      builtInRole: 'extension-apiserver-authentication-reader',
    },
  ];
}

const lease = { group: 'coordination.k8s.io', resource: 'leases' };
const configMap = { group: '', resource: 'configmaps' };
const endpoints = { group: '', resource: 'endpoints' };
/** The kinds of objects that make up each lock. */
export const locks: Readonly<Record<LockResource, readonly (typeof lease)[]>> = {
  lease: [lease],
  configmap: [configMap],
  endpoints: [endpoints],
  configmapsleases: [configMap, lease],
  endpointsleases: [endpoints, lease],
};

function leaderRights({ kubernetes: { namespace }, leaderElection }: Config): readonly Right[] {
  const { resource, leaseName } = leaderElection;
  const without = 'a leader, and so new metrics and events';
  return locks[resource].flatMap((kind) => [
    { namespace, ...kind, names: [], verbs: ['create'], without },
    { namespace, ...kind, names: [leaseName], verbs: ['get', 'list', 'watch', 'update'], without },
  ]);
}

function certificateRights({ kubernetes: { namespace }, certificate }: Config): readonly Right[] {
  const secrets = { namespace, group: '', resource: 'secrets' };
  const without = 'the certificate of all ports';
  return [
    { ...secrets, names: [], verbs: ['create'], without },
    { ...secrets, names: [certificate.secretName], verbs: ['get', 'list', 'watch', 'update'], without },
    {
      ...registration,
      verbs: ['get', 'list', 'watch', 'patch'],
      without: 'the caBundle, by which the API server trusts our certificate',
    },
  ];
}

function eventsRights({ kubernetes: { namespace }, events }: Config): readonly Right[] {
  return [
    {
      group: 'events.k8s.io',
      resource: 'events',
      names: [],
      verbs: ['list', 'watch'],
      without: 'all events',
      instead: { group: '', resource: 'events' },
    },
    {
      namespace,
      group: '',
      resource: 'configmaps',
      names: [events.tokenName],
      verbs: ['get', 'update'],
      without: 'up to where Datadog has the events',
    },
  ];
}
