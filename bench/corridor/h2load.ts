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
  /** How many; h2load never ends when a *time* is over before all of its connections are made. */
  readonly requests: number;
  /** For the list of paths and the log of times. */
  readonly folder: string;
}

/** For any number of requests that is asked for here. */
const patienceMs = 60_000;

/** Requests as a user with a bearer token, without a pause. h2load looks at statuses, not at bodies. */
export async function runH2load(options: H2loadOptions): Promise<LoadResult> {
  const { port, token, paths, shape, requests, folder } = options;
  const [list, log] = [join(folder, 'h2load-paths'), join(folder, 'h2load-times')];
  writeFileSync(list, paths.map((path) => `https://127.0.0.1:${port}${path}\n`).join(''));
  rmSync(log, { force: true });
  const { code, stdout, stderr } = await runCommand(
    'h2load',
    [
      `--input-file=${list}`,
      `--log-file=${log}`,
      `--requests=${requests}`,
      `--clients=${shape.connections}`,
      `--max-concurrent-streams=${shape.streams / shape.connections}`,
      ...(shape.protocol === 'h1' ? ['--h1'] : []),
      `--header=authorization: Bearer ${token}`,
    ],
    { timeoutMs: patienceMs },
  );
  if (code !== 0) throw new Error(`h2load ended with ${code}: ${stderr.trim() || stdout.trim()}`);
  return toResult(readFileSync(log, 'utf8'));
}

/** Of each request the log says when it began, its status, and how many microseconds it took. */
function toResult(log: string): LoadResult {
  const rows = log
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t').map(Number));
  const wrong = rows.filter(([, status]) => status !== 200);
  return {
    requests: rows.length,
    wrong: wrong.length,
    faults: wrong.slice(0, 3).map(([, status]) => `h2load saw status ${status}`),
    perSecond: rows.length / secondsOf(rows),
    latencyMs: toQuantiles(rows.map(([, , micros = Number.NaN]) => micros / 1_000)),
  };
}

/** From the beginning of the first request to the end of the last. */
function secondsOf(rows: readonly (readonly number[])[]): number {
  let [from, until] = [Number.POSITIVE_INFINITY, 0];
  for (const [beganAt = Number.NaN, , micros = Number.NaN] of rows) {
    from = Math.min(from, beganAt);
    until = Math.max(until, beganAt + micros);
  }
  return (until - from) / 1e6;
}
