import type { Clock } from '../../../core/clock.js';
import { Fault } from '../../../core/fault.js';
import { silentLog } from '../../../core/log.js';
import { fail, ok, type Result } from '../../../core/result.js';
import { createRegistry } from '../../../core/telemetry.js';
import { Election } from '../../../leader/election.js';
import type { Lock, LockBox, StoredLock } from '../../../leader/lock.js';
import type { FakeClock } from '../../fake-clock.js';

/** The lock of all replicas, in memory, with true compare-and-swap. */
export class MemoryLock {
  #stored: StoredLock | undefined;
  #revision = 0;
  readonly #followers = new Set<() => void>();
  readonly writes: { readonly by: string; readonly lock: Lock }[] = [];

  get stored(): StoredLock | undefined {
    return this.#stored;
  }

  swap(by: string, lock: Lock, revision: string | undefined): Result<StoredLock, Fault> {
    if (this.#stored?.revision !== revision) {
      return fail(
        new Fault(this.#stored === undefined ? 'kube.not_found' : 'kube.conflict', 'another was faster'),
      );
    }
    this.writes.push({ by, lock });
    return ok(this.set(lock));
  }

  /** What somebody does to the lock, whatever its revision. */
  set(lock: Lock): StoredLock {
    this.#revision += 1;
    const revision = String(this.#revision);
    const stored = { lock, revision, stamp: JSON.stringify(lock) };
    this.#stored = stored;
    this.#tell();
    return stored;
  }

  delete(): void {
    this.#stored = undefined;
    this.#tell();
  }

  follow(onChange: () => void): () => void {
    this.#followers.add(onChange);
    return () => void this.#followers.delete(onChange);
  }

  #tell(): void {
    for (const onChange of [...this.#followers]) onChange();
  }
}

/** How a replica reaches the lock. */
export type Road = 'open' | 'refused' | 'hanging' | 'deaf' | 'answers lost' | 'dead';

/** One replica, with a wall clock and a road to the lock of its own. */
export class Candidate implements LockBox {
  readonly name: string;
  readonly election: Election;
  readonly stop = new AbortController();
  readonly #lock: MemoryLock;
  readonly #clock: FakeClock;
  readonly ownClock: Clock;
  /** How far this replica's wall clock is off. */
  wallOffsetMs = 0;
  road: Road = 'open';
  /** How long each call takes. */
  latencyMs = 1;
  /** Whether changes of the lock are told. */
  hasEvents = true;
  reads = 0;
  /** Whether a call of it will never come back. */
  isHung = false;
  #done: Promise<void> | undefined;

  constructor(
    name: string,
    lock: MemoryLock,
    clock: FakeClock,
    options: { readonly durationSeconds: number; readonly random?: () => number },
  ) {
    this.name = name;
    this.#lock = lock;
    this.#clock = clock;
    this.ownClock = {
      nowMs: () => clock.nowMs() + this.wallOffsetMs,
      monotonicMs: () => clock.monotonicMs(),
      sleep: (ms, signal) => clock.sleep(ms, signal),
    };
    this.election = new Election(
      {
        box: this,
        clock: this.ownClock,
        log: silentLog,
        registry: createRegistry({ withProcessMetrics: false }),
        random: options.random ?? (() => 0),
      },
      { identity: name, durationSeconds: options.durationSeconds },
    );
  }

  start(): void {
    this.#done = this.election.run(this.stop.signal);
  }

  /** An orderly end: the loop first, then the lock is given up. */
  async leave(): Promise<void> {
    this.stop.abort();
    await this.#done;
    await this.election.release(new AbortController().signal);
  }

  async read(signal: AbortSignal): Promise<Result<StoredLock | undefined, Fault>> {
    this.reads += 1;
    const fault = await this.#travel(signal);
    return fault === undefined ? ok(this.#lock.stored) : fail(fault);
  }

  async write(
    lock: Lock,
    revision: string | undefined,
    signal: AbortSignal,
  ): Promise<Result<StoredLock, Fault>> {
    const fault = await this.#travel(signal);
    if (fault !== undefined) return fail(fault);
    const written = this.#lock.swap(this.name, lock, revision);
    return this.road === 'answers lost' ? fail(new Fault('kube.unreachable', 'no answer')) : written;
  }

  async follow(onChange: () => void, signal: AbortSignal): Promise<void> {
    const stop = this.#lock.follow(() => {
      if (this.hasEvents && this.road === 'open') onChange();
    });
    await new Promise<void>((resolve) => {
      if (signal.aborted) return resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    stop();
  }

  async #travel(signal: AbortSignal): Promise<Fault | undefined> {
    if (this.road === 'dead') {
      this.isHung = true;
      await new Promise(() => {});
    }
    if (this.road === 'hanging') await this.#clock.sleep(1e12, signal);
    if (this.road === 'refused') return new Fault('kube.unreachable', 'connection refused');
    await this.#clock.sleep(this.latencyMs, signal);
    return signal.aborted ? new Fault('kube.unreachable', 'no answer in time') : undefined;
  }
}
