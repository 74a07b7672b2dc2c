import { arch, platform } from 'node:process';
import { createApiServer, defaultApiServerOptions } from '../apiserver/server.js';
import type { CertificateSource } from '../certs/source.js';
import type { Config } from '../config/load.js';
import type { Component } from '../core/component.js';
import type { ForeignClock } from '../core/foreign-clock.js';
import { type Pace, Slices, turnOfEventLoop } from '../core/pace.js';
import type { Timekeeper } from '../core/timekeeper.js';
import { createDispatcher } from '../datadog/transport.js';
import { type HealthCheck, type Probe, reportHealth } from '../http/health-app.js';
import { TlsListener } from '../http/listener.js';
import type { ListenerMetrics } from '../http/listener-metrics.js';
import { AuthenticationConfigWatch } from '../kube/authentication-config.js';
import { Autoscalers } from '../kube/autoscalers.js';
import { ConfigMapShards } from '../kube/configmap.js';
import { RegistrationWatch } from '../kube/registration-watch.js';
import { Reviews } from '../kube/review.js';
import { describeReplica } from '../leader/replica-view.js';
import { Replicator } from '../metricsstore/replicator.js';
import { reportSeries } from '../metricsstore/series.js';
import { ShardReader } from '../metricsstore/shard-reader.js';
import { ShardWriter } from '../metricsstore/shard-writer.js';
import { Store } from '../metricsstore/store.js';
import { effectiveMaxAgeMs } from '../provider/judge.js';
import { Refresher } from '../provider/refresher.js';
import { Wants } from '../provider/wants.js';
import { type ClusterPorts, requestTimeoutMs, type WatchTimes } from './cluster.js';
import type { CorridorInsight } from './explain.js';
import type { AppInputs } from './inputs.js';
import type { Leadership } from './leadership.js';
import { describeMetricsSide, type MetricsStatusParts } from './metrics-status.js';
import type { MetricsPageParts } from './page.js';
import { buildQueries } from './queries.js';
import { reflectorStatus } from './reflector-status.js';

/** What this side stands on. */
export interface ExternalMetricsPorts {
  readonly cluster: ClusterPorts;
  readonly times: WatchTimes;
  readonly leadership: Leadership;
  readonly certificate: CertificateSource;
  readonly keeper: Timekeeper;
  /** Datadog's clock, which learns from each answer. */
  readonly datadogClock: ForeignClock;
  readonly metrics: ListenerMetrics;
}

/** The corridor from autoscalers over Datadog to kube-apiserver, at rest. */
export interface ExternalMetricsSide {
  readonly listener: TlsListener;
  /** Work that only the leader does; it ends before the lead is given up. */
  readonly leading: readonly Component[];
  /** What those stand on. */
  readonly standing: readonly Component[];
  readonly checks: readonly HealthCheck[];
  /** Since each thing that is watched was last heard of. */
  readonly silences: Readonly<Record<string, () => number>>;
  /** For those who explain what goes on in it. */
  readonly insight: CorridorInsight;
  readonly status: MetricsStatusParts;
  readonly page: MetricsPageParts;
  readonly close: () => Promise<void>;
}

/** ConfigMaps that the metrics may fill; RBAC names them one by one. etcd's bound for each is 1 MiB. */
export const shardLimits = { maxBytes: 800_000, maxShards: 32 };
/** Datadog was seen to refuse longer ones. */
const maxUrlLength = 7_000;

export function buildExternalMetrics(given: AppInputs, ports: ExternalMetricsPorts): ExternalMetricsSide {
  const { config, log, registry } = given;
  const { leadership, certificate, keeper: clock } = ports;
  const inputs = { ...given, clock };
  const steadyClock = clock.throughSteps();
  const { autoscalers, authentication, reviews, shards } = buildReaders(inputs, ports);
  const maxAgeMs = effectiveMaxAgeMs(
    config.externalMetrics.maxAgeSeconds,
    config.externalMetrics.rollupSeconds,
  );
  const pace = new Slices({ clock, goRound: turnOfEventLoop });
  const store = new Store(clock);
  const wants = new Wants({ sources: [autoscalers], log }, config.externalMetrics);
  wants.follow();
  const replicator = buildReplicator(inputs, { box: shards, store, leadership, pace }, maxAgeMs);
  const dispatcher = createDispatcher(config.proxy);
  const { points, keyCheck, memory } = buildQueries(
    { ...inputs, clock: steadyClock },
    dispatcher,
    ports.datadogClock,
  );
  const refresher = new Refresher(
    {
      wants,
      points,
      sink: store,
      leadership,
      priming: replicator,
      pace,
      clock: steadyClock,
      log,
      registry,
      random: Math.random,
    },
    toRefresherOptions(config),
  );
  const checks = [refresher, replicator, autoscalers, authentication, certificate, keyCheck, clock];
  const server = createApiServer(
    {
      records: store,
      wanted: wants,
      accessReviewer: reviews,
      tokenReviewer: reviews,
      authentication,
      replica: {
        describe: () => describeReplica(leadership.leader(), replicator.unchangedForMs(), clock.describe()),
      },
      readiness: { checks: () => toProbeChecks('ready', checks) },
      liveness: { checks: () => toProbeChecks('live', checks) },
      registry,
      clock,
      certificateClock: steadyClock,
      log,
    },
    {
      ...defaultApiServerOptions,
      maxAgeMs,
      firstRecordWaitMs: config.externalMetrics.firstRecordWaitSeconds * 1000,
      version: toVersionInfo(inputs.version),
    },
  );
  const listener = new TlsListener(
    {
      certificate,
      handler: server.handle,
      streamHandler: server.handleStream,
      clock,
      log,
      metrics: ports.metrics,
      isWanted: () => reportHealth('ready', checks).Unhealthy.length === 0,
    },
    {
      name: 'external-metrics-api',
      port: config.externalMetrics.port,
      portSetting: 'DD_EXTERNAL_METRICS_PROVIDER_PORT',
      noticeMs: config.process.shutdownDelaySeconds * 1000,
      drainMs: config.process.drainSeconds * 1000,
    },
  );
  const registration = new RegistrationWatch(
    { client: ports.cluster.client, clock, registry },
    { service: ownService(config) },
  );
  reportSeries({ registry, clock, pace, records: store, leadership, copy: replicator });
  return {
    listener,
    leading: [refresher, replicator],
    standing: [autoscalers, authentication, keyCheck, registration],
    checks: [...checks, listener],
    silences: {
      autoscalers: () => autoscalers.staleForMs(),
      'authentication-config': () => authentication.staleForMs(),
      'stored-metrics': () => shards.heardAgoMs(),
    },
    insight: {
      autoscalers,
      wants,
      points,
      holdings: {
        records: store,
        calls: memory,
        answers: (id) => server.lastAnswers(id),
        isLeader: () => leadership.isLeader(),
        clock,
      },
      unchangedForMs: () => replicator.unchangedForMs(),
      describeClock: () => clock.describe(),
      queries: config.externalMetrics,
      maxAgeMs,
      clock,
    },
    page: { records: store, autoscalers, wants },
    status: describeMetricsSide({
      inputs,
      store,
      wants,
      refresher,
      replicator,
      registration,
      certificate,
      points,
      keyCheck,
      listener,
      reflectors: () => [
        reflectorStatus('autoscalers with external metrics', autoscalers, autoscalers.list().length),
        reflectorStatus('authentication config', authentication, null),
        reflectorStatus(
          'stored metrics',
          { staleForMs: () => shards.heardAgoMs(), health: () => replicator.health() },
          store.snapshot.size,
        ),
      ],
    }),
    close: async () => {
      server.close();
      await dispatcher.close();
    },
  };
}

/** Where the certificate comes from elsewhere, so may the registration, with a Service of any name. */
function ownService({ certificate, kubernetes }: Config): string | undefined {
  return certificate.directory === undefined
    ? `${kubernetes.namespace}/${certificate.serviceName}`
    : undefined;
}

/** All that this side reads of the cluster. */
function buildReaders({ config }: AppInputs, { cluster, times, keeper }: ExternalMetricsPorts) {
  const ports = { ...cluster, clock: keeper };
  return {
    autoscalers: new Autoscalers(ports, times),
    authentication: new AuthenticationConfigWatch(ports, times),
    reviews: new Reviews(ports, {}),
    shards: new ConfigMapShards(ports, {
      ...times,
      ...toShardTimes(config),
      namespace: config.kubernetes.namespace,
    }),
  };
}

/**
 * Watches of the shared values end a little before the copy counts as old, so that a working one never seems silent; one
 * that does not is dead. A request that hangs must not cost the next refresh of the copy too, but kube-apiserver
 * may be slow.
 */
function toShardTimes({ externalMetrics, kubernetes }: Config) {
  const { localCopyRefreshSeconds } = externalMetrics;
  const shorter = Math.min(kubernetes.requestTimeoutSeconds, 0.8 * localCopyRefreshSeconds);
  const watchSeconds = Math.max(1, Math.floor(shorter));
  return {
    watchSeconds,
    silenceMs: 1000 * Math.max(localCopyRefreshSeconds, watchSeconds + 2),
    timeoutMs: Math.min(requestTimeoutMs, Math.max(4_000, 500 * localCopyRefreshSeconds)),
  };
}

function buildReplicator(
  { config, clock, log }: AppInputs,
  parts: {
    readonly box: ConfigMapShards;
    readonly store: Store;
    readonly leadership: Leadership;
    readonly pace: Pace;
  },
  maxAgeMs: number,
): Replicator {
  const { configMapName: name, localCopyRefreshSeconds } = config.externalMetrics;
  const reader = new ShardReader((entry, problem) =>
    log.warn({ entry, problem }, 'dropped a damaged entry of the stored metrics'),
  );
  const writer = new ShardWriter({ ...parts, clock, log }, { ...shardLimits, name });
  return new Replicator(
    { ...parts, reader, writer, clock, log, random: Math.random },
    {
      name,
      maxShards: shardLimits.maxShards,
      localCopyRefreshMs: localCopyRefreshSeconds * 1000,
      maxSilenceMs: maxAgeMs,
    },
  );
}

function toRefresherOptions({ externalMetrics }: Config) {
  return {
    refreshPeriodMs: externalMetrics.refreshPeriodSeconds * 1000,
    batchWindowMs: externalMetrics.batchWindowSeconds * 1000,
    maxQueries: externalMetrics.chunkSize,
    maxUrlLength,
    maxParallelQueries: externalMetrics.maxParallelQueries,
    maxAgeSeconds: externalMetrics.maxAgeSeconds,
    rollupSeconds: externalMetrics.rollupSeconds,
  };
}

function toProbeChecks(probe: Probe, checks: readonly HealthCheck[]) {
  const report = reportHealth(probe, checks);
  return checks.map(({ name }) => ({
    name,
    ok: !report.Unhealthy.includes(name),
    detail: report.Details[name] ?? '',
  }));
}

function toVersionInfo(version: string) {
  return {
    gitVersion: `v${version}`,
    gitCommit: '',
    buildDate: '',
    compiler: `node ${process.version}`,
    platform: `${platform}/${arch}`,
  };
}
