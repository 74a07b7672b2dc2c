import type { Leader } from './leader.js';

/** Leadership where election is turned off: a lone replica that always leads. */
export class LoneLeader {
  readonly #sinceMs: number;

  constructor(sinceMs: number) {
    this.#sinceMs = sinceMs;
  }

  isLeader(): boolean {
    return true;
  }

  /** What needs no renewal counts as renewed once, when it began. */
  leader(): Leader {
    return { who: 'me', sinceMs: this.#sinceMs, renewedAtMs: this.#sinceMs, transitions: 0 };
  }

  /** Never calls: nothing changes. */
  onChange(): () => void {
    return () => {};
  }
}
