import type { ListenerStatus, Part, ReflectorStatus, StatusReport } from '../cmdapi/status/report.js';
import { isTold } from '../cmdapi/status/report.js';
import { messageOf } from '../core/fault.js';
import type { ForeignClock } from '../core/foreign-clock.js';
import type { Timekeeper } from '../core/timekeeper.js';
import { type HealthCheck, reportHealth } from '../http/health-app.js';
import type { ListenerReport } from '../http/server-life.js';
import type { AppInputs } from './inputs.js';
import type { IntakeReport } from './intake.js';
import type { Leadership } from './leadership.js';
import type { MetricsStatusParts } from './metrics-status.js';
import { describeProcess } from './process-status.js';

/** What the side of the node agents tells. */
export interface NodeStatusParts {
  readonly metadata: () => StatusReport['metadata'];
  readonly reflectors: () => readonly ReflectorStatus[];
  readonly listener: () => ListenerReport;
}

/** All that is asked for its part of the report. */
export interface StatusPorts {
  readonly leadership: Leadership;
  /** False where election is turned off. */
  readonly isElected: boolean;
  readonly keeper: Timekeeper;
  readonly datadogClock: ForeignClock;
  readonly clusterClock: ForeignClock;
  readonly checks: readonly HealthCheck[];
  /** `undefined`: external metrics are turned off. */
  readonly corridor: MetricsStatusParts | undefined;
  readonly intake: { describe(): IntakeReport };
  /** Those of probes and scrapes. */
  readonly listeners: () => readonly ListenerReport[];
}

/**
 * What this replica tells of itself. All comes from memory, and each part by itself, so that one that fails costs no other.
 */
export function buildStatus(inputs: AppInputs, ports: StatusPorts): (node: NodeStatusParts) => StatusReport {
  const { clock, version, commit, config } = inputs;
  const started = { atMs: clock.nowMs(), atMonotonicMs: clock.monotonicMs() };
  const { corridor, intake, leadership, isElected, checks } = ports;
  return (node) => {
    const told = part(() => intake.describe());
    return {
      version,
      commit,
      time: new Date(ports.keeper.nowMs()).toISOString(),
      pod: config.kubernetes.podName,
      process: describeProcess(inputs, started),
      health: { live: reportHealth('live', checks), ready: reportHealth('ready', checks) },
      leader: { ...leadership.leader(), isElected },
      clocks: describeClocks(inputs, ports),
      keys: part(() => [...(corridor?.keys() ?? []), ...intake.describe().keys]),
      externalMetrics: part(() => corridor?.externalMetrics() ?? off),
      store: part(() => corridor?.store() ?? off),
      reflectors: part(() => [...(corridor?.reflectors() ?? []), ...node.reflectors()]),
      metadata: part(() => node.metadata()),
      events: isTold(told) ? told.events : told,
      controlPlane: isTold(told) ? told.controlPlane : told,
      listeners: part(() => listeners(ports, node)),
      recentLog: part(() => inputs.recentLog.list()),
    };
  };
}

const off = { unavailable: 'external metrics are turned off (DD_EXTERNAL_METRICS_PROVIDER_ENABLED)' };

/** A part that fails by a bug says so in its place. */
function part<T>(tell: () => Part<T>): Part<T> {
  try {
    return tell();
  } catch (error: unknown) {
    return { unavailable: `this part could not be told, by a bug: ${messageOf(error)}` };
  }
}

function listeners(ports: StatusPorts, node: NodeStatusParts): readonly ListenerStatus[] {
  const served = ports.corridor === undefined ? [] : [ports.corridor.listener()];
  return [...served, node.listener(), ...ports.listeners()];
}

function describeClocks({ clock }: AppInputs, ports: StatusPorts): StatusReport['clocks'] {
  return {
    ownTime: new Date(clock.nowMs()).toISOString(),
    aheadOfDatadogSeconds: aheadSeconds(ports.datadogClock),
    aheadOfClusterSeconds: aheadSeconds(ports.clusterClock),
    trouble: ports.keeper.describe() ?? null,
  };
}

function aheadSeconds(other: ForeignClock): number | null {
  return other.nowMs() === undefined ? null : other.aheadMs() / 1000;
}
