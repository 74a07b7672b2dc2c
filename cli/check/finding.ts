import { field, type Line, line, type Paint, type Tone, toText } from '../../cmdapi/status/layout.js';

/** `skipped`: it could not be looked at, which says nothing of how it is. */
export type Verdict = 'ok' | 'warning' | 'failed' | 'skipped';

/** What was found of one thing, and what to do where it is not well. */
export interface Finding {
  /** The heading under which it is told. */
  readonly topic: string;
  readonly verdict: Verdict;
  readonly message: string;
  /** What to do; only of what is not `ok`. */
  readonly remedy?: string;
}

/** The findings of one topic, as a topic's checks make them. */
export function findingsOf(topic: string) {
  return {
    ok: (message: string): Finding => ({ topic, verdict: 'ok', message }),
    warning: (message: string, remedy: string): Finding => ({ topic, verdict: 'warning', message, remedy }),
    failed: (message: string, remedy: string): Finding => ({ topic, verdict: 'failed', message, remedy }),
    skipped: (message: string, remedy: string): Finding => ({ topic, verdict: 'skipped', message, remedy }),
  };
}

/** Whether an installation can do its work, as far as was looked: nothing has failed. */
export function isSound(findings: readonly Finding[]): boolean {
  return findings.every(({ verdict }) => verdict !== 'failed');
}

/** A line for each finding under the heading of its topic, the remedy below it, and a last line that counts. */
export function findingsText(findings: readonly Finding[], paint: Paint): string {
  const topics = [...new Set(findings.map(({ topic }) => topic))];
  const lines = topics.flatMap((topic) => [
    line(0, topic, 'title'),
    ...findings.filter((one) => one.topic === topic).flatMap(findingLines),
    line(0, ''),
  ]);
  return toText([...lines, line(0, tally(findings), isSound(findings) ? 'good' : 'bad')], paint);
}

/** For programs. */
export function findingsReport(findings: readonly Finding[]): object {
  return { ok: isSound(findings), findings };
}

const tones: Readonly<Record<Verdict, Tone>> = {
  ok: 'good',
  warning: 'doubtful',
  failed: 'bad',
  skipped: 'doubtful',
};

function findingLines({ verdict, message, remedy }: Finding): readonly Line[] {
  return [
    line(1, `${verdict.padEnd(7)}  ${message}`, tones[verdict]),
    ...field(2, '       what to do', remedy),
  ];
}

function tally(findings: readonly Finding[]): string {
  const count = (wanted: Verdict): number => findings.filter(({ verdict }) => verdict === wanted).length;
  return (['ok', 'warning', 'failed', 'skipped'] as const)
    .map((verdict) => `${count(verdict)} ${verdict}`)
    .join(', ');
}
