import { line, type Paint, toText } from '../cmdapi/status/layout.js';
import type { HealthStatus } from '../cmdapi/status/report.js';
import { emit, jsonText, type OutputOptions, outputPaint } from './output.js';
import { askReplica, complain, refusalText, trouble } from './replica.js';
import type { SettingsOptions } from './settings-sources.js';

const what = 'tell the health';

/**
 * Prints which parts of the Cluster Agent on this machine are well, by its readiness. Returns the exit code: 1 when one
 * is not, or when it cannot be asked.
 */
export async function health(
  settings: SettingsOptions,
  { format, file }: OutputOptions,
  wantsColor: boolean,
): Promise<number> {
  const failed = (message: string): number => complain(what, trouble(message), wantsColor);
  const answer = await askReplica(settings, '/status/health');
  if (!answer.ok) return complain(what, answer.error, wantsColor);
  const report = answer.value.status === 200 ? parseHealth(answer.value.body) : undefined;
  if (report === undefined) return failed(refusalText(answer.value));
  const paint = outputPaint(file, wantsColor);
  const written = emit(format === 'text' ? healthText(report, paint) : jsonText(report, format), file);
  if (!written.ok) return failed(written.error);
  return report.Unhealthy.length === 0 ? 0 : 1;
}

/** In the layout of the original agent's `health`, with what is to be known of each part below it. */
export function healthText({ Healthy, Unhealthy, Details }: HealthStatus, paint: Paint): string {
  const isWell = Unhealthy.length === 0;
  return toText(
    [
      isWell ? line(0, 'Agent health: PASS', 'good') : line(0, 'Agent health: FAIL', 'bad'),
      line(0, `=== ${Healthy.length} healthy components ===`),
      line(0, Healthy.join(', ')),
      ...(isWell
        ? []
        : [
            line(0, `=== ${Unhealthy.length} unhealthy components ===`),
            line(0, Unhealthy.join(', '), 'bad'),
          ]),
      ...Object.entries(Details).map(([name, detail]) =>
        line(1, `${name}: ${detail}`, Unhealthy.includes(name) ? 'bad' : 'doubtful'),
      ),
    ],
    paint,
  );
}

function parseHealth(body: string): HealthStatus | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    const isReport =
      typeof parsed === 'object' &&
      parsed !== null &&
      'Healthy' in parsed &&
      'Unhealthy' in parsed &&
      Array.isArray(parsed.Unhealthy);
    return isReport ? ({ Details: {}, ...parsed } as unknown as HealthStatus) : undefined;
  } catch {
    // A text that says what is wrong, which the caller shows.
    return undefined;
  }
}
