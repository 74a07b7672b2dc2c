import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '../../test/control-plane/ports.js';
import { type RunningProcess, startProcess } from '../../test/control-plane/processes.js';
import { projectRoot } from '../../test/project-root.js';
import type { ClusterFacts } from './cluster-process.js';
import { onProductCores, type Pinning } from './cores.js';

/** The product as it is shipped: the bundle in a process of its own. */
export interface Product {
  readonly process: RunningProcess;
  readonly startedAtMs: number;
  readonly commandPort: number;
  readonly metricsPort: number;
  readonly healthUrl: string;
  readonly telemetryUrl: string;
}

export interface ProductOptions {
  readonly facts: ClusterFacts;
  readonly pinning: Pinning;
  /** For its kubeconfig, its log and the token of its commands. */
  readonly folder: string;
  readonly agentsToken: string;
  readonly resyncSeconds: number;
  /** Options for Node, beside those of the shipped Deployment. */
  readonly nodeOptions: readonly string[];
}

/** Those of `NODE_OPTIONS` in the shipped Deployment. */
const shippedNodeOptions = ['--max-old-space-size=320', '--max-semi-space-size=4', '--v8-pool-size=0'];
const localToken = 'local01234567890local01234567890';

/** All settings that are not named here have their defaults. Its end, which is not measured, is quick. */
export async function startProduct(options: ProductOptions): Promise<Product> {
  const [commandPort = 0, metricsPort = 0, healthPort = 0, telemetryPort = 0] = await freePorts(4);
  const kubeconfigPath = join(options.folder, 'kubeconfig');
  const localTokenPath = join(options.folder, 'auth_token');
  writeFileSync(kubeconfigPath, options.facts.kubeconfig, { mode: 0o600 });
  writeFileSync(localTokenPath, localToken, { mode: 0o600 });
  const bundle = join(projectRoot, 'dist/bundle/datadog-cluster-agent.mjs');
  const node = [process.execPath, ...shippedNodeOptions, ...options.nodeOptions, bundle, 'start'];
  const [file = '', ...args] = [...onProductCores(options.pinning), ...node];
  const startedAtMs = performance.now();
  const running = await startProcess({
    name: 'product',
    file,
    args,
    environment: {
      PATH: process.env['PATH'] ?? '',
      DD_API_KEY: '0123456789abcdef'.repeat(2),
      DD_APP_KEY: '01234567'.repeat(5),
      DD_POD_NAME: 'dca-0',
      DD_KUBE_RESOURCES_NAMESPACE: 'datadog',
      DD_KUBERNETES_KUBECONFIG_PATH: kubeconfigPath,
      DD_KUBERNETES_INFORMERS_RESYNC_PERIOD: `${options.resyncSeconds}`,
      DD_EXTERNAL_METRICS_PROVIDER_ENABLED: 'true',
      DD_EXTERNAL_METRICS_PROVIDER_ENDPOINT: options.facts.datadogUrl,
      DD_URL: options.facts.datadogUrl,
      DD_EXTERNAL_METRICS_PROVIDER_PORT: `${metricsPort}`,
      DD_CLUSTER_AGENT_CMD_PORT: `${commandPort}`,
      DD_CLUSTER_AGENT_AUTH_TOKEN: options.agentsToken,
      DD_AUTH_TOKEN_FILE_PATH: localTokenPath,
      DD_HEALTH_PORT: `${healthPort}`,
      DD_EXPVAR_PORT: `${telemetryPort}`,
      DD_SHUTDOWN_DELAY: '0',
      DD_SHUTDOWN_DRAIN_TIMEOUT: '0',
    },
    logFile: join(options.folder, 'product.log'),
  });
  return {
    process: running,
    startedAtMs,
    commandPort,
    metricsPort,
    healthUrl: `http://127.0.0.1:${healthPort}`,
    telemetryUrl: `http://127.0.0.1:${telemetryPort}/metrics`,
  };
}

/** One sample without labels of what the product tells of itself; NaN where it does not tell it. */
export async function readTelemetry(product: Product, name: string): Promise<number> {
  const answer = await fetch(product.telemetryUrl, { signal: AbortSignal.timeout(5_000) });
  const value = new RegExp(`^${name} (\\S+)$`, 'm').exec(await answer.text())?.[1];
  return Number(value ?? Number.NaN);
}
