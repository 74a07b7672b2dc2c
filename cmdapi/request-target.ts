/** What a request line asks for. */
export interface RequestTarget {
  /** Between the slashes of the path, as they came; the first slash stands before the first of them. */
  readonly segments: readonly string[];
  /** After the `?`; empty without one. */
  readonly query: string;
}

/**
 * Takes a request target apart (RFC 9112 §3.2): `/path?query`, or the whole form with a scheme and an authority, of
 * which these do not count. Nothing is put in order: `//` and `..` are what they are, and lead nowhere.
 */
export function parseTarget(target: string): RequestTarget {
  const path = target.startsWith('/') ? target : target.replace(/^https?:\/\/[^/?#]*/i, '');
  const end = path.search(/[?#]/);
  const whole = end < 0 ? path : path.slice(0, end);
  const query = path[end] === '?' ? (path.slice(end + 1).split('#', 1)[0] ?? '') : '';
  return { segments: whole.slice(1).split('/'), query };
}

/** A segment as it was meant; one that is badly encoded is no name of anything, and stays as it came. */
export function decodeSegment(segment: string): string {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
