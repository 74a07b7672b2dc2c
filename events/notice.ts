import { type DatadogEvent, type MessageOptions, pair, tagList } from './message.js';

/** The API server keeps events for an hour unless its `--event-ttl` says otherwise. */
const keptMs = 3_600_000;

/**
 * What Datadog's users are told when events of the cluster may be missing: the API server had deleted those before it was
 * asked for them. `undefined` while the position is younger than what the API server keeps.
 */
export function gapNotice(
  savedAtMs: number | undefined,
  nowMs: number,
  options: MessageOptions,
): DatadogEvent | undefined {
  if (savedAtMs === undefined || nowMs - savedAtMs <= keptMs) return undefined;
  const [from, to] = [savedAtMs, nowMs - keptMs].map((ms) => new Date(ms).toISOString());
  const text = `Events of the cluster between ${from} and ${to} may be missing: nobody collected them, and Kubernetes keeps events for an hour by default.`;
  return notice('Kubernetes events may be missing', text, nowMs, options);
}

/** What Datadog's users are told of events that Datadog refused for good. */
export function dropNotice(
  dropped: ReadonlyMap<string, number>,
  nowMs: number,
  options: MessageOptions,
): DatadogEvent {
  const reasons = [...dropped].sort().map(([why, count]) => `${count} (${why})`);
  const text = `Events of the cluster that Datadog did not take and that are left out: ${reasons.join(', ')}. The log of the Cluster Agent names each of them and why.`;
  return notice('Kubernetes events were left out', text, nowMs, options);
}

function notice(title: string, text: string, nowMs: number, options: MessageOptions): DatadogEvent {
  return {
    title,
    text,
    happenedAtMs: nowMs,
    alertType: 'warning',
    aggregationKey: 'kubernetes_apiserver:datadog-cluster-agent',
    host: undefined,
    tags: tagList([
      'source_component:datadog-cluster-agent',
      'orchestrator:kubernetes',
      ...pair('kube_cluster_name', options.clusterName ?? ''),
      ...options.tags,
    ]),
  };
}
