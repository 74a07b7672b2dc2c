import type { Clock } from '../../core/clock.js';
import { type ClusterAuthority, type KeyedCertificate, newClusterAuthority } from './authorities.js';
import type { TlsMaterial } from './listener.js';
import type { ObjectDraft } from './object.js';

/** The common name that the request-header settings allow. */
export const frontProxyName = 'front-proxy-client';

/** The cluster's authorities: for serving, for clients, and for the front proxy. */
export class ClusterTrust {
  readonly #clock: Clock;
  readonly #serving: ClusterAuthority;
  readonly #clients: ClusterAuthority;
  #frontProxy: ClusterAuthority;
  #frontProxyClient: KeyedCertificate | undefined;

  constructor(ports: { readonly clock: Clock }) {
    this.#clock = ports.clock;
    this.#serving = newClusterAuthority(ports.clock);
    this.#clients = newClusterAuthority(ports.clock);
    this.#frontProxy = newClusterAuthority(ports.clock);
  }

  get servingCaPem(): string {
    return this.#serving.caPem;
  }

  listenerTls(): TlsMaterial {
    const serving = this.#serving.issueServer(['localhost', '127.0.0.1', 'kubernetes.default.svc']);
    return { ...serving, clientCaPem: this.#clients.caPem };
  }

  issueClient(user: string, groups: readonly string[]): KeyedCertificate {
    return this.#clients.issueClient({ user, groups });
  }

  issueFrontProxy(commonName: string): KeyedCertificate {
    return this.#frontProxy.issueClient({ user: commonName, groups: [] });
  }

  /** The certificate that the aggregation layer itself uses; the same until the authority changes. */
  get frontProxyClient(): KeyedCertificate {
    this.#frontProxyClient ??= this.issueFrontProxy(frontProxyName);
    return this.#frontProxyClient;
  }

  rotateFrontProxy(): void {
    this.#frontProxy = newClusterAuthority(this.#clock);
    this.#frontProxyClient = undefined;
  }

  /** `kube-system/extension-apiserver-authentication`: what an extension server must trust. */
  authenticationConfigMap(): ObjectDraft {
    return {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: 'kube-system', name: 'extension-apiserver-authentication' },
      data: {
        'client-ca-file': this.#clients.caPem,
        'requestheader-client-ca-file': this.#frontProxy.caPem,
        'requestheader-allowed-names': JSON.stringify([frontProxyName]),
        'requestheader-username-headers': '["X-Remote-User"]',
        'requestheader-uid-headers': '["X-Remote-Uid"]',
        'requestheader-group-headers': '["X-Remote-Group"]',
        'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
      },
    };
  }
}
