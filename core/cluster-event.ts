/** The object that an event of Kubernetes tells of. */
export interface InvolvedObject {
  readonly kind: string;
  /** Empty for what lives in no namespace. */
  readonly namespace: string;
  readonly name: string;
  /** Empty where the reporter gave none. */
  readonly uid: string;
}

/**
 * An event of Kubernetes, of `events.k8s.io/v1` or of core v1, as one version of it is stored. Texts are free of control
 * characters and cut to what Datadog takes.
 */
export interface ClusterEvent {
  readonly uid: string;
  /** Its `metadata.resourceVersion`. */
  readonly revision: string;
  readonly involved: InvolvedObject;
  /** Empty where the reporter gave none, as are `message` and `component`. */
  readonly reason: string;
  readonly message: string;
  /** `Normal`, `Warning`, or whatever the reporter wrote. */
  readonly type: string;
  /** The program that reports, such as `kubelet`. */
  readonly component: string;
  /** The node of the reporter, where it has one. */
  readonly host: string | undefined;
  /** How often it has happened so far, from 1. */
  readonly count: number;
  readonly firstAtMs: number;
  /** Never before the API server made the event, whatever the reporter's clock said. */
  readonly lastAtMs: number;
}

/**
 * Where in the cluster's history of events a reader stands: all up to it is known. Revisions of one cluster can be
 * compared as numbers (KEP-5504); `undefined` where one is no number.
 */
export function compareRevisions(a: string, b: string): number | undefined {
  if (!isRevision(a) || !isRevision(b)) return undefined;
  const [left, right] = [BigInt(a), BigInt(b)];
  return left === right ? 0 : left < right ? -1 : 1;
}

/** etcd counts in 64 bits, from 1. */
export function isRevision(text: string): boolean {
  return /^[1-9]\d{0,18}$/.test(text);
}
