import { parseReport } from '../cmdapi/status/report.js';
import { statusText } from '../cmdapi/status/text.js';
import { emit, jsonText, type OutputOptions, outputPaint } from './output.js';
import { askReplica, complain, refusalText, trouble } from './replica.js';
import type { SettingsOptions } from './settings-sources.js';

const what = 'tell the status';

/** Prints how the Cluster Agent on this machine is. Returns the exit code: 1 when it cannot be asked or shown. */
export async function status(
  settings: SettingsOptions,
  { format, file }: OutputOptions,
  wantsColor: boolean,
): Promise<number> {
  const failed = (message: string): number => complain(what, trouble(message), wantsColor);
  const answer = await askReplica(settings, '/status');
  if (!answer.ok) return complain(what, answer.error, wantsColor);
  const report = answer.value.status === 200 ? parseReport(answer.value.body) : undefined;
  if (report === undefined) return failed(refusalText(answer.value));
  const text =
    format === 'text' ? statusText(report, outputPaint(file, wantsColor)) : jsonText(report, format);
  const written = emit(text, file);
  return written.ok ? 0 : failed(written.error);
}
