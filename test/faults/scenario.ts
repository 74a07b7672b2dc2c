import type { Allowances } from './invariants.js';
import type { FaultWorld } from './world.js';

/** `short` belongs to `npm test`; `long` is `npm run chaos`: more repetitions, more and longer faults. */
export type Size = 'short' | 'long';

/** What a scenario has to tell for the table. */
export interface Finding {
  /** From the end of the fault (or its beginning, where it has none) until all was well. */
  readonly recoverySeconds?: number;
  /** Figures, in a few words. */
  readonly note: string;
}

/** A fault, and what must be seen while and after it lasts. */
export interface Scenario extends Allowances {
  /** The number of the fault and a letter. */
  readonly id: string;
  readonly title: string;
  /** Only in the long run. */
  readonly isLong?: boolean;
  /** Takes minutes by itself: only with `--all`, or by its name. */
  readonly isExtra?: boolean;
  /** Throws when something is not as it must be. It leaves the world healthy: no fault, two replicas. */
  run(world: FaultWorld, size: Size): Promise<Finding>;
}
