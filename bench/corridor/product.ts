import { freePorts } from '../../test/control-plane/ports.js';
import { type Replica, startReplica } from '../../test/e2e/replica.js';
import type { ServingFiles } from './cluster.js';
import type { ProbeReading } from './probe.js';

export interface ProductOptions {
  readonly name: string;
  readonly kubeconfigPath: string;
  readonly datadogUrl: string;
  /** For its log. */
  readonly folder: string;
  /** Left out, the product makes its own certificate and registers it. */
  readonly serving?: ServingFiles;
  readonly settings?: Readonly<Record<string, string>>;
  /** Options for Node, beside those of the shipped Deployment. */
  readonly nodeOptions?: readonly string[];
  /** Whether it can be asked about its event loop. */
  readonly isProbed?: boolean;
}

/** A replica of the product as it is shipped: the bundle, in a process of its own. */
export interface Product {
  readonly replica: Replica;
  readonly pid: number;
  readonly port: number;
  readonly probeUrl: string;
}

/** Those of `NODE_OPTIONS` in the shipped Deployment. */
const shippedNodeOptions = ['--max-old-space-size=320', '--max-semi-space-size=4', '--v8-pool-size=0'];

/** What a deployment has that sets nothing; the harness' own settings are for quick tests. */
const defaults = {
  DD_LOG_LEVEL: 'info',
  DD_EXTERNAL_METRICS_PROVIDER_ROLLUP: '30',
  DD_EXTERNAL_METRICS_PROVIDER_REFRESH_PERIOD: '30',
  DD_EXTERNAL_METRICS_PROVIDER_BATCH_WINDOW: '10',
  DD_EXTERNAL_METRICS_PROVIDER_BUCKET_SIZE: '300',
  DD_LEADER_LEASE_DURATION: '60',
};

export async function startProduct(options: ProductOptions): Promise<Product> {
  const { name, kubeconfigPath, datadogUrl, folder, serving, isProbed = false } = options;
  const [probePort = 0] = await freePorts(1);
  const certificate: Readonly<Record<string, string>> =
    serving === undefined ? {} : { DD_EXTERNAL_METRICS_PROVIDER_CERTIFICATE_DIR: serving.folder };
  const replica = await startReplica({
    name,
    kubeconfigPath,
    datadogUrl,
    logsFolder: folder,
    settings: {
      ...defaults,
      ...certificate,
      DD_SHUTDOWN_DRAIN_TIMEOUT: '1',
      BENCH_PROBE_PORT: `${probePort}`,
      ...options.settings,
    },
    nodeOptions: [
      ...shippedNodeOptions,
      ...(options.nodeOptions ?? []),
      ...(isProbed ? [`--import=${new URL('probe.js', import.meta.url).href}`] : []),
    ],
  });
  return {
    replica,
    pid: replica.process.pid,
    port: replica.metricsPort,
    probeUrl: `http://127.0.0.1:${probePort}`,
  };
}

/** Begins to watch a probed replica. */
export async function watchProbe({ probeUrl }: Product): Promise<void> {
  await fetch(`${probeUrl}/watch`);
}

/** What a probed replica tells since it is watched, and the end of that; with `collect` its garbage is collected first. */
export async function readProbe(
  { probeUrl }: Product,
  { collect = false }: { readonly collect?: boolean } = {},
): Promise<ProbeReading> {
  const answer = await fetch(`${probeUrl}${collect ? '/collected' : '/'}`);
  return (await answer.json()) as ProbeReading;
}
