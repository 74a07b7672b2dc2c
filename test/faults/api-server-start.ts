import { until } from '../control-plane/waiting.js';
import type { FaultWorld } from './world.js';

/** A kube-apiserver that is not ready yet answers before it knows its paths and its roles; so do replicas that ask it. */
export const notReadyYet = [
  /^the request has been made before all known HTTP paths have been installed/,
  /is forbidden: User "system:serviceaccount:kube-system:horizontal-pod-autoscaler" cannot list resource/,
  /the API server cannot be asked whether .*: HTTP 403: /,
];

/** The lines that replicas log of it. */
export const deniedMeanwhile = [
  /"code":"kube\.denied"/,
  /the API server cannot be asked whether/,
  /the Secret of the serving certificate cannot be read: .*: HTTP 403: /,
];

const kept = [
  '/api/v1/namespaces/datadog/configmaps/datadog-custom-metrics',
  '/apis/coordination.k8s.io/v1/namespaces/datadog/leases/datadog-leader-election',
];

/** Waits for what etcd holds: kube-apiserver tries to reach that ever more rarely, for each kind of object by itself. */
export async function untilServed({ cluster }: FaultWorld): Promise<void> {
  const ask = () => Promise.all(kept.map((path) => cluster.json(path))).catch(() => undefined);
  await until('ConfigMap and Lease to be served', ask, { timeoutMs: 60_000 });
}
