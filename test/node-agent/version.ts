/** What a Cluster Agent says of itself at `/version`. */
export interface Version {
  readonly Major: number;
  readonly Minor: number;
  readonly Patch: number;
  readonly Pre: string;
  readonly Meta: string;
  readonly Commit: string;
}

/**
 * Which routes an agent of today takes with a Cluster Agent of some version. `leader` is the way of before 1.21: a client
 * that follows redirects to the leader.
 */
export type Ways =
  | { readonly kind: 'leader' }
  | {
      readonly kind: 'direct';
      readonly services: 'node' | 'pod';
      readonly namespaces: 'metadata' | 'labels';
    };

/**
 * Major and minor are compared apart, as the agents do: 2.0 is asked per pod, and 8.0 for the labels of namespaces.
 */
export function chooseWays({ Major, Minor }: Version): Ways {
  if (Major === 1 && Minor < 21) return { kind: 'leader' };
  return {
    kind: 'direct',
    services: Major >= 1 && Minor >= 3 ? 'node' : 'pod',
    namespaces: Major >= 7 && Minor >= 55 ? 'metadata' : 'labels',
  };
}
