import { type Component, supervise } from './component.js';
import type { Logger } from './log.js';

/** Components that end together, and what is to be done once they have. */
export interface Group {
  readonly components: readonly Component[];
  readonly afterwards?: () => Promise<void>;
}

/**
 * Runs everything until `signal` aborts or a component fails. Then the groups of `first` end side by side, each followed
 * by its `afterwards`; what they stand on ends last, so that requests under way still find it.
 * Resolves to the error that ended it, or to `undefined` after an orderly stop.
 */
export async function runLife(
  parts: { readonly first: readonly Group[]; readonly last: readonly Component[] },
  log: Logger,
  signal: AbortSignal,
): Promise<Error | undefined> {
  const failed = new AbortController();
  const stopFirst = AbortSignal.any([signal, failed.signal]);
  const stopLast = new AbortController();
  const watched = async (components: readonly Component[], stop: AbortSignal): Promise<Error | undefined> => {
    const error = await supervise(components, log, stop);
    if (error !== undefined) failed.abort();
    return error;
  };
  const last = watched(parts.last, stopLast.signal);
  const first = await Promise.all(
    parts.first.map(async ({ components, afterwards }) => {
      const error = await watched(components, stopFirst);
      await afterwards?.();
      return error;
    }),
  );
  stopLast.abort();
  return [...first, await last].find((error) => error !== undefined);
}
