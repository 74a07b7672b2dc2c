import type {
  AnswerFacts,
  CallFacts,
  HeldFacts,
  MetricFacts,
  PointFacts,
  RecordFacts,
  SharedFacts,
} from './facts.js';
import { span } from './span.js';

/** A label and what stands beside it. */
export type Row = readonly [label: string, text: string];

/** The road of one metric, step by step. */
export function metricRows(metric: MetricFacts, shared: SharedFacts): readonly Row[] {
  const { here, atLeader, asked } = metric;
  const asking = shared.leader.who === 'me' ? here : atLeader;
  return [
    ['spec', specText(metric)],
    ['key', asked.id ?? 'none'],
    ['query', asked.kind === 'query' ? asked.query : `none: ${asked.why}`],
    ['last call', callText(asking, shared)],
    ...pointRows(asking?.points, asking?.record),
    ...freshRows(metric),
    ['record', recordText(here.record, shared, metric.isWanted)],
    ...lagRows(metric, shared),
    ['answered', answersText(metric, shared)],
    ['formula', metric.computation?.formula ?? 'no value to compute from'],
  ];
}

function specText({ name, selector, target, current }: MetricFacts): string {
  const goal = target === undefined ? 'target unknown' : `target ${target.type} ${target.quantity}`;
  const seen = current === undefined ? 'none seen by the HPA' : `the HPA last saw ${current}`;
  return `${name}, ${selector === '' ? 'no selector' : `selector ${selector}`}; ${goal}; ${seen}`;
}

function callText(held: HeldFacts | undefined, { atMs }: SharedFacts): string {
  if (held === undefined) return 'not known: only the leader makes calls, and it was not asked';
  if (held.call === undefined) return 'none yet by the present leader';
  return `${clockTime(held.call.atMs)} (${span(atMs - held.call.atMs)} ago), ${endingText(held.call)}`;
}

function endingText({ tookMs, batchSize, fault }: CallFacts): string {
  const company = batchSize === 1 ? 'alone' : `in a batch of ${batchSize}`;
  const ending = fault === undefined ? 'answered' : 'failed';
  const why = fault === undefined ? '' : `: ${fault.message}`;
  return `${ending} after ${span(tookMs)}, ${company}${why}`;
}

function pointRows(facts: PointFacts | undefined, record: RecordFacts | undefined): readonly Row[] {
  if (facts === undefined) return [];
  if (facts.points.length === 0) return [['points', `none (${facts.series} series)`]];
  const chosenMs = chosenTimeOf(record);
  const points = facts.points.map(
    ({ timeMs, value }) => `${clockTime(timeMs)} ${value ?? 'null'}${timeMs === chosenMs ? ' <= taken' : ''}`,
  );
  const why = takenText(facts.points, chosenMs);
  const more = facts.series === 1 ? '' : ` of the first of ${facts.series} series`;
  return [
    ['points', points.join(' | ')],
    ['', `the last of ${facts.count} in the window${more}; ${why}`],
  ];
}

function takenText(points: PointFacts['points'], chosenMs: number | undefined): string {
  if (!points.some(({ timeMs }) => timeMs === chosenMs)) return 'none of these was taken';
  return points.filter(({ value }) => value !== null).length === 1
    ? 'taken: the only one with a value'
    : 'taken: of those with a value the newest but one, the newest complete one';
}

function chosenTimeOf(record: RecordFacts | undefined): number | undefined {
  switch (record?.state) {
    case 'valid':
      return record.point.observedAtMs;
    case 'invalid':
      return record.reason === 'stale' ? record.lastPoint?.observedAtMs : undefined;
    case 'pending':
    case undefined:
      return undefined;
  }
}

function freshRows({ fresh }: MetricFacts): readonly Row[] {
  switch (fresh?.state) {
    case undefined:
      return [];
    case 'point':
      return [['asked now', `${fresh.point.value} of ${clockTime(fresh.point.observedAtMs)}`]];
    case 'none':
      return [['asked now', `${fresh.reason}: ${fresh.detail}`]];
    case 'failed':
      return [['asked now', `failed: ${fresh.why}`]];
  }
}

function recordText(record: RecordFacts | undefined, { maxAgeMs }: SharedFacts, isWanted: boolean): string {
  const ageText = (ageMs: number): string => `${span(ageMs)} old, at most ${span(maxAgeMs)}`;
  switch (record?.state) {
    case undefined:
      return isWanted ? 'none yet; the metric is wanted' : 'none; this replica knows nobody who wants it';
    case 'pending':
      return `pending${record.trouble === undefined ? '' : `: ${record.trouble}`}`;
    case 'valid': {
      const { point, ageMs, trouble } = record;
      const failed = trouble === undefined ? '' : `; the last refresh failed: ${trouble}`;
      return `valid: ${point.value} of ${clockTime(point.observedAtMs)}, ${ageText(ageMs)}${failed}`;
    }
    case 'invalid': {
      const { reason, detail, lastPoint, ageMs = 0 } = record;
      const last =
        lastPoint === undefined
          ? ''
          : `; last point ${lastPoint.value}, ${ageMs < 0 ? 'in the future' : ageText(ageMs)}`;
      return `invalid, ${reason}: ${detail}${last}`;
    }
  }
}

/** Whether a follower says something else than the leader. */
function lagRows({ here, atLeader }: MetricFacts, { leader }: SharedFacts): readonly Row[] {
  if (leader.who !== 'other' || atLeader === undefined) return [];
  const [own, theirs] = [here.record, atLeader.record];
  if (own?.state !== 'valid' || theirs?.state !== 'valid')
    return own?.state === theirs?.state ? [] : [['at leader', theirs?.state ?? 'no record']];
  const behindMs = theirs.point.observedAtMs - own.point.observedAtMs;
  return behindMs === 0
    ? []
    : [
        [
          'at leader',
          `${theirs.point.value}, by ${span(Math.abs(behindMs))} ${behindMs > 0 ? 'newer' : 'older'}`,
        ],
      ];
}

function answersText({ here, atLeader }: MetricFacts, { atMs, replica, leader }: SharedFacts): string {
  const one = (who: string, answer: AnswerFacts | undefined): string[] =>
    answer === undefined
      ? []
      : [`${who}: ${answer.status} to ${answer.user} ${span(atMs - answer.atMs)} ago`];
  const all = [
    ...one(replica, here.answers?.toController),
    ...one(replica, here.answers?.toOthers),
    ...(leader.who === 'other' ? one(leader.name, atLeader?.answers?.toController) : []),
  ];
  return all.length === 0
    ? 'nobody has asked this replica; kube-apiserver may ask another one'
    : all.join('; ');
}

/** `21:04:05`: what is old enough for a date to count is told by its age. */
function clockTime(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString().slice(11, 19) : 'no time';
}
