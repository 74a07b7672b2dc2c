import type { ReadRun } from './reads.js';
import type { Scale } from './scale.js';
import type { SoakResult } from './soak-process.js';
import type { StartResult } from './start.js';
import type { StationResult } from './station.js';

/** Where and with what it was measured. */
export interface Conditions {
  readonly date: string;
  readonly machine: string;
  readonly node: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly isSmoke: boolean;
  readonly minutes: number;
}

/** All that was measured, raw. */
export interface Results {
  readonly conditions: Conditions;
  readonly scale: Scale;
  readonly starts: readonly StartResult[];
  readonly firstValueSeconds: readonly number[];
  readonly stations: readonly StationResult[];
  readonly soak: SoakResult;
  readonly faults: readonly string[];
}

/** The comparison of all ways of reading. */
export function comparedReads({ stations }: Results): readonly ReadRun[] {
  return stations.flatMap(({ compared }) => compared);
}

export function readsAt({ stations }: Results, size: number): readonly ReadRun[] {
  return stations.find((station) => station.size === size)?.reads ?? [];
}
