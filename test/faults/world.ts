import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findBinaries } from '../control-plane/binaries.js';
import { type ControlPlane, startControlPlane } from '../control-plane/control-plane.js';
import { until } from '../control-plane/waiting.js';
import { deployment } from '../e2e/objects.js';
import { installRights, register, serviceName } from '../e2e/world.js';
import { projectRoot } from '../project-root.js';
import { administrator } from './administrator.js';
import { prepareAudit } from './audit.js';
import { Balancer } from './balancer.js';
import { Client } from './client.js';
import { watchAutoscalers, watchRegistration } from './cluster-watch.js';
import { Datadogs } from './datadogs.js';
import { Fleet } from './fleet.js';
import { keepReading } from './readers.js';
import { type Answer, Recorder, type Recording } from './recorder.js';
import { averageValue, type WatchedMetric, watchedMetrics } from './watched.js';

/** A value older than this is not to be served, with the settings below. */
export const maxAgeMs = 10_000;
export const leaseSeconds = 6;

/** Short times, so that what takes minutes in life takes seconds; in the same proportions. */
const settings = {
  DD_EXTERNAL_METRICS_PROVIDER_MAX_AGE: String(maxAgeMs / 1000),
  DD_EXTERNAL_METRICS_PROVIDER_QUERY_TIMEOUT: '3',
  DD_EXTERNAL_METRICS_PROVIDER_LOCAL_COPY_REFRESH_RATE: '3',
  DD_LEADER_LEASE_DURATION: String(leaseSeconds),
  DD_KUBERNETES_INFORMERS_RESTCLIENT_TIMEOUT: '5',
  // A list that falls into a scenario by chance would find dead connections before the watches do.
  DD_KUBERNETES_INFORMERS_RESYNC_PERIOD: '3600',
  DD_SHUTDOWN_DELAY: '2',
  DD_SHUTDOWN_DRAIN_TIMEOUT: '5',
};

/** A real control plane, two replicas, readers that never stop, and hands to break each part. */
export interface FaultWorld {
  readonly plane: ControlPlane;
  readonly datadogs: Datadogs;
  readonly fleet: Fleet;
  readonly balancer: Balancer;
  readonly recorder: Recorder;
  /** kube-apiserver, as an administrator. */
  readonly cluster: Client;
  /** Where kube-apiserver writes what the replicas ask of it; see `judgeRights`. */
  readonly auditLog: string;
  /** kube-apiserver, as the HPA controller's own account; `undefined` until Kubernetes has made it. */
  hpaController(): Client | undefined;
  /** Who holds the lease by the API server's word; `''` for nobody. */
  holder(): Promise<string>;
  /** A replica that runs and does not lead. */
  follower(): Promise<string>;
  /**
   * Waits until all that is asked for is answered afresh by every way. The answer is when the last read came that was
   * not, in seconds from `fromMs` (default: now) on; 0 for none.
   */
  untilWell(
    what: string,
    options?: { readonly fromMs?: number; readonly timeoutMs?: number },
  ): Promise<number>;
  /** All that was seen since `recorder.begin`. */
  record(): Promise<Recording>;
  stop(failed: boolean): Promise<void>;
}

/** Where the logs of a run lie; kept when it fails. `FAULT_LOGS` names another folder, for two runs at once. */
export const logsFolder = process.env['FAULT_LOGS'] ?? join(projectRoot, 'dist', 'fault-logs');

export async function startFaultWorld(): Promise<FaultWorld> {
  rmSync(logsFolder, { recursive: true, force: true });
  mkdirSync(logsFolder, { recursive: true });
  const found = await findBinaries();
  if (!found.found) throw new Error(found.reason);
  const audit = await prepareAudit(logsFolder);
  const plane = await startControlPlane({
    binaries: found.binaries,
    // The module tells when it has taken up a new client certificate of the aggregation layer.
    apiServerFlags: [...audit.apiServerFlags, '--vmodule=dynamic_serving_content=2'],
  });
  const stopping = new AbortController();
  const cluster = new Client(administrator(plane));
  const balancer = new Balancer({ onChange: () => void tellEndpoints(cluster) });
  const [datadogs, recorder] = [new Datadogs(), new Recorder()];
  const fleet = new Fleet({ plane, datadogs, balancer, recorder }, { logsFolder, settings });
  const loops: Promise<void>[] = [];
  let hpaController: Client | undefined;
  const stop = async (failed: boolean): Promise<void> => {
    stopping.abort();
    await Promise.all(loops);
    await fleet.stop();
    await Promise.all([datadogs.stop(), balancer.stop()]);
    cluster.close();
    await plane.stop({ keepLogs: failed });
    if (failed)
      console.error(`logs of the replicas: ${logsFolder}; of the control plane: ${plane.logsFolder}`);
  };
  const world: FaultWorld = {
    plane,
    datadogs,
    fleet,
    balancer,
    recorder,
    cluster,
    auditLog: audit.file,
    hpaController: () => hpaController,
    holder: () => holder(cluster),
    follower: () => follower(world),
    untilWell: (what, options = {}) => untilWell(world, what, options),
    record: async () => recorder.take(await fleet.traffic(), maxAgeMs),
    stop,
  };
  try {
    await installRights(plane);
    await register(plane, await balancer.start());
    await applyAutoscalers(plane);
    await Promise.all([fleet.start('dca-0', { isAtOnce: true }), fleet.start('dca-1', { isAtOnce: true })]);
    await Promise.all([fleet.untilRunning('dca-0'), fleet.untilRunning('dca-1')]);
    const reading = { everyMs: 100, signal: stopping.signal };
    hpaController = new Client({
      ...administrator(plane),
      credentials: { kind: 'token', token: await hpaToken({ plane }) },
    });
    loops.push(
      keepReading({ via: 'aggregator', client: world.hpaController }, recorder, reading),
      ...['dca-0', 'dca-1', 'dca-2', 'dca-3'].map((via) =>
        keepReading({ via, client: () => fleet.client(via) }, recorder, reading),
      ),
      watchRegistration(cluster, recorder, {
        onBundle: (caPem) => fleet.trust(caPem),
        signal: stopping.signal,
      }),
      watchAutoscalers(cluster, recorder, stopping.signal),
    );
    await world.untilWell('the start');
  } catch (error: unknown) {
    await stop(true);
    throw error;
  }
  return world;
}

async function applyAutoscalers(plane: ControlPlane): Promise<void> {
  const namespaces = [...new Set(watchedMetrics.map(({ namespace }) => namespace))];
  await plane.apply(
    ...namespaces.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })),
  );
  await plane.apply(...watchedMetrics.flatMap((metric) => [workload(metric), autoscaler(metric)]));
}

function nameOf({ index }: WatchedMetric): string {
  return `follows-${index}`;
}

function workload(metric: WatchedMetric): object {
  const object = deployment(nameOf(metric));
  return { ...object, metadata: { name: nameOf(metric), namespace: metric.namespace } };
}

function autoscaler(metric: WatchedMetric): object {
  const { name, namespace, matchLabels } = metric;
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: nameOf(metric), namespace },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: nameOf(metric) },
      minReplicas: 1,
      maxReplicas: 10,
      metrics: [
        {
          type: 'External',
          external: {
            metric: { name, ...(Object.keys(matchLabels).length === 0 ? {} : { selector: { matchLabels } }) },
            target: { type: 'AverageValue', averageValue },
          },
        },
      ],
    },
  };
}

/**
 * In life the EndpointSlices of the Service change with each replica that becomes ready or ceases to be, at which
 * kube-apiserver looks at the API again at once; for a Service without any, a change of the Service does it.
 */
async function tellEndpoints(cluster: Client): Promise<void> {
  const path = `/api/v1/namespaces/datadog/services/${serviceName}`;
  const body = { metadata: { annotations: { endpoints: String(Date.now()) } } };
  await cluster.send('PATCH', path, { body, contentType: 'application/merge-patch+json' }).catch(() => {}); // kube-apiserver is away: a scenario of its own
}

/** The HPA controller's own account, once Kubernetes has made it. */
export function hpaToken({ plane }: Pick<FaultWorld, 'plane'>): Promise<string> {
  return until('the account of the HPA controller', async () => {
    const args = ['create', 'token', 'horizontal-pod-autoscaler', '-n', 'kube-system', '--duration=24h'];
    const { code, stdout } = await plane.kubectl(args);
    return code === 0 ? stdout.trim() : undefined;
  });
}

async function holder(cluster: Client): Promise<string> {
  const path = '/apis/coordination.k8s.io/v1/namespaces/datadog/leases/datadog-leader-election';
  const { status, body } = await cluster.get(path);
  if (status === 404) return '';
  return (
    (JSON.parse(body) as { readonly spec?: { readonly holderIdentity?: string } }).spec?.holderIdentity ?? ''
  );
}

async function follower({ fleet, cluster }: FaultWorld): Promise<string> {
  const leader = await holder(cluster);
  const name = fleet.names().find((other) => other !== leader && fleet.phase(other) === 'running');
  if (name === undefined) throw new Error(`no replica follows; ${leader} leads`);
  return name;
}

/** How old a value may be when all is well: refreshed each second, and newest but one. */
const freshMs = 4_000;

async function untilWell(
  world: FaultWorld,
  what: string,
  { fromMs = Date.now(), timeoutMs = 60_000 }: { readonly fromMs?: number; readonly timeoutMs?: number },
): Promise<number> {
  const startedAtMs = Date.now();
  let why = 'no answer yet';
  await until(
    `all to be well after ${what}`,
    async () => {
      const reason = unwell(world, startedAtMs);
      why = reason ?? why;
      return reason === undefined ? true : undefined;
    },
    { timeoutMs },
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${why}`);
  });
  const lastBad = world.recorder.answers.findLast((answer) => answer.sentAtMs >= fromMs && !isFresh(answer));
  return ((lastBad?.receivedAtMs ?? fromMs) - fromMs) / 1000;
}

/** Why not all is well, judged by the reads of the last two seconds of each way. */
function unwell({ recorder, fleet }: FaultWorld, startedAtMs: number): string | undefined {
  const running = fleet.names().filter((name) => fleet.phase(name) === 'running');
  const fromMs = Math.max(startedAtMs, Date.now() - 2_000);
  for (const via of ['aggregator', ...running]) {
    const reads = recorder.answers.filter((answer) => answer.via === via && answer.sentAtMs >= fromMs);
    if (reads.length < 2 * watchedMetrics.length) return `too few reads of ${via} in the last two seconds`;
    const bad = reads.find((answer) => !isFresh(answer));
    if (bad !== undefined) return `${via}: ${JSON.stringify(bad.outcome)}`;
  }
  return undefined;
}

export function isFresh({ outcome, sentAtMs }: Answer): boolean {
  return outcome.kind === 'value' && sentAtMs - outcome.timestampMs <= freshMs;
}
