import { fail, ok, type Result } from '../core/result.js';
import { isAllFine, type Report } from '../explain/report.js';
import { reportText } from '../explain/text.js';
import { emit, jsonText, type OutputOptions } from './output.js';
import { askReplica, complain, type Failure, type ReplicaAnswer, refusalText, trouble } from './replica.js';
import type { SettingsOptions } from './settings-sources.js';

export interface ExplainOptions extends OutputOptions {
  /** `<namespace>/<name>` */
  readonly hpa: string;
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
  const report = await ask(settings, options);
  if (!report.ok) return complain('explain the HPA', report.error, wantsColor);
  const { format, file } = options;
  const text = format === 'text' ? reportText(report.value) : jsonText(report.value, format);
  const emitted = emit(text, file);
  if (!emitted.ok) return complain('explain the HPA', trouble(emitted.error), wantsColor);
  return isAllFine(report.value) ? 0 : 2;
}

async function ask(
  settings: SettingsOptions,
  { hpa, asksDatadog }: ExplainOptions,
): Promise<Result<Report, Failure>> {
  const parts = hpa.split('/');
  if (parts.length !== 2 || parts.includes(''))
    return fail(trouble(`expected <namespace>/<name of the HPA>, got "${hpa}"`));
  const path = `/api/v1/explain/${parts.map(encodeURIComponent).join('/')}${asksDatadog ? '?query=true' : ''}`;
  const answer = await askReplica(settings, path);
  return answer.ok ? toReport(answer.value) : answer;
}

/** The API's answer comes from a program of this very version. */
function toReport(answer: ReplicaAnswer): Result<Report, Failure> {
  const report = answer.status === 200 ? parseReport(answer.body) : undefined;
  return report === undefined ? fail(trouble(refusalText(answer))) : ok(report);
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
