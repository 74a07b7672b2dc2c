/** What the lock object says, in plain units. */
export interface LockView {
  readonly holder: string | undefined;
  readonly durationSeconds: number;
  /** When *this* process last saw the lock change, by its own monotonic clock; never the holder's times. */
  readonly lastChangeSeenAtMs: number;
}

export type Decision = 'acquire' | 'renew' | 'wait';

/** The whole of leader election that needs thought; the rest is a loop and an HTTP PUT. */
export function decide(lock: LockView | undefined, me: string, nowMs: number): Decision {
  if (lock === undefined || lock.holder === undefined) return 'acquire';
  if (lock.holder === me) return 'renew';
  return nowMs - lock.lastChangeSeenAtMs > lock.durationSeconds * 1000 ? 'acquire' : 'wait';
}

/** The times of an election, all from the lease's duration. */
export interface ElectionTimes {
  /** A leader renews so long after its last renewal. */
  readonly renewMs: number;
  /** Who failed, or waits for its turn, tries again so often. */
  readonly retryMs: number;
  /** A leader that could not renew for so long stops leading; the rest of the duration is for clocks that drift. */
  readonly stepDownMs: number;
}

export function electionTimes(durationSeconds: number): ElectionTimes {
  const durationMs = durationSeconds * 1000;
  return { renewMs: durationMs / 2, retryMs: durationMs / 4, stepDownMs: (durationMs * 7) / 8 };
}
