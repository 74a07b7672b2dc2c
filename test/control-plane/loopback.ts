/** A Service that stands for a server on a loopback port of this machine. */
export interface LoopbackTarget {
  readonly name: string;
  readonly namespace: string;
  readonly port: number;
}

/**
 * The Service through which an APIService reaches a server on loopback. Kubernetes refuses loopback endpoints,
 * but resolves an ExternalName itself (only without `--enable-aggregator-routing`). The port dialled is the
 * APIService's `spec.service.port`; the name verified in the certificate is `<name>.<namespace>.svc`; the Host
 * that the server sees is `localhost:<port>`.
 */
export function reachLoopback({ name, namespace, port }: LoopbackTarget): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ port, protocol: 'TCP' }] },
  };
}
