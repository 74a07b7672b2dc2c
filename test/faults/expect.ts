/** Throws with what was expected and what came. */
export function check(claim: boolean, explain: () => string): void {
  if (!claim) throw new Error(explain());
}

/** In seconds, for a note. */
export function since(startedAtMs: number): number {
  return (Date.now() - startedAtMs) / 1000;
}
