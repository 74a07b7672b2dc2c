import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { arch, platform } from 'node:process';
import { createApiServer, defaultApiServerOptions } from './apiserver/server.js';
import { FileSource } from './certs/file-source.js';
import { GeneratedSource } from './certs/generated-source.js';
import { servingNames } from './certs/serving-names.js';
import type { CertificateSource } from './certs/source.js';
import type { Config } from './config/load.js';
import { type Clock, deadline } from './core/clock.js';
import { ForeignClock } from './core/foreign-clock.js';
import type { Group } from './core/life.js';
import type { Logger } from './core/log.js';
import { ok, type Result } from './core/result.js';
import type { Registry } from './core/telemetry.js';
import { Timekeeper } from './core/timekeeper.js';
import { DatadogClient } from './datadog/client.js';
import { KeyCheck } from './datadog/key-check.js';
import { DatadogPoints } from './datadog/points.js';
import { createDispatcher } from './datadog/transport.js';
import { type HealthCheck, type Probe, reportHealth } from './http/health-app.js';
import { TlsListener } from './http/listener.js';
import { createListenerMetrics, type ListenerMetrics } from './http/listener-metrics.js';
import { type ReplicaParts, ReplicaProcess } from './http/replica-process.js';
import { ApiServiceBundle } from './kube/apiservice.js';
import { AuthenticationConfigWatch } from './kube/authentication-config.js';
import { Autoscalers } from './kube/autoscalers.js';
import { KubeClient } from './kube/client.js';
import { ConfigMapShards } from './kube/configmap.js';
import { LeaseBox } from './kube/lease.js';
import { Reviews } from './kube/review.js';
import { SecretBox } from './kube/secret.js';
import { reportSilence } from './kube/silence.js';
import { loadKubeTarget } from './kube/target.js';
import { Election } from './leader/election.js';
import { LoneLeader } from './leader/lone.js';
import { describeReplica } from './leader/replica-view.js';
import { Replicator } from './metricsstore/replicator.js';
import { ShardReader } from './metricsstore/shard-content.js';
import { ShardWriter } from './metricsstore/shard-writer.js';
import { Store } from './metricsstore/store.js';
import { effectiveMaxAgeMs } from './provider/judge.js';
import { Refresher } from './provider/refresher.js';
import { Wants } from './provider/wants.js';

/** What a process hands to the application: its settings, and what only a process has. */
export interface AppInputs {
  readonly config: Config;
  readonly log: Logger;
  readonly clock: Clock;
  readonly registry: Registry;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly version: string;
}

/** One replica, built and at rest. */
export interface App {
  readonly process: ReplicaProcess;
  /** Where external metrics are served, once they are. */
  readonly metricsPort: () => number | undefined;
  readonly isLeader: () => boolean;
}

/** ConfigMaps that the metrics may fill; RBAC names them one by one. etcd's bound for each is 1 MiB. */
export const shardLimits = { maxBytes: 800_000, maxShards: 32 };
/** For a request to the API server. */
const requestTimeoutMs = 10_000;
/** Datadog was seen to refuse longer ones. */
const maxUrlLength = 7_000;
/** What giving up the lead may take at a stop. */
export const releaseMs = 5_000;

/** Builds every part and fits them together; decides nothing. The error says why there is no cluster to talk to. */
export function buildApp(given: AppInputs): Result<App, string> {
  const { config, log, registry } = given;
  const listenerMetrics = createListenerMetrics(registry);
  if (!config.externalMetrics.enabled) {
    const nothing = { checks: [], first: [], last: [], close: async () => {} };
    return ok({
      process: toProcess(given, listenerMetrics, nothing),
      metricsPort: () => undefined,
      isLeader: () => false,
    });
  }

  const times = buildClocks(given);
  const clock = times.keeper;
  const steadyClock = clock.throughSteps();
  const inputs = { ...given, clock };
  const cluster = buildCluster(inputs, times.cluster);
  if (!cluster.ok) return cluster;
  const { client, autoscalers, authentication, reviews, shards } = cluster.value;
  reportSilence(registry, {
    autoscalers: () => autoscalers.staleForMs(),
    'authentication-config': () => authentication.staleForMs(),
    'stored-metrics': () => shards.heardAgoMs(),
  });
  const maxAgeMs = effectiveMaxAgeMs(
    config.externalMetrics.maxAgeSeconds,
    config.externalMetrics.rollupSeconds,
  );
  const store = new Store(clock);
  const wants = new Wants({ sources: [autoscalers], log }, config.externalMetrics);
  wants.follow();
  const election = buildElection(inputs, client);
  const leadership = election ?? new LoneLeader(clock.nowMs());
  const replicator = buildReplicator(inputs, { box: shards, store, leadership }, maxAgeMs);
  const dispatcher = createDispatcher(config.proxy);
  const { points, keyCheck } = buildDatadog({ ...inputs, clock: steadyClock }, dispatcher, times.datadog);
  const refresher = new Refresher(
    {
      wants,
      points,
      sink: store,
      leadership,
      priming: replicator,
      clock: steadyClock,
      log,
      registry,
      random: Math.random,
    },
    toRefresherOptions(config),
  );
  const certificate = buildCertificate(inputs, client);
  const checks: HealthCheck[] = [
    refresher,
    replicator,
    autoscalers,
    authentication,
    certificate,
    keyCheck,
    clock,
  ];
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
      clock,
      log,
      metrics: listenerMetrics,
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
  const leading: Group = {
    components: election === undefined ? [refresher, replicator] : [refresher, replicator, election],
    afterwards: () => release(election, clock),
  };
  const parts: ReplicaParts = {
    checks: [...checks, listener, ...(election === undefined ? [] : [election])],
    first: [leading, { components: [listener] }],
    last: [autoscalers, authentication, certificate, keyCheck],
    close: async () => {
      server.close();
      await Promise.all([client.close(), dispatcher.close()]);
    },
  };
  return ok({
    process: toProcess(inputs, listenerMetrics, parts),
    metricsPort: () => listener.address()?.port,
    isLeader: () => leadership.isLeader(),
  });
}

/** Runs one replica; the answer is the exit code of its process. */
export async function runApp(inputs: AppInputs, signal: AbortSignal): Promise<number> {
  const app = buildApp(inputs);
  if (!app.ok) {
    inputs.log.error({}, app.error);
    return 1;
  }
  const error = await app.value.process.run(signal);
  inputs.log.info({}, error === undefined ? 'stopped in good order' : 'stopped after a failure');
  return error === undefined ? 0 : 1;
}

function toProcess(
  { config, clock, log, registry }: AppInputs,
  metrics: ListenerMetrics,
  parts: ReplicaParts,
): ReplicaProcess {
  return new ReplicaProcess({ clock, log, registry, metrics }, parts, config.process);
}

/** The clocks of the others, which their doors keep, and what this replica makes of them. */
function buildClocks({ clock, log, registry }: AppInputs) {
  const datadog = new ForeignClock({ clock }, { whose: "Datadog's" });
  const cluster = new ForeignClock({ clock }, { whose: "the API server's" });
  return { datadog, cluster, keeper: new Timekeeper({ clock, log, registry, datadog, cluster }) };
}

/** All that speaks with the API server, over one client. */
function buildCluster(
  { config, environment, clock, log, registry, version }: AppInputs,
  clusterClock: ForeignClock,
) {
  const { kubernetes } = config;
  const target = loadKubeTarget({ kubeconfigPath: kubernetes.kubeconfigPath, environment });
  if (!target.ok) return target;
  const client = new KubeClient(
    { target: target.value, clock, log, registry, clusterClock },
    { requestTimeoutMs, userAgent: `datadog-cluster-agent/${version}` },
  );
  const ports = { client, clock, log, random: Math.random };
  const times = toWatchTimes(config);
  return ok({
    client,
    autoscalers: new Autoscalers(ports, times),
    authentication: new AuthenticationConfigWatch(ports, times),
    reviews: new Reviews(ports, {}),
    shards: new ConfigMapShards(ports, {
      ...times,
      ...toShardTimes(config),
      namespace: kubernetes.namespace,
    }),
  });
}

function toWatchTimes({ kubernetes }: Config): { readonly resyncMs: number; readonly watchSeconds: number } {
  return { resyncMs: kubernetes.resyncPeriodSeconds * 1000, watchSeconds: kubernetes.requestTimeoutSeconds };
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

function buildElection(
  { config, clock, log, registry }: AppInputs,
  client: KubeClient,
): Election | undefined {
  const { leaderElection, kubernetes } = config;
  if (!leaderElection.enabled) return undefined;
  const place = { namespace: kubernetes.namespace, name: leaderElection.leaseName };
  const box = new LeaseBox(
    { client, clock, log, random: Math.random },
    { ...toWatchTimes(config), ...place },
  );
  return new Election(
    { box, clock, log, registry, random: Math.random },
    { identity: kubernetes.podName, durationSeconds: leaderElection.leaseSeconds },
  );
}

async function release(election: Election | undefined, clock: Clock): Promise<void> {
  const bound = deadline(clock, releaseMs, new AbortController().signal);
  await election?.release(bound.signal);
  bound.release();
}

function buildReplicator(
  { config, clock, log }: AppInputs,
  parts: { readonly box: ConfigMapShards; readonly store: Store; readonly leadership: Election | LoneLeader },
  maxAgeMs: number,
): Replicator {
  const { configMapName: name, localCopyRefreshSeconds } = config.externalMetrics;
  const reader = new ShardReader((entry, problem) =>
    log.warn({ entry, problem }, 'dropped a damaged entry of the stored metrics'),
  );
  const writer = new ShardWriter({ box: parts.box, clock, log }, { ...shardLimits, name });
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

function buildDatadog(
  { config, clock, log, registry, version }: AppInputs,
  dispatcher: ReturnType<typeof createDispatcher>,
  datadogClock: ForeignClock,
) {
  const { externalMetrics } = config;
  const client = new DatadogClient(
    { dispatcher, clock, registry, datadogClock },
    {
      baseUrl: externalMetrics.endpoint,
      apiKey: externalMetrics.apiKey,
      appKey: externalMetrics.appKey,
      timeoutMs: externalMetrics.queryTimeoutSeconds * 1000,
      userAgent: `datadog-cluster-agent/${version}`,
    },
  );
  const windowSeconds = Math.max(externalMetrics.bucketSizeSeconds, externalMetrics.maxAgeSeconds);
  return {
    points: new DatadogPoints({ client, clock, registry }, { windowSeconds }),
    keyCheck: new KeyCheck({ client, clock, log }),
  };
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

/** Mounted files where a folder is named; an authority of our own in a Secret otherwise. */
function buildCertificate({ config, clock, log }: AppInputs, client: KubeClient): CertificateSource {
  const { certificate, kubernetes } = config;
  const folder = certificate.directory;
  if (folder !== undefined) {
    const paths = {
      certPath: join(folder, 'tls.crt'),
      keyPath: join(folder, 'tls.key'),
      caPath: join(folder, 'ca.crt'),
    };
    return new FileSource({ read: (path) => readFile(path, 'utf8'), clock, log }, paths);
  }
  const ports = { client, clock, log, random: Math.random };
  const times = toWatchTimes(config);
  const { namespace } = kubernetes;
  const service = certificate.serviceName;
  const secret = new SecretBox(ports, { ...times, namespace, name: certificate.secretName, type: 'Opaque' });
  const bundle = new ApiServiceBundle(ports, { ...times, serviceNamespace: namespace, serviceName: service });
  const options = { names: servingNames({ service, namespace }) };
  return new GeneratedSource({ secret, bundle, clock, log, random: Math.random }, options);
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
