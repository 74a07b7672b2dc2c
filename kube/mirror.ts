import type { Slimmed, WatchEvent } from './view.js';

/**
 * Where what is reflected is kept. A list comes page by page, and counts as the truth only when it is complete; events
 * come between two lists.
 */
export interface Mirror<T> {
  /** A list begins. Pages of one that never became complete say nothing about what is missing. */
  begin(): void;
  /** The next page of the list under way. */
  list(page: readonly Slimmed<T>[]): void;
  /** The list is complete: what it did not bring is gone. Answers whether the list has changed anything that counts. */
  complete(): boolean;
  /** Takes in events in their order. Answers whether they have changed anything that counts. */
  apply(events: readonly WatchEvent<T>[]): boolean;
}
