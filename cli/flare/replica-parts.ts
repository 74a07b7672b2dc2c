import { problemText } from '../../config/problem.js';
import type { Result } from '../../core/result.js';
import type { Report } from '../../explain/report.js';
import { reportText } from '../../explain/text.js';
import { metadataMapText, parseMetadataMap } from '../metadata-map.js';
import { type Failure, type ReplicaAnswer, refusalText } from '../replica.js';
import type { Part } from './part.js';

/** How the replica on this machine is asked: its own port with the local token, and its metrics without. */
export interface AskedReplica {
  ask(path: string): Promise<Result<ReplicaAnswer, Failure>>;
  telemetry(path: string): Promise<Result<ReplicaAnswer, Failure>>;
}

/** What only a running replica knows. */
export function replicaParts({ ask, telemetry }: AskedReplica): readonly Part[] {
  const own = (path: string, target: string, show: (body: string) => string = indented): Part => ({
    path,
    read: async () => show(bodyOf(await ask(target))),
  });
  return [
    own('status.log', '/status?format=text', (body) => body),
    own('status.json', '/status'),
    own('health.json', '/status/health'),
    own('explain.log', '/api/v1/explain', explanations),
    own('explain.json', '/api/v1/explain'),
    own('process.json', '/api/v1/flare'),
    own('logs/recent.log', '/status', recentLog),
    own('cluster-agent-metadatamapper.log', '/api/v1/tags/pod', mapText),
    { path: 'telemetry.log', read: async () => bodyOf(await telemetry('/metrics')) },
    { path: 'expvar.json', read: async () => indented(bodyOf(await telemetry('/debug/vars'))) },
  ];
}

/** Throws with why there is no usable answer. */
function bodyOf(answer: Result<ReplicaAnswer, Failure>): string {
  if (!answer.ok) throw new Error(failureText(answer.error));
  if (answer.value.status !== 200) throw new Error(refusalText(answer.value));
  return answer.value.body;
}

export function failureText(failure: Failure): string {
  return failure.kind === 'trouble' ? failure.message : failure.problems.map(problemText).join('; ');
}

function indented(body: string): string {
  return `${JSON.stringify(JSON.parse(body), undefined, 2)}\n`;
}

/** The warnings and errors that the replica remembers, a line each. */
function recentLog(body: string): string {
  const { recentLog: lines } = JSON.parse(body) as { readonly recentLog?: unknown };
  if (!Array.isArray(lines)) throw new Error('the replica tells no recent log');
  return lines.map((one) => `${JSON.stringify(one)}\n`).join('');
}

/** As the command `explain` prints them. */
function explanations(body: string): string {
  const reports = JSON.parse(body) as readonly Report[];
  return reports.length === 0
    ? 'No HPA has a metric that is not well.\n'
    : reports.map((report) => reportText(report)).join('\n');
}

function mapText(body: string): string {
  const map = parseMetadataMap(body);
  if (map === undefined) throw new Error('the replica answered no metadata map');
  return metadataMapText(map);
}
