import { join } from 'node:path';
import { freePorts } from '../control-plane/ports.js';
import { type RunningProcess, startProcess, tailOf } from '../control-plane/processes.js';
import { until } from '../control-plane/waiting.js';
import { projectRoot } from '../project-root.js';

/** One replica of the product: the bundle, as its own process, as a pod would run it. */
export interface Replica {
  readonly name: string;
  readonly metricsPort: number;
  /** Of the node agents' API. */
  readonly commandPort: number;
  readonly healthUrl: string;
  readonly telemetryUrl: string;
  readonly process: RunningProcess;
  /** By which it was started; commands that belong to it are run with the same. */
  readonly environment: Readonly<Record<string, string>>;
  /** The whole log so far. */
  log(): Promise<string>;
}

/** The token that all replicas and node agents share. */
export const agentsToken = 'agentsToken0123456789agentsToken01';

/** The program as it is shipped. */
export const bundlePath = join(projectRoot, 'dist/bundle/datadog-cluster-agent.mjs');

export interface ReplicaOptions {
  readonly name: string;
  readonly kubeconfigPath: string;
  readonly datadogUrl: string;
  readonly logsFolder: string;
  /** More settings, by environment. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Options for Node itself, before the bundle. */
  readonly nodeOptions?: readonly string[];
}

/** Times are short, so that a scenario takes seconds: Datadog's buckets of one second, asked for each second. */
const quickSettings = {
  DD_EXTERNAL_METRICS_PROVIDER_ROLLUP: '1',
  DD_EXTERNAL_METRICS_PROVIDER_REFRESH_PERIOD: '1',
  DD_EXTERNAL_METRICS_PROVIDER_BATCH_WINDOW: '1',
  DD_EXTERNAL_METRICS_PROVIDER_BUCKET_SIZE: '30',
  DD_LEADER_LEASE_DURATION: '15',
  DD_SHUTDOWN_DELAY: '0',
};

export async function startReplica(options: ReplicaOptions): Promise<Replica> {
  const [metricsPort = 0, commandPort = 0, healthPort = 0, telemetryPort = 0] = await freePorts(4);
  const environment = {
    ...quickSettings,
    DD_API_KEY: 'a'.repeat(32),
    DD_APP_KEY: 'b'.repeat(40),
    DD_POD_NAME: options.name,
    DD_EXTERNAL_METRICS_PROVIDER_ENABLED: 'true',
    DD_EXTERNAL_METRICS_PROVIDER_PORT: String(metricsPort),
    DD_EXTERNAL_METRICS_PROVIDER_ENDPOINT: options.datadogUrl,
    DD_URL: options.datadogUrl,
    DD_HEALTH_PORT: String(healthPort),
    DD_EXPVAR_PORT: String(telemetryPort),
    DD_GUI_PORT: '-1',
    DD_CLUSTER_AGENT_CMD_PORT: String(commandPort),
    DD_CLUSTER_AGENT_AUTH_TOKEN: agentsToken,
    DD_AUTH_TOKEN_FILE_PATH: join(options.logsFolder, `${options.name}.auth_token`),
    DD_KUBE_RESOURCES_NAMESPACE: 'datadog',
    DD_KUBERNETES_KUBECONFIG_PATH: options.kubeconfigPath,
    DD_LOG_LEVEL: 'debug',
    ...options.settings,
  };
  const process_ = await startProcess({
    name: options.name,
    file: process.execPath,
    args: [...(options.nodeOptions ?? []), bundlePath, 'start'],
    environment,
    logFile: join(options.logsFolder, `${options.name}.log`),
  });
  const log = (): Promise<string> => tailOf(process_.logFile, Number.MAX_SAFE_INTEGER);
  return {
    name: options.name,
    metricsPort,
    commandPort,
    environment,
    healthUrl: `http://127.0.0.1:${healthPort}`,
    telemetryUrl: `http://127.0.0.1:${telemetryPort}/metrics`,
    process: process_,
    log,
  };
}

/** Waits until the replica says that it is ready; throws with the end of its log when it ends or takes too long. */
export async function untilReady(replica: Replica): Promise<void> {
  try {
    await until(`${replica.name} to be ready`, async () => {
      const ending = replica.process.ending();
      if (ending !== undefined) throw new Error(`${replica.name} ended: ${ending}`);
      const answer = await fetch(`${replica.healthUrl}/ready`).catch(() => undefined);
      return answer?.ok === true ? true : undefined;
    });
  } catch (error: unknown) {
    throw new Error(`${String(error)}\n${await tailOf(replica.process.logFile, 30)}`);
  }
}
