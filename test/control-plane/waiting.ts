import { setTimeout as sleep } from 'node:timers/promises';

export interface WaitOptions {
  /** Default 30,000. */
  readonly timeoutMs?: number;
  /** Pause between two looks; default 100. */
  readonly pollMs?: number;
}

/** Looks again and again until something other than undefined is seen; throws with `what` when that is too late. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined>,
  { timeoutMs = 30_000, pollMs = 100 }: WaitOptions = {},
): Promise<T> {
  for (const startedAtMs = Date.now(); Date.now() - startedAtMs < timeoutMs; await sleep(pollMs)) {
    const seen = await look();
    if (seen !== undefined) return seen;
  }
  throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
}
