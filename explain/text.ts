import type { StatusCondition } from '../core/autoscaler-status.js';
import type { SharedFacts } from './facts.js';
import { metricRows, type Row } from './metric-rows.js';
import type { Judgement, Report } from './report.js';
import { span } from './span.js';
import { wrap } from './wrap.js';

const width = 100;
const margin = 14;

/** A report for a terminal of 100 columns; the verdict stands last, where the eye is. */
export function reportText({ shared, metrics, judgement }: Report): string {
  const count = metrics.length === 1 ? '1 external metric' : `${metrics.length} external metrics`;
  const title = `HPA ${shared.namespace}/${shared.name}: ${count}`;
  const lines = [
    ...wrap(clean(title), width),
    '='.repeat(Math.min(width, title.length)),
    ...rowsText(sharedRows(shared)),
    ...metrics.flatMap((metric, index) => [
      '',
      ...wrap(clean(`--- ${index + 1} of ${metrics.length}: ${metric.name}`), width),
      ...rowsText([...metricRows(metric, shared), ...judgementRows(metric.judgement)]),
    ]),
    ...(judgement === undefined ? [] : ['', ...rowsText(judgementRows(judgement))]),
  ];
  return `${lines.join('\n')}\n`;
}

function judgementRows({ sentence, remedy, verdict }: Judgement): readonly Row[] {
  return [
    ['VERDICT', `${verdict.kind}: ${sentence}`],
    ['REMEDY', remedy],
  ];
}

function sharedRows(shared: SharedFacts): readonly Row[] {
  return [
    ['said by', saidBy(shared)],
    ...(shared.clock === undefined ? [] : ([['clock', shared.clock]] as const)),
    ['APIService', registrationText(shared)],
    ...autoscalerRows(shared),
  ];
}

function saidBy({ replica, leader, unchangedForMs, atMs }: SharedFacts): string {
  const lag =
    unchangedForMs === undefined
      ? 'whose values have not come yet'
      : `whose last change came ${span(unchangedForMs)} ago`;
  const when = `${new Date(atMs).toISOString().replace('T', ' ').slice(0, 19)} UTC`;
  switch (leader.who) {
    case 'me':
      return `${replica}, which leads, at ${when}`;
    case 'other':
      return `${replica}, which follows ${leader.name}, ${lag}, at ${when}${
        leader.silence === undefined ? '' : `; the leader could not be asked: ${leader.silence}`
      }`;
    case 'unknown':
      return `${replica}, which knows of no leader, at ${when}`;
  }
}

function registrationText({ registration }: SharedFacts): string {
  switch (registration.state) {
    case 'missing':
      return 'none: kube-apiserver knows nobody who answers external metrics';
    case 'unread':
      return `not read: ${registration.why}`;
    case 'found': {
      const { service, available } = registration.value;
      const owner = service === undefined ? 'kube-apiserver itself' : `${service.namespace}/${service.name}`;
      return `leads to ${owner}; ${available === undefined ? 'no condition' : conditionText(available)}`;
    }
  }
}

function autoscalerRows({ autoscaler }: SharedFacts): readonly Row[] {
  switch (autoscaler.state) {
    case 'missing':
      return [['HPA', 'there is none']];
    case 'unread':
      return [['HPA', `not read: ${autoscaler.why}`]];
    case 'found': {
      const { conditions, currentReplicas, desiredReplicas, minReplicas, maxReplicas } = autoscaler.value;
      const replicas = `${currentReplicas ?? '?'} replicas, ${desiredReplicas ?? '?'} desired, min ${minReplicas}, max ${maxReplicas}`;
      const said =
        conditions.length === 0
          ? ['its controller has not said anything yet']
          : conditions.map(conditionText);
      return [['HPA', replicas], ...said.map((text): Row => ['', text])];
    }
  }
}

function conditionText({ type, status, reason, message }: StatusCondition): string {
  return `${type} ${status} ${reason}${message === '' ? '' : `: ${message}`}`;
}

function rowsText(rows: readonly Row[]): readonly string[] {
  return rows.flatMap(([label, text]) =>
    wrap(clean(text), width - margin).map(
      (line, index) => `${(index === 0 ? label : '').padEnd(margin)}${line}`,
    ),
  );
}

/** Texts come from outside: no control character of theirs may reach a terminal. */
function clean(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ');
}
