import type { Clock } from '../../../../core/clock.js';
import { deadline } from '../../../../core/clock.js';
import { type LockBox, released, type StoredLock } from '../../../../leader/lock.js';

export interface RecordElectorPorts {
  readonly box: LockBox;
  readonly clock: Clock;
}

/**
 * Elects by the rules of client-go up to v0.23: looks now and then and hears of nothing; takes the lock when the record, and
 * not the object, has been the same for a lease of its own; stands still before a record that it cannot read.
 */
export class RecordElector {
  readonly #ports: RecordElectorPorts;
  readonly #identity: string;
  readonly #leaseMs: number;
  #stamp: string | undefined;
  #stampSeenAtMs = 0;
  #held: StoredLock | undefined;
  #renewedAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    ports: RecordElectorPorts,
    options: { readonly identity: string; readonly durationSeconds: number },
  ) {
    this.#ports = ports;
    this.#identity = options.identity;
    this.#leaseMs = options.durationSeconds * 1000;
  }

  /** Its renew deadline is two thirds of the lease. */
  isLeader(): boolean {
    return this.#ports.clock.monotonicMs() - this.#renewedAtMs < (this.#leaseMs * 2) / 3;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#ports;
    while (!signal.aborted) {
      const bound = deadline(clock, this.#leaseMs / 3, signal);
      await this.#try(bound.signal);
      bound.release();
      await clock.sleep(this.#leaseMs / 8, signal);
    }
  }

  async release(signal: AbortSignal): Promise<void> {
    const held = this.isLeader() ? this.#held : undefined;
    this.#renewedAtMs = Number.NEGATIVE_INFINITY;
    if (held === undefined) return;
    await this.#ports.box.write(released(held.lock, this.#ports.clock.nowMs()), held.revision, signal);
  }

  async #try(signal: AbortSignal): Promise<void> {
    const { box, clock } = this.#ports;
    const startedAtMs = clock.monotonicMs();
    const read = await box.read(signal);
    if (!read.ok || read.value?.doubt !== undefined) return;
    const { lock, revision, stamp } = read.value ?? {};
    if (stamp !== this.#stamp) this.#stampSeenAtMs = clock.monotonicMs();
    this.#stamp = stamp;
    const isMine = lock?.holder === this.#identity;
    const isHeld = clock.monotonicMs() - this.#stampSeenAtMs < this.#leaseMs;
    if (!isMine) this.#renewedAtMs = Number.NEGATIVE_INFINITY;
    if (lock?.holder !== undefined && !isMine && isHeld) return;
    const nowMs = clock.nowMs();
    const claim = {
      holder: this.#identity,
      durationSeconds: this.#leaseMs / 1000,
      acquiredAtMs: isMine ? (lock?.acquiredAtMs ?? nowMs) : nowMs,
      renewedAtMs: nowMs,
      transitions: (lock?.transitions ?? 0) + (isMine ? 0 : 1),
    };
    const written = await box.write(claim, revision, signal);
    if (!written.ok) return;
    this.#held = written.value;
    this.#renewedAtMs = startedAtMs;
  }
}
