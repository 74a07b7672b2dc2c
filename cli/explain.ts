import { writeFileSync } from 'node:fs';
import { readToken } from '../cmdapi/token-file.js';
import { readSettings } from '../config/load.js';
import { messageOf } from '../core/fault.js';
import { fail, ok, type Result } from '../core/result.js';
import { isAllFine, type Report } from '../explain/report.js';
import { reportText } from '../explain/text.js';
import { type AgentAnswer, callAgent } from './agent-call.js';
import { gatherSources, type SettingsOptions } from './settings-sources.js';
import { printProblems } from './terminal.js';

export interface ExplainOptions {
  /** `<namespace>/<name>` */
  readonly hpa: string;
  readonly format: 'text' | 'json' | 'pretty-json';
  /** Where to write; standard output when left out. */
  readonly file: string | undefined;
  /** Whether Datadog is asked again now. */
  readonly asksDatadog: boolean;
}

/**
 * Prints the road of an HPA's external metrics, as the Cluster Agent on this machine knows it. Returns the exit code: 0
 * when there is nothing to repair, 1 when it cannot be asked, 2 when its verdict names a fault.
 */
export async function explain(
  settings: SettingsOptions,
  options: ExplainOptions,
  wantsColor: boolean,
): Promise<number> {
  const { sources, problems } = gatherSources(settings);
  const { config, errors } = readSettings(sources);
  // What was written wrongly would send the question elsewhere; what is missing (a key, say) is told by the verdict.
  const wrong = [...problems, ...errors.filter(({ origin }) => origin !== undefined)];
  if (wrong.length > 0) {
    printProblems(wrong, wantsColor);
    return 1;
  }
  const report = await ask(config.clusterAgent, options);
  if (!report.ok) return complain(report.error);
  return show(report.value, options);
}

async function ask(
  { localTokenPath, commandPort }: { readonly localTokenPath: string; readonly commandPort: number },
  { hpa, asksDatadog }: ExplainOptions,
): Promise<Result<Report, string>> {
  const parts = hpa.split('/');
  if (parts.length !== 2 || parts.includes(''))
    return fail(`expected <namespace>/<name of the HPA>, got "${hpa}"`);
  const token = await readToken(localTokenPath);
  if (!token.ok)
    return fail(
      `the token file ${localTokenPath} ${token.error.message}; run this where the Cluster Agent runs, as its user, ` +
        'with the same settings (DD_AUTH_TOKEN_FILE_PATH)',
    );
  const path = `/api/v1/explain/${parts.map(encodeURIComponent).join('/')}${asksDatadog ? '?query=true' : ''}`;
  const answer = await callAgent(commandPort, path, token.value);
  return answer.ok ? toReport(answer.value) : answer;
}

function show(report: Report, { format, file }: ExplainOptions): number {
  const text =
    format === 'text'
      ? reportText(report)
      : `${JSON.stringify(report, undefined, format === 'pretty-json' ? 2 : undefined)}\n`;
  if (file === undefined) process.stdout.write(text);
  else {
    try {
      writeFileSync(file, text, { mode: 0o600 });
    } catch (error: unknown) {
      return complain(`${file} cannot be written: ${messageOf(error)}`);
    }
  }
  return isAllFine(report) ? 0 : 2;
}

/** The API's answer comes from a program of this very version. */
function toReport({ status, body }: AgentAnswer): Result<Report, string> {
  const report = parseReport(body);
  if (status === 200 && report !== undefined) return ok(report);
  const hint =
    status === 401 || status === 403
      ? '; the token file is another one than the running Cluster Agent has read'
      : '';
  return fail(`the Cluster Agent answered ${status}: ${body.trim().slice(0, 300)}${hint}`);
}

function parseReport(body: string): Report | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    const isReport =
      typeof parsed === 'object' && parsed !== null && 'shared' in parsed && 'metrics' in parsed;
    return isReport ? (parsed as Report) : undefined;
  } catch {
    // A text that says what is wrong, which the caller shows.
    return undefined;
  }
}

function complain(message: string): number {
  process.stderr.write(`Could not explain the HPA: ${message}\n`);
  return 1;
}
