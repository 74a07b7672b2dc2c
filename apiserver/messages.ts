import type { Clock } from '../core/clock.js';
import { type InvalidReason, type MetricRecord, pointAgeMs } from '../core/metric.js';
import { canonicalSelector } from '../core/selector.js';
import type { RecordReader, RefusedFinding } from './external-metrics.js';
import { isNear } from './near-name.js';
import { toOneLine } from './one-line.js';
import type { MetricQuestion } from './request-path.js';

/** How this replica comes by its records. */
export interface ReplicaView {
  /** A clause about who leads, such as `this replica follows dca-1, whose last update came 12 s ago`. */
  describe(): string;
}

/** Why a metric is not served: a word for machines, what was seen, and the whole text for the user. */
export interface Explanation {
  readonly reason: InvalidReason | 'pending' | 'unknown';
  readonly seen: string;
  /** One line, for `kubectl describe hpa`: reason, what was seen, query, age of the last point, trouble, remedy, replica. */
  readonly message: string;
}

/** Where an explanation takes its facts from. */
export interface Witnesses {
  readonly records: RecordReader;
  readonly replica: ReplicaView;
  readonly clock: Clock;
  readonly maxAgeMs: number;
}

/** Says why a metric is not served and what to do about it. */
export function explain(
  finding: RefusedFinding,
  question: MetricQuestion,
  witnesses: Witnesses,
): Explanation {
  switch (finding.state) {
    case 'unknown':
      return explainUnknown(question, witnesses);
    case 'pending':
      return explainPending(finding, witnesses);
    case 'invalid':
      return explainInvalid(finding, witnesses);
  }
}

const maxListedSelectors = 10;

function explainUnknown({ key }: MetricQuestion, { records, replica }: Witnesses): Explanation {
  const selector = canonicalSelector(key.selector);
  const condition = selector === '' ? 'without a selector' : `with the selector "${selector}"`;
  const seen = `no autoscaler of namespace "${key.namespace}" is known to ask for external metric "${key.name}" ${condition}`;
  const { selectors, nearName } = lookAround(records, key.namespace, key.name);
  const listed = selectors
    .slice(0, maxListedSelectors)
    .map((text) => (text === '' ? 'no selector' : `"${text}"`));
  const more =
    selectors.length > maxListedSelectors ? ` and ${selectors.length - maxListedSelectors} more` : '';
  const around =
    selectors.length > 0
      ? `it is served there under: ${listed.join(', ')}${more}`
      : nearName === undefined
        ? 'nothing of that name is served there'
        : `did you mean "${nearName}", which is served there?`;
  const remedy =
    'an autoscaler must name the metric with exactly these conditions; it is served within seconds of the autoscaler';
  return {
    reason: 'unknown',
    seen: toOneLine(seen),
    message: join([seen, around, `remedy: ${remedy}`], replica),
  };
}

function explainPending(
  finding: Extract<RefusedFinding, { state: 'pending' }>,
  { replica }: Witnesses,
): Explanation {
  const record = finding.held?.record;
  const trouble = record === undefined ? undefined : troubleOf(record);
  const seen = 'pending: no value has been read from Datadog yet';
  const remedy =
    trouble === undefined
      ? "wait for the next refresh; if this stays, read the leader's log"
      : "cure the failed refresh; the next one follows by itself, and the leader's log shows each";
  const parts = [
    seen,
    queryClause(record),
    'no point so far',
    ...troubleClause(trouble),
    `remedy: ${remedy}`,
  ];
  return { reason: 'pending', seen, message: join(parts, replica) };
}

function explainInvalid(
  finding: Extract<RefusedFinding, { state: 'invalid' }>,
  witnesses: Witnesses,
): Explanation {
  const { reason, held } = finding;
  const { record } = held;
  const ageMs = pointAgeMs(held, witnesses.clock);
  const detail = record.state === 'invalid' ? `: ${record.detail}` : '';
  const seen = `${reason}: ${headlines[reason]}${detail}`;
  const parts = [
    seen,
    queryClause(record),
    pointClause(ageMs, witnesses.maxAgeMs),
    ...troubleClause(troubleOf(record)),
    `remedy: ${remedies[reason]}`,
  ];
  return { reason, seen: toOneLine(seen), message: join(parts, witnesses.replica) };
}

const headlines: Readonly<Record<InvalidReason, string>> = {
  unaskable: 'Datadog cannot be asked for this metric',
  ambiguous: 'several metrics of Datadog answer to this name',
  rejected: 'Datadog refuses the query',
  no_series: 'Datadog has no series for the query',
  several_series: 'Datadog has several series for the query, and only one can be a value',
  only_nulls: 'Datadog has a series for the query, but no value in it',
  not_a_number: 'the newest value is not a number',
  infinite: 'the newest value is infinite',
  negative: 'the newest value is negative, on which the HPA controller would scale to the maximum',
  out_of_range: 'the newest value is too large for a Kubernetes quantity',
  stale: 'the newest point is too old to scale on',
  future: "the newest point lies in the future by this replica's clock",
};

const remedies: Readonly<Record<InvalidReason, string>> = {
  unaskable: "correct the metric's name or selector in the autoscaler",
  ambiguous: 'spell the metric in the same upper and lower case in all autoscalers of the namespace',
  rejected:
    "run the query in Datadog's Metrics Explorer and correct the metric's name or selector in the autoscaler",
  no_series:
    "run the query in Datadog's Metrics Explorer; correct the metric's name or tags, or see that something reports it within DD_EXTERNAL_METRICS_BUCKET_SIZE",
  several_series:
    "narrow the selector in the autoscaler until the query gives one series in Datadog's Metrics Explorer",
  only_nulls:
    'see that something reports the metric, or raise DD_EXTERNAL_METRICS_BUCKET_SIZE if it is reported seldom',
  not_a_number: "correct what reports the metric; Datadog's Metrics Explorer shows the points",
  infinite: "correct what reports the metric; Datadog's Metrics Explorer shows the points",
  negative: 'scale on a metric that is never below zero',
  out_of_range: 'scale on a metric in a larger unit',
  stale:
    'see that the metric is still reported and that the leader reaches Datadog; raise DD_EXTERNAL_METRICS_MAX_AGE if the metric is reported seldom',
  future: 'set the clocks of this node and of what reports the metric right (NTP)',
};

function troubleOf(record: MetricRecord): string | undefined {
  switch (record.state) {
    case 'pending':
    case 'valid':
      return record.trouble;
    case 'invalid':
      return undefined;
  }
}

function troubleClause(trouble: string | undefined): string[] {
  return trouble === undefined ? [] : [`the last refresh failed: ${trouble}`];
}

function queryClause(record: MetricRecord | undefined): string {
  return record?.query === undefined ? 'no query known' : `query ${record.query}`;
}

function pointClause(ageMs: number | undefined, maxAgeMs: number): string {
  if (ageMs === undefined) return 'no point so far';
  return ageMs < 0
    ? `last point ${span(-ageMs)} ahead`
    : `last point ${span(ageMs)} old, limit ${span(maxAgeMs)}`;
}

/** A length of time as a person would say it: seconds up to ten minutes, then the largest unit of which there are two. */
function span(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 600) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} days`;
}

/** The selectors under which a name is served in a namespace, sorted; and, when there are none, a name that is nearly this one. */
function lookAround(
  records: RecordReader,
  namespace: string,
  name: string,
): { readonly selectors: readonly string[]; readonly nearName: string | undefined } {
  const wanted = name.toLowerCase();
  const selectors: string[] = [];
  const others = new Set<string>();
  for (const { record } of records.list()) {
    if (record.key.namespace !== namespace) continue;
    if (record.key.name.toLowerCase() === wanted) selectors.push(canonicalSelector(record.key.selector));
    else if (others.size < maxNamesCompared) others.add(record.key.name);
  }
  const nearName =
    selectors.length > 0 ? undefined : [...others].sort().find((other) => isNear(wanted, other));
  return { selectors: selectors.sort((a, b) => (a < b ? -1 : 1)), nearName };
}

/** Bounds the work of an answer that nobody needs quickly. */
const maxNamesCompared = 1_000;

function join(parts: readonly string[], replica: ReplicaView): string {
  return `${parts.map(toOneLine).join('; ')} (${toOneLine(replica.describe())})`;
}
