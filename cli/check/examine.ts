import type { Config } from '../../config/load.js';
import type { Problem } from '../../config/problem.js';
import type { Clock } from '../../core/clock.js';
import { ForeignClock } from '../../core/foreign-clock.js';
import { silentLog } from '../../core/log.js';
import type { KubeApi } from '../../kube/api.js';
import { KubeClient } from '../../kube/client.js';
import { loadKubeTarget } from '../../kube/target.js';
import { checkAccess } from './access.js';
import { checkCertificate } from './certificate.js';
import { checkAutoscaling, checkClocks, checkNode, checkReach } from './cluster.js';
import { checkDatadog } from './datadog.js';
import { type Finding, findingsOf } from './finding.js';
import { checkRegistration } from './registration.js';
import { checkAgentsToken, checkSettings } from './settings.js';

export interface ExaminePorts {
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface ExamineOptions {
  readonly config: Config;
  readonly errors: readonly Problem[];
  /** Whose rights are looked at, by user name; our own when left out. */
  readonly user: string | undefined;
  readonly version: string;
}

const requestTimeoutMs = 10_000;

/**
 * Looks at everything that an installation rests on: settings, Datadog, the cluster, rights, registration, certificate and
 * clocks. It needs no running replica, and writes nothing.
 */
export async function examine(
  { clock, environment }: ExaminePorts,
  options: ExamineOptions,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const { config, errors, version } = options;
  const datadogClock = new ForeignClock({ clock }, { whose: "Datadog's" });
  const clusterClock = new ForeignClock({ clock }, { whose: "the API server's" });
  const userAgent = `datadog-cluster-agent/${version}`;
  const findings = [
    ...checkSettings(config, errors),
    ...(await checkDatadog({ clock, datadogClock, userAgent }, config, signal)),
    checkNode(),
  ];
  const target = loadKubeTarget({ kubeconfigPath: config.kubernetes.kubeconfigPath, environment });
  if (target.ok) {
    const client = new KubeClient(
      { target: target.value, clock, log: silentLog, clusterClock },
      { requestTimeoutMs, userAgent },
    );
    findings.push(...(await examineCluster({ client, clock }, options, signal)));
    await client.close();
  } else {
    findings.push(noCluster(target.error));
  }
  return [
    ...findings,
    ...checkClocks([datadogClock, clusterClock].filter((one) => one !== datadogClock || asksDatadog(config))),
    ...(await checkAgentsToken(config)),
  ];
}

/** Where the API server does not answer, nothing below would be worth telling. */
async function examineCluster(
  ports: { readonly client: KubeApi; readonly clock: Clock },
  { config, user }: ExamineOptions,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const { client } = ports;
  const reach = await checkReach(client, signal);
  if (reach.some(({ verdict }) => verdict === 'failed')) return reach;
  const basics = [
    ...reach,
    ...(await checkAutoscaling(client, signal)),
    ...(await checkAccess(client, { config, user }, signal)),
  ];
  if (!config.externalMetrics.enabled) return basics;
  const registration = await checkRegistration(client, config, signal);
  const certificate = await checkCertificate(ports, { config, registration: registration.object }, signal);
  return [...basics, ...registration.findings, ...certificate];
}

function asksDatadog({ externalMetrics, events }: Config): boolean {
  return externalMetrics.enabled || events.collect;
}

function noCluster(message: string): Finding {
  return findingsOf('Kubernetes').failed(
    message,
    'name a kubeconfig by --kubeconfig, or run this in the pod',
  );
}
