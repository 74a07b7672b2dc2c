import type { ForeignClock } from '../core/foreign-clock.js';
import { ok, type Result } from '../core/result.js';
import { KubeClient } from '../kube/client.js';
import { loadKubeTarget } from '../kube/target.js';
import type { AppInputs } from './inputs.js';

/** What every part gets that speaks with the API server. */
export interface ClusterPorts extends Pick<AppInputs, 'clock' | 'log'> {
  readonly client: KubeClient;
  readonly random: () => number;
}

/** How long watches last, and how often everything is listed again. */
export interface WatchTimes {
  readonly resyncMs: number;
  readonly watchSeconds: number;
}

/** For a request to the API server. */
export const requestTimeoutMs = 10_000;

/** One client for all. The error says why there is no cluster to talk to. */
export function buildCluster(
  { config, environment, clock, log, registry, version }: AppInputs,
  clusterClock: ForeignClock,
): Result<{ readonly ports: ClusterPorts; readonly times: WatchTimes }, string> {
  const { kubernetes } = config;
  const target = loadKubeTarget({ kubeconfigPath: kubernetes.kubeconfigPath, environment });
  if (!target.ok) return target;
  const client = new KubeClient(
    { target: target.value, clock, log, registry, clusterClock },
    { requestTimeoutMs, userAgent: `datadog-cluster-agent/${version}` },
  );
  return ok({
    ports: { client, clock, log, random: Math.random },
    times: {
      resyncMs: kubernetes.resyncPeriodSeconds * 1000,
      watchSeconds: kubernetes.requestTimeoutSeconds,
    },
  });
}
