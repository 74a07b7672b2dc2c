import type { Fault } from '../core/fault.js';

/** How one watch ended. */
export interface WatchEnd {
  /** `undefined`: the server ended it in good order. */
  readonly fault: Fault | undefined;
  /** Whether it brought any event or bookmark. */
  readonly hasHeard: boolean;
  readonly lastedMs: number;
  /** Watches in a row before it that failed without having brought anything. */
  readonly failuresBefore: number;
}

/** What follows: `watch` resumes at the last revision seen, `list` begins anew; `pauses` waits first. */
export interface NextStep {
  readonly step: 'watch' | 'list';
  readonly pauses: boolean;
}

/** A watch that ends at once without a word did not work, however orderly its end. */
export const shortestWatchMs = 1_000;

/** Resuming is cheap, so it is tried this often before everything is listed again. */
const resumptions = 3;

/**
 * Decides what to do after a watch. It never decides to stop, and never to ask again at once what just
 * failed.
 */
export function afterWatch(end: WatchEnd): NextStep {
  const { fault, hasHeard } = end;
  if (fault === undefined) return { step: 'watch', pauses: !hasHeard && end.lastedMs < shortestWatchMs };
  switch (fault.code) {
    case 'kube.gone':
      return { step: 'list', pauses: !hasHeard };
    case 'kube.unreachable':
      return { step: hasHeard || end.failuresBefore < resumptions ? 'watch' : 'list', pauses: true };
    default:
      return { step: 'list', pauses: true };
  }
}
