import { ControlPlaneChecks, type ControlPlaneReport } from '../controlplane/checks.js';
import type { DatadogClient } from '../datadog/client.js';
import { ServiceChecks } from '../datadog/service-checks.js';
import { type ControlPlaneOptions, ControlPlaneStatus } from '../kube/control-plane.js';
import type { ClusterPorts } from './cluster.js';
import type { AppInputs } from './inputs.js';
import type { Leadership } from './leadership.js';

/** What this side stands on. */
export interface ControlPlanePorts {
  readonly cluster: Pick<ClusterPorts, 'client'>;
  readonly leadership: Pick<Leadership, 'isLeader'>;
  /** One for the intake. */
  readonly client: DatadogClient;
}

/** The service checks of the control plane, at rest. */
export interface ControlPlaneSide {
  /** Work that only the leader does; it is to end before the lead is given up. */
  readonly component: ControlPlaneChecks;
  readonly describe: () => ControlPlaneReport;
}

/** How often is looked, and how long is waited for what. */
export interface ControlPlaneTimes extends ControlPlaneOptions {
  readonly periodMs?: number;
}

/**
 * The first and the last fit between two looks. A list comes within 0.1 s or, when a component hangs, after 20 s; it is waited
 * for once /readyz has said that nothing else is wrong. That takes 4 s of its own without etcd, for two checks of 2 s each.
 */
const timeouts = { componentsTimeoutMs: 5_000, patientTimeoutMs: 25_000, readinessTimeoutMs: 8_000 };

export function buildControlPlane(
  { config, clock, log, registry }: AppInputs,
  { cluster, leadership, client }: ControlPlanePorts,
  times: ControlPlaneTimes = {},
): ControlPlaneSide {
  const { datadog, events, kubernetes } = config;
  const { clusterName } = datadog;
  const component = new ControlPlaneChecks(
    {
      source: new ControlPlaneStatus(cluster, { ...timeouts, ...times }),
      sink: new ServiceChecks({ client, clock }),
      leadership,
      clock,
      log,
      registry,
    },
    {
      usesComponentStatus: events.usesComponentStatus,
      hostname: datadog.hostname ?? kubernetes.podName,
      tags: [...datadog.tags, ...(clusterName === undefined ? [] : [`kube_cluster_name:${clusterName}`])],
      ...(times.periodMs === undefined ? {} : { periodMs: times.periodMs }),
    },
  );
  return { component, describe: () => component.describe() };
}
