import { unavailableMs } from './table.js';
import type { FaultWorld } from './world.js';

/** Throws with what was expected and what came. */
export function check(claim: boolean, explain: () => string): void {
  if (!claim) throw new Error(explain());
}

/** In seconds, for a note. */
export function since(startedAtMs: number): number {
  return (Date.now() - startedAtMs) / 1000;
}

/** kube-apiserver must have taken our registration for available all along. */
export async function neverUnavailable(world: FaultWorld): Promise<void> {
  const ms = unavailableMs(await world.record());
  check(ms === 0, () => `the APIService was unavailable for ${ms} ms`);
}
