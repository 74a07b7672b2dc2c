import { type Answer, toAnswer } from './answer.js';

/** The state of one thing that this replica needs in order to do its work. */
export interface HealthCheck {
  readonly name: string;
  readonly ok: boolean;
  /** What is wrong, or how it stands. */
  readonly detail: string;
}

/** The checks behind a probe. Running them must not wait for anything. */
export interface HealthChecks {
  checks(): readonly HealthCheck[];
}

/**
 * The answer of a probe, in the layout of Kubernetes: `ok`, or status 500 and the checks that fail. With `isVerbose`
 * all checks are told.
 */
export function probeAnswer(probe: string, checks: readonly HealthCheck[], isVerbose: boolean): Answer {
  const failed = checks.filter((check) => !check.ok);
  const isOk = failed.length === 0;
  const lines = (isVerbose ? checks : failed).map(lineOf);
  const text =
    isOk && !isVerbose ? 'ok' : [...lines, `${probe} check ${isOk ? 'passed' : 'failed'}`, ''].join('\n');
  const answer = toAnswer(isOk ? 200 : 500, 'text/plain; charset=utf-8', Buffer.from(text));
  return { ...answer, headers: { ...answer.headers, 'x-content-type-options': 'nosniff' } };
}

function lineOf({ name, ok, detail }: HealthCheck): string {
  return ok ? `[+]${name} ok` : `[-]${name} failed: ${detail}`;
}
