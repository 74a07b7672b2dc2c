import type { Fault } from '../core/fault.js';
import { ok, type Result } from '../core/result.js';
import { type Lock, type LockBox, released, type StoredLock } from './lock.js';

export interface TwoLocksPorts {
  /** The older kind, which is taken first. */
  readonly first: LockBox;
  readonly second: LockBox;
}

/** What both objects had when they were read. */
type Revisions = readonly [string | null, string | null];

/**
 * Two objects as one lock, for the time in which the replicas move from the first to the second. It is held by who holds
 * both, so it excludes those who know only the first as well as those who know only the second; these two do not exclude
 * each other, and must never run side by side. So each replica that knows only the first is to be gone before one comes
 * that knows only the second.
 *
 * Each object is compared and swapped by its own; the first is written first. A renewal that reaches only one of them is
 * none. A lead that is given up is given up in both.
 */
export class TwoLocks implements LockBox {
  readonly #ports: TwoLocksPorts;
  /** As read last: whether the first object was ours before a write tells a renewal from a taking. */
  #first: StoredLock | undefined;

  constructor(ports: TwoLocksPorts) {
    this.#ports = ports;
  }

  async read(signal: AbortSignal): Promise<Result<StoredLock | undefined, Fault>> {
    const [first, second] = await Promise.all([
      this.#ports.first.read(signal),
      this.#ports.second.read(signal),
    ]);
    if (!first.ok) return first;
    if (!second.ok) return second;
    this.#first = first.value;
    return ok(merge(first.value, second.value));
  }

  /** Faults: as those of the two. `kube.conflict` of either: the lock is not ours, though the first may name us. */
  async write(
    lock: Lock,
    revision: string | undefined,
    signal: AbortSignal,
  ): Promise<Result<StoredLock, Fault>> {
    const [firstRevision, secondRevision] = parseRevisions(revision);
    const wasOurs = this.#first?.lock.holder === lock.holder;
    const first = await this.#ports.first.write(lock, firstRevision ?? undefined, signal);
    // What is given up is given up in both, whatever becomes of the first.
    if (!first.ok && lock.holder !== undefined) return first;
    const second = await this.#ports.second.write(lock, secondRevision ?? undefined, signal);
    if (!first.ok) return first;
    if (second.ok) return ok(merge(first.value, second.value) ?? first.value);
    if (second.error.code === 'kube.conflict' && lock.holder !== undefined && !wasOurs)
      await this.#giveBack(first.value, signal);
    return second;
  }

  async follow(onChange: () => void, signal: AbortSignal): Promise<void> {
    const { first, second } = this.#ports;
    await Promise.all([first.follow(onChange, signal), second.follow(onChange, signal)]);
  }

  /** Somebody else has the second: the first is left as free as it was. If that fails, others wait for it in vain for a lease. */
  async #giveBack({ lock, revision }: StoredLock, signal: AbortSignal): Promise<void> {
    await this.#ports.first.write(released(lock, lock.renewedAtMs), revision, signal);
  }
}

function merge(first: StoredLock | undefined, second: StoredLock | undefined): StoredLock | undefined {
  const [one, other] = [first ?? second, second ?? first];
  if (one === undefined || other === undefined) return undefined;
  const revisions: Revisions = [first?.revision ?? null, second?.revision ?? null];
  const doubt = one.doubt ?? other.doubt;
  return {
    lock: mergeLocks(one.lock, other.lock),
    revision: JSON.stringify(revisions),
    stamp: JSON.stringify([first?.stamp ?? '', second?.stamp ?? '']),
    parts: [first, second],
    ...(doubt === undefined ? {} : { doubt }),
  };
}

/** The holder is who is alone, and since and until when is said by those that it holds: renewed is what both are. */
function mergeLocks(one: Lock, other: Lock): Lock {
  const held = [one, other].filter(({ holder }) => holder !== undefined);
  const holders = new Set(held.map(({ holder }) => holder));
  const speaking = held.length === 0 ? [one, other] : held;
  return {
    holder: holders.size === 1 ? held[0]?.holder : undefined,
    durationSeconds: Math.max(one.durationSeconds, other.durationSeconds),
    acquiredAtMs: Math.max(...speaking.map(({ acquiredAtMs }) => acquiredAtMs)),
    renewedAtMs: Math.min(...speaking.map(({ renewedAtMs }) => renewedAtMs)),
    transitions: Math.max(one.transitions, other.transitions),
  };
}

function parseRevisions(revision: string | undefined): Revisions {
  if (revision === undefined) return [null, null];
  return JSON.parse(revision) as Revisions;
}
