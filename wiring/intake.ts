import type { Config } from '../config/load.js';
import type { Component } from '../core/component.js';
import type { ForeignClock } from '../core/foreign-clock.js';
import { DatadogClient } from '../datadog/client.js';
import { DatadogEvents } from '../datadog/events.js';
import { KeyCheck } from '../datadog/key-check.js';
import { createDispatcher } from '../datadog/transport.js';
import { EventCollector } from '../events/collector.js';
import type { HealthCheck } from '../http/health-app.js';
import { ConfigMapShards } from '../kube/configmap.js';
import { EventLog } from '../kube/events.js';
import type { ClusterPorts, WatchTimes } from './cluster.js';
import { buildControlPlane } from './control-plane.js';
import type { AppInputs } from './inputs.js';
import type { Leadership } from './leadership.js';

/** What this side stands on. */
export interface IntakePorts {
  readonly cluster: ClusterPorts;
  readonly times: WatchTimes;
  readonly leadership: Leadership;
  /** Datadog's clock, which learns from each answer. */
  readonly datadogClock: ForeignClock;
}

/** What is brought to Datadog, and no autoscaler needs: the cluster's events, the state of its control plane. At rest. */
export interface IntakeSide {
  /** Work that only the leader does; it ends before the lead is given up. */
  readonly leading: readonly Component[];
  readonly standing: readonly Component[];
  readonly checks: readonly HealthCheck[];
  readonly describe: () => object;
  readonly close: () => Promise<void>;
}

/** For one event or a batch of service checks. */
const timeoutMs = 10_000;

export function buildIntake(inputs: AppInputs, ports: IntakePorts): IntakeSide {
  const { config, clock, log, registry, version } = inputs;
  const dispatcher = createDispatcher(config.proxy);
  const client = new DatadogClient(
    { dispatcher, clock, registry, datadogClock: ports.datadogClock },
    {
      baseUrl: config.datadog.url,
      apiKey: config.datadog.apiKey,
      appKey: undefined,
      purpose: 'intake',
      timeoutMs,
      userAgent: `datadog-cluster-agent/${version}`,
    },
  );
  const events = config.events.collect ? buildEvents(inputs, ports, client) : undefined;
  const controlPlane = checksControlPlane(config)
    ? buildControlPlane(inputs, { ...ports, client })
    : undefined;
  const leading = [events, controlPlane?.component].filter((part) => part !== undefined);
  const keyCheck =
    leading.length > 0 && !isKeyOfMetrics(config)
      ? new KeyCheck({ client, clock, log }, { consequence: 'events and service checks do not arrive' })
      : undefined;
  const standing = keyCheck === undefined ? [] : [keyCheck];
  return {
    leading,
    standing,
    checks: [...leading, ...standing],
    describe: () => ({
      events: events?.describe() ?? null,
      controlPlane: controlPlane?.describe() ?? null,
      ...(keyCheck && { intakeKey: keyCheck.describe() }),
    }),
    close: () => dispatcher.close(),
  };
}

/** Where nothing needs a leader there may be several replicas without an election, which would all send. */
function checksControlPlane({ datadog, events, externalMetrics, leaderElection }: Config): boolean {
  const hasLeader = leaderElection.enabled || externalMetrics.enabled || events.collect;
  return events.checksControlPlane && datadog.apiKey !== undefined && hasLeader;
}

/** Then it is checked on the side of external metrics. */
function isKeyOfMetrics({ datadog, externalMetrics }: Config): boolean {
  return (
    externalMetrics.enabled &&
    externalMetrics.apiKey === datadog.apiKey &&
    externalMetrics.endpoint === datadog.url
  );
}

function buildEvents(
  { config, clock, log, registry }: AppInputs,
  { cluster, times, leadership }: IntakePorts,
  client: DatadogClient,
): EventCollector {
  return new EventCollector(
    {
      source: new EventLog(cluster, {
        filteredReasons: config.events.filteredTypes,
        watchSeconds: times.watchSeconds,
      }),
      sink: new DatadogEvents({ client, clock }),
      box: new ConfigMapShards(cluster, { ...times, namespace: config.kubernetes.namespace }),
      leadership,
      clock,
      log,
      registry,
      random: cluster.random,
    },
    {
      messages: {
        clusterName: config.datadog.clusterName,
        tags: config.datadog.tags,
        unbundle: config.events.unbundle,
      },
      tokenName: config.events.tokenName,
    },
  );
}
