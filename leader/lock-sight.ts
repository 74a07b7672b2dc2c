import type { LockView } from './decide.js';
import { isReleased, partsOf, type StoredLock } from './lock.js';

/** The highest that `DD_LEADER_LEASE_DURATION` takes. A lock that claims more would be waited for without end. */
const longestSeconds = 3_600;

/** As client-go names it; no pod can be called so. */
const unknownHolder = 'leaderelection.k8s.io/unknown';

export interface SightOptions {
  readonly identity: string;
  readonly durationSeconds: number;
}

/** What this process has seen of the lock, and what follows for who holds it. */
export class LockSight {
  readonly #options: SightOptions;
  #stored: StoredLock | undefined;
  #changeSeenAtMs = 0;
  #lookedAtMs: number | undefined;
  /** For each object of the lock: whether it was there, and is gone or wiped. Whoever holds it may not know yet. */
  #lost: readonly boolean[] = [];

  constructor(options: SightOptions) {
    this.#options = options;
  }

  /** As seen last; `undefined`: there was none. */
  get stored(): StoredLock | undefined {
    return this.#stored;
  }

  see(stored: StoredLock | undefined, nowMs: number): void {
    const isLate = nowMs - (this.#lookedAtMs ?? nowMs) > this.#options.durationSeconds * 500;
    const before = partsOf(this.#stored);
    const now = partsOf(stored);
    const pairs = Array.from(
      { length: Math.max(before.length, now.length) },
      (_, index) => [before[index], now[index]] as const,
    );
    const isUnsure = isLate && pairs.some((pair) => pair.every((part) => part === undefined));
    if (isUnsure || stored?.revision !== this.#stored?.revision) this.#changeSeenAtMs = nowMs;
    this.#lost = pairs.map((pair, index) => isLost(...pair, { isLate, wasLost: this.#lost[index] === true }));
    this.#lookedAtMs = nowMs;
    this.#stored = stored;
  }

  /** Whether every object of the lock names this replica. */
  isMine(): boolean {
    return partsOf(this.#stored).every(
      (part) => part?.doubt === undefined && part?.lock.holder === this.#options.identity,
    );
  }

  /**
   * Whether somebody has renewed the lock for this replica since it was seen as `before`: what others compare is another,
   * in each of its objects, so they all begin to wait anew.
   */
  isRenewedSince(before: StoredLock | undefined): boolean {
    const earlier = partsOf(before);
    return (
      this.isMine() && partsOf(this.#stored).every((part, index) => part?.stamp !== earlier[index]?.stamp)
    );
  }

  /** Who holds the lock, as far as that is sure. */
  holder(): string | undefined {
    const holders = this.#holders();
    return this.doubt() === undefined && !this.#lost.includes(true) ? holders[0] : undefined;
  }

  /** Why it cannot be told who holds the lock, for people. */
  doubt(): string | undefined {
    const holders = this.#holders();
    if (holders.length > 1)
      return `the objects of the lock name different holders (${holders.join(' and ')}); it is taken when neither has changed for as long as a lease lasts`;
    return partsOf(this.#stored).find((part) => part?.doubt !== undefined)?.doubt;
  }

  /**
   * The lock for a decision; `undefined`: nobody holds it. What nobody can make out is waited for as if somebody held it,
   * except by a replica that led until now: only that one knows that nobody else can have held it meanwhile.
   */
  view(wasLeading: boolean): LockView | undefined {
    const holders = this.#holders();
    const isUnclear = this.doubt() !== undefined || this.#lost.includes(true);
    const isUnknown = holders.length > 1 || (isUnclear && !wasLeading);
    const holder = isUnknown ? unknownHolder : holders[0];
    if (holder === undefined) return undefined;
    return { holder, durationSeconds: this.#durationSeconds(), lastChangeSeenAtMs: this.#changeSeenAtMs };
  }

  /** Never less than ours: who shortens a lock by hand cannot tell its holder. */
  #durationSeconds(): number {
    const theirs = partsOf(this.#stored).map((part) => part?.lock.durationSeconds ?? 0);
    return Math.max(this.#options.durationSeconds, ...theirs.filter((seconds) => seconds <= longestSeconds));
  }

  #holders(): readonly string[] {
    const names = partsOf(this.#stored)
      .filter((part) => part?.doubt === undefined)
      .map((part) => part?.lock.holder);
    return [...new Set(names.filter((name) => name !== undefined))];
  }
}

function isHeld(part: StoredLock | undefined): boolean {
  return part !== undefined && (part.doubt !== undefined || part.lock.holder !== undefined);
}

/**
 * Nobody gives a lock up by deleting or wiping it, and somebody may have taken it since it was seen last. What is absent
 * has no revision: after half a lease without a look, it may have been there meanwhile.
 */
function isLost(
  before: StoredLock | undefined,
  now: StoredLock | undefined,
  { isLate, wasLost }: { readonly isLate: boolean; readonly wasLost: boolean },
): boolean {
  if (isHeld(now) || isReleased(now)) return false;
  if (wasLost) return true;
  return before === undefined ? isLate && now === undefined : now?.revision !== before.revision;
}
