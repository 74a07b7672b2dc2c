import type { Clock } from '../core/clock.js';
import type { Component, Health } from '../core/component.js';
import { type Group, runLife } from '../core/life.js';
import type { Logger } from '../core/log.js';
import type { Registry } from '../core/telemetry.js';
import { createHealthApp, type HealthCheck } from './health-app.js';
import type { ListenerMetrics } from './listener-metrics.js';
import { PlainListener } from './plain-listener.js';
import { type ProcessFacts, ProcessVars } from './process-vars.js';
import type { ListenerReport } from './server-life.js';
import { createTelemetryApp } from './telemetry-app.js';

export interface ReplicaProcessPorts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: Registry;
  readonly metrics: ListenerMetrics;
}

export interface ReplicaProcessOptions extends ProcessFacts {
  readonly healthPort: number;
  readonly telemetryPort: number;
}

/** What a replica is made of. */
export interface ReplicaParts {
  /** Asked by the probes. */
  readonly checks: readonly HealthCheck[];
  /** End first, side by side. */
  readonly first: readonly Group[];
  /** What those stand on. */
  readonly last: readonly Component[];
  /** Lets go of connections, when all has ended. */
  readonly close: () => Promise<void>;
}

/**
 * A replica's life as Kubernetes sees it: probes and scrapes are answered from the first moment to the last, and from
 * the first moment of a stop the replica is not ready.
 */
export class ReplicaProcess {
  readonly #log: Logger;
  readonly #parts: ReplicaParts;
  readonly #health: PlainListener;
  readonly #telemetry: PlainListener;
  #isStopping = false;

  constructor(ports: ReplicaProcessPorts, parts: ReplicaParts, options: ReplicaProcessOptions) {
    this.#log = ports.log;
    this.#parts = parts;
    const stopping: HealthCheck = { name: 'shutdown', health: () => this.#stopHealth() };
    this.#health = new PlainListener(
      { ...ports, handler: createHealthApp([...parts.checks, stopping]) },
      { name: 'health', port: options.healthPort, portSetting: 'DD_HEALTH_PORT', drainMs },
    );
    const { version, commit } = options;
    const vars = new ProcessVars(ports, { version, commit });
    this.#telemetry = new PlainListener(
      { ...ports, handler: createTelemetryApp({ ...ports, vars }) },
      { name: 'telemetry', port: options.telemetryPort, portSetting: 'DD_EXPVAR_PORT', drainMs },
    );
  }

  /** Where the probes are answered, once they are. */
  healthPort(): number | undefined {
    return this.#health.address()?.port;
  }

  /** Where the replica's own metrics are, once they are. */
  telemetryPort(): number | undefined {
    return this.#telemetry.address()?.port;
  }

  /** The listeners of probes and scrapes, for a status page. */
  listeners(): readonly ListenerReport[] {
    return [this.#health.describe(), this.#telemetry.describe()];
  }

  /** Works until `signal` aborts; resolves to the error that ended it, or to `undefined` after an orderly stop. */
  async run(signal: AbortSignal): Promise<Error | undefined> {
    signal.addEventListener('abort', () => {
      this.#isStopping = true;
    });
    const { first, last, close } = this.#parts;
    const error = await runLife({ first, last: [...last, this.#health, this.#telemetry] }, this.#log, signal);
    await close();
    return error;
  }

  #stopHealth(): Health {
    return this.#isStopping ? { state: 'unready', detail: 'this replica is stopping' } : { state: 'ready' };
  }
}

/** What the last requests of probes and scrapes may take at a stop. */
export const drainMs = 1_000;
