/** Kubernetes objects of which node agents ask, each showing only what a scenario chooses. */
export const namespace = 'shop';

export function node(
  name: string,
  metadata: { readonly labels?: object; readonly annotations?: object } = {},
): object {
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, ...metadata } };
}

export function service(name: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: { selector: { app: name }, ports: [{ port: 80 }] },
  };
}

/** A pod on a node, as a scheduler leaves it; no kubelet will ever run it. */
export function pod(name: string, app: string, nodeName: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { app } },
    spec: { nodeName, containers: [{ name: 'main', image: 'never-pulled' }] },
  };
}

/** What a kubelet writes once a pod serves, or has stopped to. */
export function podStatus(podIP: string, isReady: boolean): object {
  return {
    status: {
      phase: 'Running',
      podIP,
      podIPs: [{ ip: podIP }],
      conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }],
    },
  };
}

/** Pod and node. */
export type Backend = readonly [pod: string, node: string];

/** A slice that is made by hand, for a service that has no selector. */
export function slice(name: string, serviceName: string, backends: readonly Backend[]): object {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace, labels: { 'kubernetes.io/service-name': serviceName } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 80 }],
    endpoints: backends.map(([podName, nodeName], index) => ({
      addresses: [`10.1.0.${index + 1}`],
      conditions: { ready: true },
      nodeName,
      targetRef: { kind: 'Pod', namespace, name: podName },
    })),
  };
}
