import type { User } from '../../core/user.js';
import type { RequestInfo, Verb } from './request-info.js';

/** What goes wrong. */
export type FaultAction =
  /** The answer comes late. Other faults may follow it. */
  | { readonly kind: 'slow'; readonly latencyMs: number }
  /** The request is taken and never answered. */
  | { readonly kind: 'silent' }
  /**
   * The connection breaks: before the request is looked at, or, with `afterBytes`, once so much of the body of the
   * answer is out (a write has then happened).
   */
  | { readonly kind: 'reset'; readonly afterBytes?: number }
  /** An answer of this status instead of the real one, with its `metav1.Status`. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly reason?: string;
      readonly message?: string;
      readonly retryAfterSeconds?: number;
    }
  /** 409 as if somebody else had written first. Meant for writes. */
  | { readonly kind: 'conflict' }
  /** 410: for a list as a Status, for a watch as an ERROR event at its start. */
  | { readonly kind: 'expired' }
  /** A watch that is accepted and never says anything, not even bookmarks. Anything but a watch is answered. */
  | { readonly kind: 'stalled' }
  /** The request is carried out and the connection dies before any answer. */
  | { readonly kind: 'dies-after-commit' };

/** Which requests a fault strikes; what is left out matches everything. */
export interface RequestMatch {
  readonly verb?: Verb | readonly Verb[];
  readonly resource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
  /** The caller: one replica among several, when each has a token of its own. */
  readonly user?: string;
  /** Only first pages of lists, or only the pages after. */
  readonly page?: 'first' | 'next';
}

export interface FaultMatch extends RequestMatch {
  /** How many requests it strikes; without, all until it is cleared. */
  readonly times?: number;
}

/** A fault that lies in wait. */
export interface InjectedFault {
  /** Requests struck so far. */
  readonly hits: number;
  clear(): void;
}

/** What is to happen to one request. */
export interface FaultPlan {
  readonly latencyMs: number;
  readonly action: Exclude<FaultAction, { kind: 'slow' }> | undefined;
}

interface Trap {
  readonly action: FaultAction;
  readonly match: FaultMatch;
  hits: number;
}

/** The faults that lie in wait. Of several that match a request, the oldest strikes; delays add up. */
export class Faults {
  #traps: readonly Trap[] = [];

  inject(action: FaultAction, match: FaultMatch): InjectedFault {
    const trap: Trap = { action, match, hits: 0 };
    this.#traps = [...this.#traps, trap];
    return {
      get hits() {
        return trap.hits;
      },
      clear: () => {
        this.#traps = this.#traps.filter((other) => other !== trap);
      },
    };
  }

  clear(): void {
    this.#traps = [];
  }

  /** Counts the traps that it springs. */
  plan(info: RequestInfo, user: User | undefined): FaultPlan {
    let latencyMs = 0;
    for (const trap of this.#traps) {
      if (trap.hits >= (trap.match.times ?? Number.POSITIVE_INFINITY)) continue;
      if (!isMatch(trap.match, info, user)) continue;
      trap.hits += 1;
      if (trap.action.kind !== 'slow') return { latencyMs, action: trap.action };
      latencyMs += trap.action.latencyMs;
    }
    return { latencyMs, action: undefined };
  }
}

/** Whether a request is one of those that `match` describes. */
export function isMatch(match: RequestMatch, info: RequestInfo, user: User | undefined): boolean {
  const { target } = info;
  const verbs = match.verb === undefined ? undefined : [match.verb].flat();
  const isNext = (info.query.get('continue') ?? '') !== '';
  return (
    (verbs === undefined || (target !== undefined && verbs.includes(target.verb))) &&
    (match.resource === undefined || match.resource === target?.resource) &&
    (match.namespace === undefined || match.namespace === target?.namespace) &&
    (match.name === undefined || match.name === target?.name) &&
    (match.subresource === undefined || match.subresource === target?.subresource) &&
    (match.user === undefined || match.user === user?.name) &&
    (match.page === undefined || (match.page === 'next') === isNext)
  );
}
