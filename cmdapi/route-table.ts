import { decodeSegment } from './request-target.js';
import type { Route } from './route.js';

/** Where a path leads. */
export type Way =
  | { readonly kind: 'route'; readonly route: Route; readonly names: Readonly<Record<string, string>> }
  /** The path is there, but for other methods only. */
  | { readonly kind: 'other-method'; readonly methods: readonly string[] }
  | { readonly kind: 'nowhere' };

interface Row {
  readonly route: Route;
  /** `undefined` where any name may stand. */
  readonly literals: readonly (string | undefined)[];
  readonly parameters: readonly string[];
}

const nowhere: Way = { kind: 'nowhere' };

/**
 * Finds the route of a path, segment by segment: case counts, a slash at the end is a segment of its own, and an empty
 * segment is no name. Of two routes that fit, the one that was declared first is taken.
 */
export class RouteTable {
  readonly #rows = new Map<number, Row[]>();

  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      const segments = route.path.slice(1).split('/');
      const row = {
        route,
        literals: segments.map((segment) => (segment.startsWith(':') ? undefined : segment)),
        parameters: segments.map((segment) => segment.slice(1)),
      };
      const others = this.#rows.get(segments.length);
      if (others === undefined) this.#rows.set(segments.length, [row]);
      else others.push(row);
    }
  }

  find(method: string, segments: readonly string[]): Way {
    const methods = new Set<string>();
    for (const row of this.#rows.get(segments.length) ?? []) {
      if (!fits(row, segments)) continue;
      if (answers(row.route, method))
        return { kind: 'route', route: row.route, names: namesIn(row, segments) };
      if (row.route.method === 'GET') methods.add('HEAD');
      methods.add(row.route.method);
    }
    return methods.size === 0 ? nowhere : { kind: 'other-method', methods: [...methods] };
  }
}

/** HEAD is GET without the body. */
function answers(route: Route, method: string): boolean {
  return route.method === method || (method === 'HEAD' && route.method === 'GET');
}

function fits({ literals }: Row, segments: readonly string[]): boolean {
  return literals.every((literal, at) =>
    literal === undefined ? segments[at] !== '' : literal === segments[at],
  );
}

function namesIn(
  { literals, parameters }: Row,
  segments: readonly string[],
): Readonly<Record<string, string>> {
  const names: Record<string, string> = {};
  for (const [at, literal] of literals.entries())
    if (literal === undefined) names[parameters[at] ?? ''] = decodeSegment(segments[at] ?? '');
  return names;
}
