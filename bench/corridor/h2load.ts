import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../../test/control-plane/commands.js';
import { toQuantiles } from '../shared/quantiles.js';
import type { LoadResult, LoadShape } from './load.js';

export interface H2loadOptions {
  readonly port: number;
  readonly token: string;
  readonly paths: readonly string[];
  readonly shape: LoadShape;
  readonly seconds: number;
  /** For the list of paths and the log of times. */
  readonly folder: string;
}

/** Requests as a user with a bearer token, without a pause. h2load looks at statuses, not at bodies. */
export async function runH2load(options: H2loadOptions): Promise<LoadResult> {
  const { port, token, paths, shape, seconds, folder } = options;
  const [list, log] = [join(folder, 'h2load-paths'), join(folder, 'h2load-times')];
  writeFileSync(list, paths.map((path) => `https://127.0.0.1:${port}${path}\n`).join(''));
  rmSync(log, { force: true });
  const { code, stdout, stderr } = await runCommand(
    'h2load',
    [
      `--input-file=${list}`,
      `--log-file=${log}`,
      `--duration=${Math.round(seconds * 1_000)}ms`,
      `--clients=${shape.connections}`,
      `--max-concurrent-streams=${shape.streams / shape.connections}`,
      ...(shape.protocol === 'h1' ? ['--h1'] : []),
      `--header=authorization: Bearer ${token}`,
    ],
    { timeoutMs: (seconds + 30) * 1_000 },
  );
  if (code !== 0) throw new Error(`h2load ended with ${code}: ${stderr.trim() || stdout.trim()}`);
  return toResult(readFileSync(log, 'utf8'), seconds);
}

/** Of each request the log says when it began, its status, and how many microseconds it took. */
function toResult(log: string, seconds: number): LoadResult {
  const rows = log
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t').map(Number));
  const wrong = rows.filter(([, status]) => status !== 200);
  return {
    requests: rows.length,
    wrong: wrong.length,
    faults: wrong.slice(0, 3).map(([, status]) => `h2load saw status ${status}`),
    perSecond: rows.length / seconds,
    latencyMs: toQuantiles(rows.map(([, , micros = Number.NaN]) => micros / 1_000)),
  };
}
