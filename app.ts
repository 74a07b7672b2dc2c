import type { Component } from './core/component.js';
import { ForeignClock } from './core/foreign-clock.js';
import type { Group } from './core/life.js';
import { ok, type Result } from './core/result.js';
import { Timekeeper } from './core/timekeeper.js';
import { type HealthCheck, reportHealth } from './http/health-app.js';
import { createListenerMetrics } from './http/listener-metrics.js';
import { type ReplicaParts, ReplicaProcess } from './http/replica-process.js';
import { reportSilence } from './kube/silence.js';
import { buildCertificate } from './wiring/certificate.js';
import { buildCluster } from './wiring/cluster.js';
import { buildExternalMetrics } from './wiring/external-metrics.js';
import type { AppInputs } from './wiring/inputs.js';
import { buildIntake } from './wiring/intake.js';
import { buildLeadership, type Leadership, release } from './wiring/leadership.js';
import { buildNodeSide } from './wiring/node-side.js';
import { buildPage } from './wiring/page.js';
import { buildStatus } from './wiring/status.js';

/** One replica, built and at rest. */
export interface App {
  readonly process: ReplicaProcess;
  /** Where external metrics are served, once they are. */
  readonly metricsPort: () => number | undefined;
  /** Where node agents and operators are answered, once they are. */
  readonly commandPort: () => number | undefined;
  /** Where operators find the page, once they do. */
  readonly pagePort: () => number | undefined;
  readonly isLeader: () => boolean;
}

/** Builds every part and fits them together; decides nothing. The error says why there is no cluster to talk to. */
export function buildApp(given: AppInputs): Result<App, string> {
  const { config, log, registry } = given;
  const datadogClock = new ForeignClock({ clock: given.clock }, { whose: "Datadog's" });
  const clusterClock = new ForeignClock({ clock: given.clock }, { whose: "the API server's" });
  const keeper = new Timekeeper({
    clock: given.clock,
    log,
    registry,
    datadog: datadogClock,
    cluster: clusterClock,
  });
  const inputs = { ...given, clock: keeper };
  const cluster = buildCluster(inputs, clusterClock);
  if (!cluster.ok) return cluster;
  const { ports, times } = cluster.value;
  const metrics = createListenerMetrics(registry);
  const { leadership, election } = buildLeadership(inputs, ports, times);
  const certificate = buildCertificate(inputs, ports, times);
  const corridor = config.externalMetrics.enabled
    ? buildExternalMetrics(given, {
        cluster: ports,
        times,
        leadership,
        certificate,
        keeper,
        datadogClock,
        metrics,
      })
    : undefined;
  const intake = buildIntake(inputs, { cluster: ports, times, leadership, datadogClock });
  const checks: HealthCheck[] = [
    ...(corridor?.checks ?? [certificate, keeper]),
    ...(election === undefined ? [] : [election]),
    ...intake.checks,
  ];
  const status = buildStatus(given, {
    leadership,
    isElected: election !== undefined,
    keeper,
    datadogClock,
    clusterClock,
    checks,
    corridor: corridor?.status,
    intake,
    listeners: () => [...page.listeners(), ...process.listeners()],
  });
  const nodeSide = buildNodeSide(inputs, {
    cluster: ports,
    times,
    leadership,
    certificate,
    metrics,
    status,
    readiness: () => reportHealth('ready', checks),
    insight: corridor?.insight,
  });
  checks.push(...nodeSide.checks);
  const page = buildPage(given, {
    certificate,
    clock: keeper,
    metrics,
    corridor: corridor?.page,
    report: nodeSide.report,
    replicas: nodeSide.replicas,
    explainer: nodeSide.explainer,
  });
  reportSilence(registry, { ...corridor?.silences, ...nodeSide.silences });
  const parts: ReplicaParts = {
    checks,
    first: [
      leadingGroup([...(corridor?.leading ?? []), ...intake.leading], election, () =>
        release(election, keeper),
      ),
      { components: [nodeSide.listener, ...(corridor === undefined ? [] : [corridor.listener])] },
      { components: page.components },
    ],
    last: [certificate, ...(corridor?.standing ?? []), ...nodeSide.standing, ...intake.standing],
    close: async () => {
      await Promise.all([corridor?.close(), nodeSide.close(), intake.close()]);
      await ports.client.close();
    },
  };
  const process = new ReplicaProcess({ clock: keeper, log, registry, metrics }, parts, {
    ...config.process,
    version: given.version,
    commit: given.commit,
  });
  return ok({
    process,
    metricsPort: () => corridor?.listener.address()?.port,
    commandPort: () => nodeSide.listener.address()?.port,
    pagePort: () => page.port(),
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

/** Leader-only work, and the election beside it; the lead is given up when both have ended. */
function leadingGroup(
  work: readonly Component[],
  election: Extract<Leadership, { run: unknown }> | undefined,
  afterwards: () => Promise<void>,
): Group {
  return { components: [...work, ...(election === undefined ? [] : [election])], afterwards };
}
