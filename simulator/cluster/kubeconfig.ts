import { stringify } from 'yaml';

/** Where a client finds the cluster, and what it trusts. */
export interface ClusterAddress {
  readonly url: string;
  readonly port: number;
  /** The authority of the server's certificate; empty over plain HTTP. */
  readonly caPem: string;
}

/** A kubeconfig that needs no other file, for the bearer of `token`. */
export function toKubeconfig(address: ClusterAddress, token: string): string {
  const ca =
    address.caPem === ''
      ? {}
      : { 'certificate-authority-data': Buffer.from(address.caPem, 'utf8').toString('base64') };
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'simulator', cluster: { server: address.url, ...ca } }],
    users: [{ name: 'simulator', user: { token } }],
    contexts: [
      { name: 'simulator', context: { cluster: 'simulator', user: 'simulator', namespace: 'default' } },
    ],
    'current-context': 'simulator',
  });
}
