/** How long somebody leads, and by the how-manieth change of hands. The instants are the leader's own clock's. */
export interface Reign {
  readonly sinceMs: number;
  readonly renewedAtMs: number;
  readonly transitions: number;
}

/** Who leads, as this replica knows it. Not knowing is its own answer, never "nobody" or "I". */
export type Leader =
  | ({ readonly who: 'me' } & Reign)
  | ({ readonly who: 'other'; readonly name: string } & Reign)
  | { readonly who: 'unknown' };
