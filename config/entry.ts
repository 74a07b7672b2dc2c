import type { Origin } from './problem.js';
import type { PlacedSetting } from './schema.js';

/** A setting with the value that counts and where it came from. */
export interface Entry extends PlacedSetting {
  readonly value: unknown;
  readonly origin: Origin;
  /** What came was not acceptable; `value` is then the default. */
  readonly isWrong: boolean;
}
