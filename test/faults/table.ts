import { ageOf } from './invariants.js';
import type { Answer, Recording } from './recorder.js';
import type { Finding, Scenario } from './scenario.js';

/** One line of the table: what readers saw of one fault. */
export interface Row {
  readonly id: string;
  readonly title: string;
  readonly reads: number;
  readonly refused: number;
  readonly broken: number;
  readonly oldestSeconds: number;
  readonly recoverySeconds: number | undefined;
  readonly unavailableSeconds: number;
  readonly tookSeconds: number;
  readonly note: string;
  /** What the failures said, the most frequent first. */
  readonly messages: readonly string[];
}

export function toRow(scenario: Scenario, recording: Recording, finding: Finding): Row {
  const { answers, fromMs, untilMs } = recording;
  const ages = answers.flatMap((answer) => ageOf(answer) ?? []);
  return {
    id: scenario.id,
    title: scenario.title,
    reads: answers.length,
    refused: answers.filter(({ outcome }) => outcome.kind === 'refused').length,
    broken: answers.filter(({ outcome }) => outcome.kind === 'broken').length,
    oldestSeconds: Math.max(0, ...ages) / 1000,
    recoverySeconds: finding.recoverySeconds,
    unavailableSeconds: unavailableMs(recording) / 1000,
    tookSeconds: (untilMs - fromMs) / 1000,
    note: finding.note,
    messages: messagesOf(answers),
  };
}

/** How long kube-apiserver took our registration for unavailable. */
export function unavailableMs({ conditions, fromMs, untilMs }: Recording): number {
  const changes = conditions.filter(({ of }) => of === 'APIService');
  return changes.reduce((total, { status, atMs }, index) => {
    const endMs = changes[index + 1]?.atMs ?? untilMs;
    return status === 'True' ? total : total + endMs - Math.max(atMs, fromMs);
  }, 0);
}

/** Without what differs from read to read, so that alike messages are one. */
function messagesOf(answers: readonly Answer[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { via, outcome } of answers) {
    if (outcome.kind !== 'refused' && outcome.kind !== 'broken') continue;
    const way = via === 'aggregator' ? via : 'replica';
    const cause = outcome.message.replace(/; (query|remedy) .*/s, '').trim();
    const text = `${way}: ${cause.replaceAll(/\d+([.:]\d+)*/g, 'N').slice(0, 160)}`;
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return [...counts].sort(([, one], [, other]) => other - one).map(([text, count]) => `${count} × ${text}`);
}

const columns = [
  'fault',
  'reads',
  'refused',
  'broken',
  'oldest s',
  'well after s',
  'unavailable s',
  'took s',
] as const;

/** For a terminal of 100 columns: a line of figures for each fault, and a line of what was noticed. */
export function tableOf(rows: readonly Row[]): string {
  const lines = rows.flatMap((row) => [
    [
      `${row.id} ${row.title}`.slice(0, 44).padEnd(44),
      ...[row.reads, row.refused, row.broken].map((count) => String(count).padStart(7)),
      seconds(row.oldestSeconds),
      seconds(row.recoverySeconds),
      seconds(row.unavailableSeconds),
      seconds(row.tookSeconds),
    ].join(' '),
    ...wrapped(row.note).map((line) => `     ${line}`),
  ]);
  const [first = '', reads, refused, broken, ...times] = columns;
  const short = times.map((name) => name.split(' ')[0]?.slice(0, 6).padStart(6));
  const head = [
    first.padEnd(44),
    ...[reads, refused, broken].map((name) => name?.padStart(7)),
    ...short,
  ].join(' ');
  return [head, '-'.repeat(head.length), ...lines, '', legend].join('\n');
}

const legend =
  'Times are in seconds. oldest: the oldest value served. well: from the end of the fault until every way answers\n' +
  'afresh. unavai: the APIService was not Available. refused: a status with a reason; broken: no answer.';

/** In lines that a terminal of 100 columns shows whole. */
function wrapped(text: string): readonly string[] {
  return text.match(/.{1,92}(?=\s|$)/g)?.map((line) => line.trim()) ?? [];
}

function seconds(value: number | undefined): string {
  return (value === undefined ? '-' : value.toFixed(1)).padStart(6);
}
