import type { Clock } from './clock.js';
import type { Health } from './component.js';
import { clockToleranceMs, type ForeignClock } from './foreign-clock.js';
import type { Logger } from './log.js';
import { type Registry, readGauge } from './telemetry.js';

export interface TimekeeperPorts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: Registry;
  /** Datadog's, which dates the points. */
  readonly datadog: ForeignClock;
  /** The API server's. */
  readonly cluster: ForeignClock;
}

/**
 * The wall clock of this replica, by majority: when Datadog and the API server agree that it is wrong, their time is
 * taken. One of the three may be wrong, then, and no metric is lost.
 */
export class Timekeeper implements Clock {
  readonly name = 'clock';
  readonly #ports: TimekeeperPorts;
  #isWrong = false;

  constructor(ports: TimekeeperPorts) {
    this.#ports = ports;
    readGauge(
      ports.registry,
      {
        name: 'clock_ahead_seconds',
        help: "How far this replica's clock is ahead of another's, negative when behind; 0 within 5 s.",
        label: 'of',
      },
      () => ({
        datadog: ports.datadog.aheadMs() / 1000,
        'kube-apiserver': ports.cluster.aheadMs() / 1000,
      }),
    );
  }

  /**
   * It may step, as any wall clock. After a step of our own the API server must be heard first: a machine that slept
   * finds its own clock right and those that it remembers behind.
   */
  nowMs(): number {
    const ownMs = this.#ports.clock.nowMs();
    const agreedMs = this.#agreedMs();
    this.#tell(agreedMs !== undefined);
    return agreedMs ?? ownMs;
  }

  /** The time by which the two others agree that ours is wrong; nearly always `undefined`, and asked at each read. */
  #agreedMs(): number | undefined {
    const { datadog, cluster } = this.#ports;
    if (datadog.aheadMs() === 0 || cluster.aheadMs() === 0 || !cluster.isHeardSinceStep()) return undefined;
    const datadogMs = datadog.nowMs();
    const clusterMs = cluster.nowMs();
    if (datadogMs === undefined || clusterMs === undefined) return undefined;
    return Math.abs(datadogMs - clusterMs) <= clockToleranceMs ? Math.max(datadogMs, clusterMs) : undefined;
  }

  /**
   * The same, but by Datadog's clock while a step of our own has not been judged. For what must not be lost by a step:
   * what is asked of Datadog and shared with the other replicas, and the trust in callers' certificates. Not for the
   * age of what is served, which it may make younger after a sleep of the machine.
   */
  throughSteps(): Clock {
    const { clock, datadog, cluster } = this.#ports;
    return {
      nowMs: () => (cluster.isHeardSinceStep() ? undefined : datadog.nowMs()) ?? this.nowMs(),
      monotonicMs: () => clock.monotonicMs(),
      sleep: (ms, signal) => clock.sleep(ms, signal),
    };
  }

  monotonicMs(): number {
    return this.#ports.clock.monotonicMs();
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return this.#ports.clock.sleep(ms, signal);
  }

  /** A clause for messages while our clock differs from another's, or `undefined`. */
  describe(): string | undefined {
    const differing = [this.#ports.datadog, this.#ports.cluster].filter((other) => other.aheadMs() !== 0);
    if (differing.length === 0) return undefined;
    const clauses = differing.map((other) => `${amount(other.aheadMs())} ${other.whose}`);
    return `the clock of this replica is ${clauses.join(' and ')}`;
  }

  /** Never unready: with two clocks to go by, all is served; with none, no replica is known to be better. */
  health(): Health {
    const difference = this.describe();
    return difference === undefined
      ? { state: 'ready' }
      : { state: 'degraded', detail: `${difference}; set the clocks right (NTP)` };
  }

  #tell(isWrong: boolean): void {
    if (isWrong === this.#isWrong) return;
    this.#isWrong = isWrong;
    if (isWrong)
      this.#ports.log.warn(
        { detail: this.describe() },
        'the clock of this replica is wrong; it goes by theirs',
      );
    else this.#ports.log.info({}, 'the clock of this replica is used again');
  }
}

function amount(aheadMs: number): string {
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  const length = seconds < 600 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
  return aheadMs > 0 ? `${length} ahead of` : `${length} behind`;
}
