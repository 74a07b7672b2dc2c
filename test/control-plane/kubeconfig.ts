import { writeFile } from 'node:fs/promises';
import type { KeyedCertificate } from './certificates.js';

/** How a kubeconfig's user proves itself. */
export type Credential =
  | { readonly kind: 'certificate'; readonly certificate: KeyedCertificate }
  | { readonly kind: 'token'; readonly token: string };

/** The API server that a kubeconfig leads to. */
export interface ClusterAddress {
  readonly url: string;
  readonly caPem: string;
}

/** Writes a kubeconfig that needs no other file, readable by its owner only (JSON, which is YAML too). */
export async function writeKubeconfig(
  file: string,
  cluster: ClusterAddress,
  credential: Credential,
): Promise<void> {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'control-plane',
        cluster: { server: cluster.url, 'certificate-authority-data': base64(cluster.caPem) },
      },
    ],
    users: [{ name: 'user', user: userOf(credential) }],
    contexts: [
      { name: 'default', context: { cluster: 'control-plane', user: 'user', namespace: 'default' } },
    ],
    'current-context': 'default',
  };
  await writeFile(file, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
}

function userOf(credential: Credential): object {
  switch (credential.kind) {
    case 'certificate':
      return {
        'client-certificate-data': base64(credential.certificate.certificatePem),
        'client-key-data': base64(credential.certificate.keyPem),
      };
    case 'token':
      return { token: credential.token };
  }
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
