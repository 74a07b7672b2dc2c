import type { Leader } from './election.js';

/** Leadership where election is turned off: a lone replica that always leads. */
export class LoneLeader {
  readonly #sinceMs: number;

  constructor(sinceMs: number) {
    this.#sinceMs = sinceMs;
  }

  isLeader(): boolean {
    return true;
  }

  leader(): Leader {
    return { who: 'me', sinceMs: this.#sinceMs, transitions: 0 };
  }

  /** Never calls: nothing changes. */
  onChange(): () => void {
    return () => {};
  }
}
