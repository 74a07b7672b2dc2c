import { span } from './span.js';
import { troubleWords } from './trouble-words.js';
import type { Verdict } from './verdict.js';
import type { WordBook, Words } from './word-book.js';

const explorer = "Datadog's Metrics Explorer";

const book: WordBook<Verdict['kind']> = {
  ...troubleWords,
  hpa_missing: () => ({
    sentence: 'There is no HorizontalPodAutoscaler of this name in this namespace.',
    remedy: 'Check both: kubectl get hpa --all-namespaces lists those that there are.',
  }),
  no_external_metric: () => ({
    sentence: 'The HPA has no metric of type External, so this server has no part in it.',
    remedy: 'Read kubectl describe hpa; metrics of other types come from other servers.',
  }),
  hpa_unread: ({ why }) => ({
    sentence: `The HPA could not be read: ${why}`,
    remedy:
      'See that this replica reaches kube-apiserver and may list horizontalpodautoscalers; all else is said above.',
  }),
  unaskable: ({ why }) => ({
    sentence: `Datadog cannot be asked for this metric: ${why}.`,
    remedy: "Correct the metric's name or selector in the HPA.",
  }),
  ambiguous: ({ why }) => ({
    sentence: `Several metrics of Datadog answer to this name: ${why}.`,
    remedy: 'Spell the metric in the same upper and lower case in all HPAs of the namespace.',
  }),
  query_too_long: ({ why }) => ({
    sentence: `The query is too long for Datadog: ${why}.`,
    remedy: 'Name fewer values in the selector, or put one tag on the series that stands for them all.',
  }),
  not_seen: () => ({
    sentence: 'This replica has not seen that the HPA asks for this metric.',
    remedy:
      'Ask again in a few seconds; if it stays, its watch of HPAs is broken: see /ready on the health port and its log.',
  }),
  no_leader: () => ({
    sentence: 'No replica leads, so nobody asks Datadog; values are served until they are too old.',
    remedy:
      'kubectl get lease datadog-leader-election, in the namespace of the Cluster Agent, names the last leader; the logs of the replicas say why none renews it.',
  }),
  leader_unreachable: ({ leader, why }) => ({
    sentence: `There is no fresh value here, and the leader ${leader} could not be asked why: ${why}.`,
    remedy: `Run explain in the pod ${leader}; see that the replicas reach each other on the command port (5005).`,
  }),
  pending: () => ({
    sentence: 'The metric is wanted, and Datadog has not been asked for it yet.',
    remedy: 'Wait for the next refresh, a few seconds; if this stays, read the log of the leader.',
  }),
  copy_behind: ({ leader, behindMs }) => ({
    sentence: `This replica's copy is ${span(behindMs)} behind the leader ${leader}, and too old.`,
    remedy:
      'See why it hears nothing of the ConfigMaps (its log, /ready on the health port); deleting this pod heals it.',
  }),
  rejected: ({ why }) => ({
    sentence: `Datadog refuses the query: ${why}`,
    remedy: `Run the query in ${explorer}; correct the metric's name or the selector in the HPA.`,
  }),
  no_series: ({ name, why }) => ({
    sentence: `Datadog has no series for the query: ${why}.`,
    remedy: `Run the query in ${explorer}: correct name or tags (Datadog's tags are in lower case${
      name === name.toLowerCase() ? '' : ', and the case of a name counts'
    }), see that something reports it, and that DD_SITE is the site where it does.`,
  }),
  several_series: ({ why }) => ({
    sentence: `The query gives several series, and only one can be a value: ${why}.`,
    remedy: `Narrow the selector until the query gives one series in ${explorer}.`,
  }),
  only_nulls: ({ why }) => ({
    sentence: `Datadog has the series, but no value in it: ${why}.`,
    remedy:
      'See that something reports it; if it comes seldom or late, raise DD_EXTERNAL_METRICS_PROVIDER_BUCKET_SIZE.',
  }),
  not_a_number: ({ why }) => badValue('is not a number', why),
  infinite: ({ why }) => badValue('is infinite', why),
  negative: ({ why }) => ({
    ...badValue('is negative, on which the HPA controller would scale to the maximum', why),
    remedy: 'Scale on a metric that is never below zero.',
  }),
  out_of_range: ({ why }) => ({
    ...badValue('is too large for a Kubernetes quantity', why),
    remedy: 'Scale on a metric in a larger unit.',
  }),
  too_old: ({ ageMs, maxAgeMs }) => ({
    sentence: `The newest usable point is ${span(ageMs)} old, and more than ${span(maxAgeMs)} is too old to scale on.`,
    remedy:
      'See that something still reports it; if it comes seldom or late, raise DD_EXTERNAL_METRICS_PROVIDER_MAX_AGE or DD_EXTERNAL_METRICS_PROVIDER_ROLLUP.',
  }),
  clock_wrong: ({ why }) => ({
    sentence: `A clock is wrong: ${why}.`,
    remedy: 'Set the clocks of this node and of what reports the metric right (NTP).',
  }),
  not_registered: () => ({
    sentence:
      'There is no APIService v1beta1.external.metrics.k8s.io, so kube-apiserver knows nobody to ask.',
    remedy: 'Apply the one of our manifests (deploy/base/apiservice.yaml) or of the chart.',
  }),
  foreign_owner: ({ owner, ours }) => ({
    sentence: `The APIService v1beta1.external.metrics.k8s.io leads to ${owner}, not to ${ours}: another server is asked.`,
    remedy:
      'Only one server of a cluster can answer external metrics: remove the other one, or point spec.service at ours.',
  }),
  certificate_untrusted: ({ why }) => ({
    sentence: `kube-apiserver does not trust this server's certificate: ${why}`,
    remedy:
      'See that spec.caBundle of the APIService holds the authority of our certificate: why is it not written (log, RBAC), or who else writes it (cert-manager, GitOps)?',
  }),
  unavailable: ({ reason, why }) => ({
    sentence: `kube-apiserver takes this server for unavailable (${reason}): ${why}`,
    remedy:
      'FailedDiscoveryCheck: open the way from the control plane to port 8443 of the pods; MissingEndpoints: no replica is ready; ServiceNotFound: apply the Service.',
  }),
  reader_forbidden: ({ why }) => ({
    sentence: `The HPA controller may not read external metrics: ${why}`,
    remedy:
      'Bind the ClusterRole external-metrics-reader to system:serviceaccount:kube-system:horizontal-pod-autoscaler (deploy/base/rbac.yaml).',
  }),
  not_asked: () => ({
    sentence: 'The value is served, and the HPA controller has not looked at this HPA yet.',
    remedy:
      'Wait one round of it, 15 s; if this stays, kube-controller-manager does not run or runs without HPAs.',
  }),
  recovering: ({ why }) => ({
    sentence: `The value is served now, and the HPA still says what it met before: ${why}`,
    remedy:
      'Wait one round of the HPA controller, 15 s; if this stays, run explain in the other replicas, which it may ask.',
  }),
  scaling_inactive: ({ condition }) => ({
    sentence: `The value is served; the HPA is inactive for another reason, ${condition.reason}: ${condition.message}`,
    remedy: 'Cure what the HPA names; this metric is not the cause.',
  }),
  not_able_to_scale: ({ condition }) => ({
    sentence: `The value is served; the HPA cannot scale, ${condition.reason}: ${condition.message}`,
    remedy: 'Check spec.scaleTargetRef and that its workload exists.',
  }),
  limited: ({ condition }) => ({
    sentence: `The value is served, and a limit of the HPA holds it, ${condition.reason}: ${condition.message}.`,
    remedy: 'If that is not wanted, change minReplicas, maxReplicas or spec.behavior.',
  }),
  stabilized: ({ condition }) => ({
    sentence: `The value is served, and the HPA waits on purpose, ${condition.reason}: ${condition.message}.`,
    remedy: 'If it waits too long, lower stabilizationWindowSeconds in spec.behavior.',
  }),
  within_tolerance: ({ ratio, replicas }) => ({
    sentence: `The value is ${ratio.toFixed(3)} of the target, within the tolerance, so ${replicas} replicas stay.`,
    remedy:
      'Nothing to do; to react earlier set a tolerance in spec.behavior (Kubernetes 1.35) or another target.',
  }),
  other_metric: ({ own, desired }) => ({
    sentence: `The value is served and asks for ${own} replicas; another metric of the HPA asks for ${desired}, and the most counts.`,
    remedy: 'Nothing to do; if that is not wanted, look at the other metrics.',
  }),
  well: ({ desired }) => ({
    sentence: `All is well${desired === undefined ? '' : `: the HPA wants ${desired} replicas`}.`,
    remedy: 'Nothing to do.',
  }),
};

function badValue(problem: string, why: string): Words {
  return {
    sentence: `The newest value ${problem}: ${why}.`,
    remedy: `Correct what reports the metric; ${explorer} shows its points.`,
  };
}

/** A verdict in words. */
export function wordsOf(verdict: Verdict): Words {
  // The book holds for each kind what takes just that kind, which the compiler cannot follow through an index.
  const entry = book[verdict.kind] as (verdict: Verdict) => Words;
  return entry(verdict);
}
