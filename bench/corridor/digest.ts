import { median } from '../shared/quantiles.js';
import type { Contestant } from './contestant.js';
import type { ReadRun, Way } from './reads.js';

/** What is quoted of several runs: the median, with the least and the most. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export function spreadOf(values: readonly number[]): Spread {
  return { median: median(values), least: Math.min(...values), most: Math.max(...values) };
}

/** One way of reading one contestant. */
export interface ReadDigest {
  readonly perSecond: Spread;
  readonly p50Ms: number;
  readonly p99Ms: Spread;
  readonly p999Ms: Spread;
  readonly cpuMicros: Spread;
}

export interface Pick {
  readonly way: Way;
  readonly shape: string;
  readonly contestant: Contestant;
}

/** `undefined` where there was no such run. */
export function digestOf(runs: readonly ReadRun[], pick: Pick): ReadDigest | undefined {
  const picked = runs.filter(
    ({ way, shape, contestant }) =>
      way === pick.way && shape === pick.shape && contestant === pick.contestant,
  );
  if (picked.length === 0) return undefined;
  const all = (figure: (run: ReadRun) => number): readonly number[] => picked.map(figure);
  return {
    perSecond: spreadOf(all(({ load }) => load.perSecond)),
    p50Ms: median(all(({ load }) => load.latencyMs.p50)),
    p99Ms: spreadOf(all(({ load }) => load.latencyMs.p99)),
    p999Ms: spreadOf(all(({ load }) => load.latencyMs.p999)),
    cpuMicros: spreadOf(all(({ cpuMicrosPerRequest }) => cpuMicrosPerRequest)),
  };
}
