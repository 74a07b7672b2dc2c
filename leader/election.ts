import type { Clock } from '../core/clock.js';
import { deadline } from '../core/clock.js';
import type { Component, Health } from '../core/component.js';
import type { Fault } from '../core/fault.js';
import { Listeners } from '../core/listeners.js';
import type { Logger } from '../core/log.js';
import { gauge, type Registry } from '../core/telemetry.js';
import { Wake } from '../core/wake.js';
import { decide, type ElectionTimes, electionTimes } from './decide.js';
import type { Leader } from './leader.js';
import { type Lock, type LockBox, released, type StoredLock } from './lock.js';
import { LockSight } from './lock-sight.js';

export interface ElectionPorts {
  readonly box: LockBox;
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: Registry;
  readonly random: () => number;
}

export interface ElectionOptions {
  readonly identity: string;
  readonly durationSeconds: number;
}

/** Elects one leader among the replicas by a shared lock, and knows at each moment whether it is this one. */
export class Election implements Component {
  readonly name = 'leader-election';
  readonly #ports: ElectionPorts;
  readonly #options: ElectionOptions;
  readonly #times: ElectionTimes;
  readonly #wake = new Wake();
  readonly #listeners = new Listeners();
  readonly #isLeaderGauge: ReturnType<typeof leaderGauge>;
  readonly #sight: LockSight;
  /** The last write that was sent, while its answer has not come: that may be lost while the write is not. */
  #sent: { readonly over: StoredLock | undefined; readonly sentAtMs: number } | undefined;
  /** When the request of the last renewal that succeeded was sent; what this replica may do is counted from it. */
  #renewedAtMs: number | undefined;
  #lastTurnAtMs = 0;
  #trouble: string | undefined;
  #wasLeader = false;

  constructor(ports: ElectionPorts, options: ElectionOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#times = electionTimes(options.durationSeconds);
    this.#sight = new LockSight(options);
    this.#isLeaderGauge = leaderGauge(ports.registry);
  }

  /** True only while no other replica can take the lock; by a clock that never steps, so also when nothing answers. */
  isLeader(): boolean {
    if (this.#renewedAtMs === undefined) return false;
    return this.#ports.clock.monotonicMs() - this.#renewedAtMs < this.#times.stepDownMs;
  }

  leader(): Leader {
    const lock = this.#sight.stored?.lock;
    if (lock === undefined) return { who: 'unknown' };
    const reign = {
      sinceMs: lock.acquiredAtMs,
      renewedAtMs: lock.renewedAtMs,
      transitions: lock.transitions,
    };
    if (this.isLeader()) return { who: 'me', ...reign };
    const name = this.#sight.holder();
    if (name === undefined || name === this.#options.identity) return { who: 'unknown' };
    return { who: 'other', name, ...reign };
  }

  onChange(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  health(): Health {
    const silentMs = this.#ports.clock.monotonicMs() - this.#lastTurnAtMs;
    if (silentMs > Math.max(60_000, this.#options.durationSeconds * 3000)) {
      return { state: 'stuck', detail: `no turn for ${Math.round(silentMs / 1000)} s` };
    }
    return this.#trouble === undefined ? { state: 'ready' } : { state: 'degraded', detail: this.#trouble };
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, box } = this.#ports;
    const following = box.follow(() => this.#wake.wake(), signal);
    while (!signal.aborted) {
      this.#lastTurnAtMs = clock.monotonicMs();
      const waitMs = await this.#turn(signal);
      this.#tellChange();
      await this.#waitAsLeader(waitMs, signal);
    }
    await following;
  }

  /**
   * Gives the lock up, so that another replica can lead at once. To be called when leader-only work has ended;
   * `isLeader` is false from the first moment.
   */
  async release(signal: AbortSignal): Promise<void> {
    const { box, clock, log } = this.#ports;
    const wasLeading = this.isLeader();
    this.#renewedAtMs = undefined;
    this.#tellChange();
    let held = wasLeading ? this.#sight.stored : await this.#heldUnknowingly(signal);
    for (let tries = 1; held !== undefined; tries += 1) {
      const written = await box.write(released(held.lock, clock.nowMs()), held.revision, signal);
      if (written.ok) return log.info({ identity: this.#options.identity }, 'gave up leadership');
      const isTouched = written.error.code === 'kube.conflict' && tries < 4;
      if (!isTouched) return this.#notReleased(written.error);
      const read = await box.read(signal);
      if (!read.ok) return this.#notReleased(read.error);
      held = read.value?.lock.holder === this.#options.identity ? read.value : undefined;
    }
  }

  /** The lock that may name us though we do not lead: the answer to a write never came, or came too late. */
  async #heldUnknowingly(signal: AbortSignal): Promise<StoredLock | undefined> {
    if (this.#sent === undefined && !this.#sight.isMine()) return undefined;
    const read = await this.#ports.box.read(signal);
    return read.ok && read.value?.lock.holder === this.#options.identity ? read.value : undefined;
  }

  #notReleased(fault: Fault): void {
    const message = 'leadership could not be given up; another replica takes over when the lease ends';
    this.#ports.log.warn({ detail: fault.message }, message);
  }

  /** One look at the lock and what follows from it; answers how long to wait for the next. */
  async #turn(signal: AbortSignal): Promise<number> {
    const { clock, random } = this.#ports;
    const startedAtMs = clock.monotonicMs();
    const read = await this.#bounded((bound) => this.#ports.box.read(bound), signal);
    if (!read.ok) return this.#failed(read.error, startedAtMs);
    const wasLeading = this.isLeader();
    this.#see(read.value);
    const dueInMs = this.#renewalDueInMs();
    if (dueInMs > 0) {
      this.#trouble = undefined;
      return dueInMs;
    }
    const decision = decide(this.#sight.view(wasLeading), this.#options.identity, clock.monotonicMs());
    if (decision === 'wait') {
      this.#trouble = this.#sight.doubt();
      return this.#times.retryMs * (1 + random() / 5);
    }
    return await this.#take(decision, startedAtMs, signal);
  }

  /** Each request has a time of its own, so that an API server that is slow by nearly as much costs nobody the lead. */
  async #bounded<T>(request: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    const bound = deadline(this.#ports.clock, this.#times.retryMs / 2, signal);
    try {
      return await request(bound.signal);
    } finally {
      bound.release();
    }
  }

  async #take(decision: 'acquire' | 'renew', startedAtMs: number, signal: AbortSignal): Promise<number> {
    const over = this.#sight.stored;
    this.#sent = { over, sentAtMs: startedAtMs };
    const lock = this.#claim(decision, over?.lock);
    const { box, clock } = this.#ports;
    const written = await this.#bounded((bound) => box.write(lock, over?.revision, bound), signal);
    if (!written.ok) {
      // Another replica was faster: look again, which tells who leads now.
      if (written.error.code === 'kube.conflict') this.#renewedAtMs = undefined;
      return this.#failed(written.error, startedAtMs);
    }
    this.#sent = undefined;
    this.#sight.see(written.value, clock.monotonicMs());
    this.#renewedAtMs = startedAtMs;
    this.#trouble = undefined;
    return this.#renewalDueInMs();
  }

  /** A lock that names us at start is a former life's: same pod name, same replica; renewing it is right. */
  #claim(decision: 'acquire' | 'renew', before: Lock | undefined): Lock {
    const nowMs = this.#ports.clock.nowMs();
    return {
      holder: this.#options.identity,
      durationSeconds: this.#options.durationSeconds,
      acquiredAtMs: decision === 'renew' ? (before?.acquiredAtMs ?? nowMs) : nowMs,
      renewedAtMs: nowMs,
      transitions: decision === 'acquire' ? countAfter(before?.transitions) : (before?.transitions ?? 0),
    };
  }

  /** Our own renewals wake us too; they must not bring the next one forward. */
  #renewalDueInMs(): number {
    if (this.#renewedAtMs === undefined) return 0;
    return this.#renewedAtMs + this.#times.renewMs - this.#ports.clock.monotonicMs();
  }

  #failed(fault: Fault, startedAtMs: number): number {
    if (fault.code === 'kube.conflict') return Math.min(1_000, this.#times.retryMs);
    if (this.#trouble === undefined)
      this.#ports.log.warn(
        { code: fault.code, detail: fault.message },
        'leader election cannot reach its lock; retrying',
      );
    this.#trouble = `the lock cannot be reached: ${fault.message}`;
    return this.#times.retryMs - (this.#ports.clock.monotonicMs() - startedAtMs);
  }

  #see(stored: StoredLock | undefined): void {
    this.#sight.see(stored, this.#ports.clock.monotonicMs());
    if (!this.#sight.isMine()) this.#renewedAtMs = undefined;
    if (this.#sent === undefined || !this.#sight.isRenewedSince(this.#sent.over)) return;
    // The answer to our write never came, but the lock was renewed after the look that the write rested on.
    this.#renewedAtMs = Math.max(this.#renewedAtMs ?? this.#sent.sentAtMs, this.#sent.sentAtMs);
    this.#sent = undefined;
  }

  /** Waits, but not past the moment at which this replica stops leading, which others must hear of in time. */
  async #waitAsLeader(waitMs: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#ports;
    const leftMs =
      this.#renewedAtMs === undefined || !this.isLeader()
        ? waitMs
        : this.#renewedAtMs + this.#times.stepDownMs - clock.monotonicMs();
    await this.#wake.wait(Math.max(1, Math.min(waitMs, leftMs)), clock, signal);
    this.#tellChange();
  }

  #tellChange(): void {
    const isLeader = this.isLeader();
    if (isLeader === this.#wasLeader) return;
    this.#wasLeader = isLeader;
    this.#isLeaderGauge.set({ join_leader: 'true', is_leader: String(isLeader) }, 1);
    this.#isLeaderGauge.set({ join_leader: 'true', is_leader: String(!isLeader) }, 0);
    this.#ports.log.info(
      { identity: this.#options.identity, leader: this.leader() },
      isLeader ? 'this replica leads' : 'this replica does not lead any more',
    );
    this.#listeners.notify();
  }
}

/** Changes of hands, of which the first taking is none. Kubernetes refuses a count beyond 32 bits: it begins anew. */
function countAfter(transitions: number | undefined): number {
  return transitions === undefined || transitions >= 2 ** 31 - 1 ? 0 : transitions + 1;
}

function leaderGauge(registry: Registry) {
  return gauge(registry, 'leader_election_is_leader', '1 for the state that this replica is in.', [
    'join_leader',
    'is_leader',
  ]);
}
