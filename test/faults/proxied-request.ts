/** One request of a replica's to the API server, as its proxy saw it. */
export interface ProxiedRequest {
  /** When it reached the proxy, by the wall clock. */
  readonly startedAtMs: number;
  /** The same, by `performance.now()`. */
  readonly monotonicMs: number;
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** What the API server (or the proxy for it) answered; `undefined` while it has not, and after a reset. */
  readonly status: number | undefined;
  /** When the last byte was passed to the client, by the wall clock; never where that did not happen. */
  readonly endedAtMs?: number;
  /** Of an accepted write of a ConfigMap, Lease or Secret: the revision that it made. */
  readonly resourceVersion?: string;
  /** Of an accepted write of a Lease: its `spec.holderIdentity` from then on. */
  readonly holder?: string;
  /** A watch from a revision that the API server had forgotten. */
  readonly isGone?: boolean;
  /** The proxy answered in the API server's place. */
  readonly isMadeUp?: boolean;
}

const written =
  /^\/(?:api\/v1|apis\/coordination\.k8s\.io\/v1)\/namespaces\/[^/]+\/(?:configmaps|leases|secrets)(?:[/?]|$)/;

export function isWrite(method: string): boolean {
  return method !== 'GET' && method !== 'HEAD';
}

export function isWatch(path: string): boolean {
  return /[?&]watch=(?:true|1)(?:&|$)/.test(path);
}

/** Whether the answer tells a revision that is worth remembering. */
export function isRecorded(method: string, path: string): boolean {
  return isWrite(method) && written.test(path);
}

/** What an accepted write made, from the API server's answer. */
export function madeBy(body: string): { readonly resourceVersion?: string; readonly holder?: string } {
  const { metadata, spec } = JSON.parse(body) as {
    readonly metadata?: { readonly resourceVersion?: string };
    readonly spec?: { readonly holderIdentity?: string };
  };
  return {
    ...(metadata?.resourceVersion === undefined ? {} : { resourceVersion: metadata.resourceVersion }),
    ...(spec?.holderIdentity === undefined ? {} : { holder: spec.holderIdentity }),
  };
}
