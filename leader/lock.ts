import type { Fault } from '../core/fault.js';
import type { Result } from '../core/result.js';

/** The lock that replicas share, as they write it. Its times are for people; no decision rests on them. */
export interface Lock {
  readonly holder: string | undefined;
  readonly durationSeconds: number;
  readonly acquiredAtMs: number;
  readonly renewedAtMs: number;
  readonly transitions: number;
}

export interface StoredLock {
  readonly lock: Lock;
  readonly revision: string;
  /** What all who compete compare, to see whether the holder still renews. Every write changes it. */
  readonly stamp: string;
  /** Why it cannot be told who holds it; the holder then says nothing, and is somebody. */
  readonly doubt?: string;
  /** The objects of a lock that holds several at once, each `undefined` while nobody has made it. */
  readonly parts?: readonly (StoredLock | undefined)[];
}

export interface LockBox {
  /** `undefined` when nobody has made the lock yet. */
  read(signal: AbortSignal): Promise<Result<StoredLock | undefined, Fault>>;
  /**
   * Compare-and-swap; `revision` `undefined` creates. The value is what is stored now: the times may be rounded, and a
   * renewal that would change nothing is dated later, since nobody could see it. Faults: `kube.conflict` when another
   * was faster.
   */
  write(lock: Lock, revision: string | undefined, signal: AbortSignal): Promise<Result<StoredLock, Fault>>;
  /** Calls `onChange` when the lock has changed, until `signal` aborts. */
  follow(onChange: () => void, signal: AbortSignal): Promise<void>;
}

/** The objects that make up a lock: mostly one. */
export function partsOf(stored: StoredLock | undefined): readonly (StoredLock | undefined)[] {
  return stored?.parts ?? [stored];
}

/** What client-go writes on release: nobody holds it, and it lasts a second. */
export function released(lock: Lock, nowMs: number): Lock {
  return { ...lock, holder: undefined, durationSeconds: 1, renewedAtMs: nowMs };
}

/** Whether a lock without a holder was given up, rather than wiped by somebody who does not hold it. */
export function isReleased(stored: StoredLock | undefined): boolean {
  return stored !== undefined && stored.lock.holder === undefined && stored.lock.durationSeconds === 1;
}
