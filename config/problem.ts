import { createScrub } from '../core/scrub.js';

/** Where a value came from. `line` counts from 1, `key` is the dotted key of a setting. `derived` values follow from other settings. */
export type Origin =
  | { readonly kind: 'default'; readonly note?: string }
  | { readonly kind: 'file'; readonly path: string; readonly line: number; readonly key?: string }
  | { readonly kind: 'environment'; readonly name: string }
  | { readonly kind: 'flag'; readonly name: string }
  | { readonly kind: 'derived'; readonly reason: string };

/**
 * What is wrong (`error`: nothing can start) or questionable (`warning`) about a setting. No text in it holds a secret.
 */
export interface Problem {
  readonly severity: 'error' | 'warning';
  /** The name of the setting, as the operator wrote it or would write it. */
  readonly setting: string;
  /** Absent when no single source is to blame. */
  readonly origin?: Origin;
  /** What came and what was expected, or what follows. */
  readonly message: string;
}

/** A problem as one sentence: name, source, message. */
export function problemText(problem: Problem): string {
  const where = problem.origin === undefined ? '' : ` (${originText(problem.origin)})`;
  return `${problem.setting}${where}: ${problem.message}`;
}

function originText(origin: Origin): string {
  switch (origin.kind) {
    case 'default':
      return 'default';
    case 'file':
      return `${origin.path} line ${origin.line}`;
    case 'environment':
      return 'environment';
    case 'flag':
      return 'command line';
    case 'derived':
      return origin.reason;
  }
}

const scrub = createScrub([]);
const longestQuote = 60;

/** A value for a problem's message: quoted, shortened, and without anything that looks like a key. */
export function quoted(text: string): string {
  const clean = scrub(text);
  return JSON.stringify(clean.length > longestQuote ? `${clean.slice(0, longestQuote)}…` : clean);
}
