import type { AutoscalerStatus, StatusCondition } from '../core/autoscaler-status.js';
import type { InvalidReason } from '../core/metric.js';
import type { MetricFacts, RecordFacts, SharedFacts } from './facts.js';
import { troubleKindOf } from './trouble.js';
import type { Verdict } from './verdict.js';

/**
 * The verdict on one metric of an HPA, or on the HPA where no metric of it is known. Of several faults the first on the
 * road from the spec to the replicas is named, since what lies behind it cannot be well.
 */
export function verdictOf(shared: SharedFacts, metric: MetricFacts | undefined): Verdict {
  if (metric === undefined) return ofAutoscaler(shared);
  return (
    ofQuestion(metric) ??
    ofRecord(shared, metric) ??
    ofRegistration(shared) ??
    ofController(shared, metric) ??
    ofRefresh(shared, metric) ??
    ofScaling(shared, metric)
  );
}

function ofAutoscaler({ autoscaler }: SharedFacts): Verdict {
  switch (autoscaler.state) {
    case 'missing':
      return { kind: 'hpa_missing' };
    case 'unread':
      return { kind: 'hpa_unread', why: autoscaler.why };
    case 'found':
      return { kind: 'no_external_metric' };
  }
}

function ofQuestion({ asked }: MetricFacts): Verdict | undefined {
  return asked.kind === 'refused' ? { kind: 'unaskable', why: asked.why } : undefined;
}

function ofRecord(shared: SharedFacts, metric: MetricFacts): Verdict | undefined {
  const { record } = metric.here;
  if (record?.state === 'invalid') return ofInvalid(record, shared, metric);
  if (shared.leader.who === 'unknown') return { kind: 'no_leader' };
  if (record === undefined && !metric.isWanted) return { kind: 'not_seen' };
  if (record === undefined || record.state === 'pending') return ofPending(record?.trouble, shared);
  if (record.ageMs <= shared.maxAgeMs) return undefined;
  return record.trouble === undefined
    ? ofOldPoint(record.ageMs, shared, metric)
    : { kind: troubleKindOf(record.trouble), why: record.trouble };
}

function ofPending(trouble: string | undefined, { leader }: SharedFacts): Verdict {
  if (trouble !== undefined) return { kind: troubleKindOf(trouble), why: trouble };
  return leader.who === 'other' && leader.silence !== undefined
    ? { kind: 'leader_unreachable', leader: leader.name, why: leader.silence }
    : { kind: 'pending' };
}

type Invalid = Extract<RecordFacts, { readonly state: 'invalid' }>;

function ofInvalid(record: Invalid, shared: SharedFacts, metric: MetricFacts): Verdict {
  const { detail: why } = record;
  const reason: InvalidReason = record.reason;
  switch (reason) {
    case 'unaskable':
      return { kind: why.startsWith('the query alone makes a URL') ? 'query_too_long' : 'unaskable', why };
    case 'no_series':
      return { kind: 'no_series', name: metric.name, why };
    case 'stale':
      return why === noNewerPoint
        ? ofOldPoint(record.ageMs ?? Number.POSITIVE_INFINITY, shared, metric)
        : { kind: troubleKindOf(why), why };
    case 'future':
      return { kind: 'clock_wrong', why: shared.clock ?? why };
    case 'ambiguous':
    case 'rejected':
    case 'several_series':
    case 'only_nulls':
    case 'not_a_number':
    case 'infinite':
    case 'negative':
    case 'out_of_range':
      return { kind: reason, why };
  }
}

/** The words of a record that Datadog was asked for and had nothing newer. */
const noNewerPoint = 'Datadog has no newer point';

/** Too old here: is it so at the leader too, and is it the point or the clock? */
function ofOldPoint(ageMs: number, shared: SharedFacts, { here, atLeader }: MetricFacts): Verdict {
  const { leader, clock, maxAgeMs } = shared;
  if (clock !== undefined) return { kind: 'clock_wrong', why: clock };
  if (leader.who === 'unknown') return { kind: 'no_leader' };
  if (leader.who === 'other' && here.record?.state === 'valid') {
    if (leader.silence !== undefined)
      return { kind: 'leader_unreachable', leader: leader.name, why: leader.silence };
    const newest = atLeader?.record;
    if (newest?.state === 'valid' && newest.point.observedAtMs > here.record.point.observedAtMs) {
      const behindMs = newest.point.observedAtMs - here.record.point.observedAtMs;
      return { kind: 'copy_behind', leader: leader.name, behindMs };
    }
  }
  return { kind: 'too_old', ageMs, maxAgeMs };
}

function ofRegistration({ registration, ownService }: SharedFacts): Verdict | undefined {
  if (registration.state === 'missing') return { kind: 'not_registered' };
  if (registration.state === 'unread') return undefined;
  const { service, available } = registration.value;
  const owner = service === undefined ? 'kube-apiserver itself' : `${service.namespace}/${service.name}`;
  const ours = ownService && `${ownService.namespace}/${ownService.name}`;
  if (ours !== undefined && owner !== ours) return { kind: 'foreign_owner', owner, ours };
  // Without a condition kube-apiserver has not looked at it yet, which takes it a moment.
  if (available === undefined || available.status === 'True') return undefined;
  const { reason, message: why } = available;
  return /x509|certificate/i.test(why)
    ? { kind: 'certificate_untrusted', why }
    : { kind: 'unavailable', reason, why };
}

/** Whether the value reaches the HPA controller. */
function ofController({ autoscaler }: SharedFacts, metric: MetricFacts): Verdict | undefined {
  const answer = lastToController(metric);
  if (answer?.status === 403)
    return { kind: 'reader_forbidden', why: `this server answered 403 to ${answer.user}` };
  if (autoscaler.state !== 'found') return undefined;
  const active = conditionOf(autoscaler.value, 'ScalingActive');
  // Where it cannot scale it asks for no metric, and says nothing of it.
  if (conditionOf(autoscaler.value, 'AbleToScale')?.status === 'False') return undefined;
  if (active === undefined) return { kind: 'not_asked' };
  if (active.status === 'True') return undefined;
  const isAboutIt = active.message.toLowerCase().includes(`/${metric.name.toLowerCase()}/`);
  if (!isAboutIt) return { kind: 'scaling_inactive', condition: active };
  const why = coreOf(active.message);
  return /forbidden/i.test(why) ? { kind: 'reader_forbidden', why } : { kind: 'recovering', why };
}

/** The HPA controller wraps what it was told in words of its own, which stand in the report already. */
function coreOf(message: string): string {
  return message.split('external metrics API: ').at(-1) ?? message;
}

/** The newest answer to the HPA controller that anybody here knows of; it may have asked either replica. */
function lastToController({ here, atLeader }: MetricFacts) {
  const answers = [here.answers?.toController, atLeader?.answers?.toController];
  return answers.filter((answer) => answer !== undefined).toSorted((a, b) => b.atMs - a.atMs)[0];
}

/** A value that is served though it could not be refreshed. */
function ofRefresh({ maxAgeMs }: SharedFacts, { here }: MetricFacts): Verdict | undefined {
  const { record } = here;
  if (record?.state !== 'valid' || record.trouble === undefined) return undefined;
  const servedForMs = Math.max(0, maxAgeMs - record.ageMs);
  return { kind: troubleKindOf(record.trouble), why: record.trouble, servedForMs };
}

function ofScaling({ autoscaler }: SharedFacts, { computation }: MetricFacts): Verdict {
  if (autoscaler.state === 'missing') return { kind: 'hpa_missing' };
  if (autoscaler.state === 'unread') return { kind: 'hpa_unread', why: autoscaler.why };
  const { value: hpa } = autoscaler;
  const able = conditionOf(hpa, 'AbleToScale');
  const limit = conditionOf(hpa, 'ScalingLimited');
  if (able?.status === 'False') return { kind: 'not_able_to_scale', condition: able };
  if (limit?.status === 'True') return { kind: 'limited', condition: limit };
  if (able !== undefined && /Stabilized$/.test(able.reason)) return { kind: 'stabilized', condition: able };
  const desired = hpa.desiredReplicas;
  if (computation?.isWithinTolerance === true && computation.ratio !== 1)
    return { kind: 'within_tolerance', ratio: computation.ratio, replicas: computation.proposed };
  const hasOthers = hpa.externalMetrics.length + hpa.otherMetrics > 1;
  if (hasOthers && computation !== undefined && desired !== undefined && computation.replicas < desired)
    return { kind: 'other_metric', own: computation.replicas, desired };
  return { kind: 'well', desired };
}

function conditionOf({ conditions }: AutoscalerStatus, type: string): StatusCondition | undefined {
  return conditions.find((condition) => condition.type === type);
}
