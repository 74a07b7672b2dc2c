import type { InvalidReason } from '../../../core/metric.js';
import type { MetricFacts, SharedFacts } from '../../../explain/facts.js';
import type { Verdict } from '../../../explain/verdict.js';
import { condition, controller, hpa, metric, nowMs, registered, saying, shared } from './scene.js';

/** Facts that lead to a verdict; `metric: undefined`: of the HPA itself. */
export interface Case {
  readonly shared: SharedFacts;
  readonly metric: MetricFacts | undefined;
}

const of = (more: Partial<SharedFacts> = {}, changed: Partial<MetricFacts> = {}): Case => ({
  shared: shared(more),
  metric: metric(changed),
});
const ofHpa = (autoscaler: SharedFacts['autoscaler']): Case => ({
  shared: shared({ autoscaler }),
  metric: undefined,
});
const invalid = (reason: InvalidReason, detail = 'what was seen'): Case =>
  of({}, { here: { record: { state: 'invalid', reason, detail } } });
const failing = (trouble: string): Case => of({}, { here: { record: { state: 'pending', trouble } } });
const other = (silence?: string): Partial<SharedFacts> => ({
  leader: { who: 'other', name: 'dca-1', silence },
});
const old = { value: 60, observedAtMs: nowMs - 200_000 };
const inactive = (message: string): Case =>
  of(saying(condition('ScalingActive', 'False', 'FailedGetExternalMetric', message)));

/** At least one way to each verdict there is. The compiler finds the forgotten one. */
export const cases: Readonly<Record<Verdict['kind'], Case>> = {
  hpa_missing: ofHpa({ state: 'missing' }),
  no_external_metric: ofHpa({ state: 'found', value: hpa({ externalMetrics: [] }) }),
  hpa_unread: ofHpa({ state: 'unread', why: 'GET …: no answer within 3000 ms' }),
  unaskable: of({}, { asked: { kind: 'refused', id: undefined, why: 'metric name a-b: no' }, here: {} }),
  ambiguous: invalid('ambiguous'),
  query_too_long: invalid(
    'unaskable',
    'the query alone makes a URL of 8000 characters, over the limit of 7000; shorten the selector',
  ),
  not_seen: of({}, { isWanted: false, here: {} }),
  no_leader: of({ leader: { who: 'unknown' } }),
  leader_unreachable: of(other('connect ECONNREFUSED'), { here: {} }),
  pending: of({}, { here: { record: { state: 'pending' } } }),
  copy_behind: of(other(), {
    here: { record: { state: 'valid', point: old, ageMs: 200_000 } },
    atLeader: { record: { state: 'valid', point: { ...old, observedAtMs: nowMs }, ageMs: 0 } },
  }),
  keys_missing: failing('DD_APP_KEY not set: queries need an API key and an application key'),
  keys_refused: failing('api.datadoghq.com refused the keys (403: Forbidden): check DD_API_KEY'),
  rate_limited: failing("Datadog's rate limit for queries is used up; no query before 2026-01-01T12:01:00Z"),
  datadog_unreachable: failing('api.datadoghq.com cannot be reached (connect ECONNREFUSED): check network'),
  datadog_timeout: failing('api.datadoghq.com did not answer within 30 s'),
  datadog_failing: failing('api.datadoghq.com answered 503'),
  datadog_unreadable: failing('api.datadoghq.com answered 200 with a body that cannot be read'),
  datadog_path_unknown: failing('api.datadoghq.com does not know the query API (404): check DD_SITE'),
  datadog_refuses_all: failing('Datadog refuses queries that it answered before (400: no): trouble'),
  query_suspected: failing('Datadog refused this query together with 34 others, and the search goes on'),
  refresh_failing: failing('something that nobody has thought of'),
  rejected: invalid('rejected', '400: Error parsing query'),
  no_series: invalid('no_series', 'nothing reports the metric with these tags'),
  several_series: invalid('several_series'),
  only_nulls: invalid('only_nulls'),
  not_a_number: invalid('not_a_number', "Datadog's point is NaN"),
  infinite: invalid('infinite', "Datadog's point is Infinity"),
  negative: invalid('negative', "Datadog's point is -3"),
  out_of_range: invalid('out_of_range', "Datadog's point is 1e+300"),
  too_old: of(
    {},
    {
      here: {
        record: {
          state: 'invalid',
          reason: 'stale',
          detail: 'Datadog has no newer point',
          lastPoint: old,
          ageMs: 200_000,
        },
      },
    },
  ),
  clock_wrong: of(
    { clock: 'the clock of this replica is 4 min ahead of Datadog’s' },
    { here: { record: { state: 'valid', point: old, ageMs: 200_000 } } },
  ),
  not_registered: of({ registration: { state: 'missing' } }),
  foreign_owner: of({
    registration: registered(condition('Available', 'True', 'Passed'), {
      namespace: 'keda',
      name: 'keda-operator-metrics-apiserver',
    }),
  }),
  certificate_untrusted: of({
    registration: registered(
      condition(
        'Available',
        'False',
        'FailedDiscoveryCheck',
        'failing or missing response: x509: certificate signed by unknown authority',
      ),
    ),
  }),
  unavailable: of({
    registration: registered(
      condition('Available', 'False', 'MissingEndpoints', 'endpoints for service/x have no addresses'),
    ),
  }),
  reader_forbidden: of(
    {},
    {
      here: {
        ...metric().here,
        answers: { toController: { user: controller, status: 403, atMs: nowMs } },
      },
    },
  ),
  not_asked: of({ autoscaler: { state: 'found', value: hpa({ conditions: [] }) } }),
  recovering: inactive('unable to get external metric shop/queue.depth/&LabelSelector{}: no_series'),
  scaling_inactive: inactive('unable to get external metric shop/another/&LabelSelector{}: no'),
  not_able_to_scale: of(saying(condition('AbleToScale', 'False', 'FailedGetScale', 'not found'))),
  limited: of(saying(condition('ScalingLimited', 'True', 'TooManyReplicas', 'more than the maximum'))),
  stabilized: of(saying(condition('AbleToScale', 'True', 'ScaleDownStabilized', 'recent recommendations'))),
  within_tolerance: of(
    {},
    {
      computation: { ratio: 0.95, isWithinTolerance: true, proposed: 6, replicas: 6, formula: '' },
    },
  ),
  other_metric: of(
    { autoscaler: { state: 'found', value: hpa({ otherMetrics: 1 }) } },
    { computation: { ratio: 0.5, isWithinTolerance: false, proposed: 3, replicas: 3, formula: '' } },
  ),
  well: of(),
};
