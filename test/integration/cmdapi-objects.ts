import type { ObjectDraft } from '../../simulator/cluster/object.js';

/** A pod behind a service. */
export interface PodDraft {
  readonly name: string;
  readonly node: string;
  readonly isReady?: boolean;
  readonly address?: string;
}

export function node(
  name: string,
  metadata: { readonly labels?: Record<string, string>; readonly annotations?: Record<string, string> } = {},
): ObjectDraft {
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, ...metadata } };
}

export function namespace(
  name: string,
  metadata: { readonly labels?: Record<string, string>; readonly annotations?: Record<string, string> } = {},
): ObjectDraft {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, ...metadata } };
}

/** Some of the pods of a service, all in one namespace. */
export function slice(
  name: string,
  service: { readonly namespace: string; readonly name: string },
  pods: readonly PodDraft[],
  more: { readonly addressType?: 'IPv4' | 'IPv6'; readonly ports?: readonly object[] } = {},
): ObjectDraft {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name,
      namespace: service.namespace,
      labels: { 'kubernetes.io/service-name': service.name },
    },
    addressType: more.addressType ?? 'IPv4',
    endpoints: pods.map(({ isReady = true, address = '10.0.0.1', ...pod }) => ({
      addresses: [address],
      conditions: { ready: isReady },
      nodeName: pod.node,
      targetRef: { kind: 'Pod', namespace: service.namespace, name: pod.name },
    })),
    ports: more.ports ?? [{ name: 'http', port: 8080, protocol: 'TCP' }],
  };
}

/** All pods of a service, in the form of old. */
export function endpoints(
  service: { readonly namespace: string; readonly name: string },
  pods: readonly PodDraft[],
): ObjectDraft {
  const addressOf = ({ address = '10.0.0.1', ...pod }: PodDraft): object => ({
    ip: address,
    nodeName: pod.node,
    targetRef: { kind: 'Pod', namespace: service.namespace, name: pod.name },
  });
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { ...service },
    subsets: [
      {
        addresses: pods.filter(({ isReady }) => isReady !== false).map(addressOf),
        notReadyAddresses: pods.filter(({ isReady }) => isReady === false).map(addressOf),
        ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
      },
    ],
  };
}

/** The Service by which node agents and replicas find the replicas, as the manifests have it. */
export const agentService = { namespace: 'datadog', name: 'datadog-cluster-agent' } as const;

/** Says where one replica is reached: in a slice of its own. */
export function replicaSlice(
  replica: string,
  address: { readonly port: number; readonly host?: string },
): ObjectDraft {
  const { port, host = '127.0.0.1' } = address;
  return slice(
    `${agentService.name}-${replica}`,
    agentService,
    [{ name: replica, node: 'n1', address: host }],
    {
      ports: [{ name: 'agentport', port, protocol: 'TCP' }],
    },
  );
}
