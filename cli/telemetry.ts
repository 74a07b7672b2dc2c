import { emit } from './output.js';
import { askTelemetry, complain, refusalText, trouble } from './replica.js';
import type { SettingsOptions } from './settings-sources.js';

const what = 'tell the telemetry';

/** Prints the own metrics of the Cluster Agent on this machine, as scrapers get them. Returns the exit code. */
export async function telemetry(
  settings: SettingsOptions,
  { file }: { readonly file: string | undefined },
  wantsColor: boolean,
): Promise<number> {
  const failed = (message: string): number => complain(what, trouble(message), wantsColor);
  const answer = await askTelemetry(settings, '/metrics');
  if (!answer.ok) return complain(what, answer.error, wantsColor);
  if (answer.value.status !== 200) return failed(refusalText(answer.value));
  const written = emit(answer.value.body, file);
  return written.ok ? 0 : failed(written.error);
}
