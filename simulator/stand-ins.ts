import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { type App, buildApp } from '../app.js';
import { loadConfig, secretsOf } from '../config/load.js';
import { problemText } from '../config/problem.js';
import { type Clock, systemClock } from '../core/clock.js';
import { createLogger, type LogLevel } from '../core/log.js';
import { RecentLog } from '../core/recent-log.js';
import { createScrub } from '../core/scrub.js';
import { createRegistry } from '../core/telemetry.js';
import { entryLifetimeMs, Seal } from '../dashboard/seal.js';
import { fieldAt, type ObjectDraft } from './cluster/object.js';
import { ClusterSimulator } from './cluster.js';
import { DatadogSimulator } from './datadog.js';
import { DirectClient } from './direct-client.js';
import { service } from './service.js';

/** Any keys do for the stand-in; these look like keys, so that masking them can be seen. */
const keys = {
  DD_API_KEY: '0123456789abcdef0123456789abcdef',
  DD_APP_KEY: '0123456789abcdef0123456789abcdef01234567',
};

/** The tokens of the port for node agents and operators, the same for all replicas. */
export const tokens = {
  agents: 'agents0123456789agents0123456789',
  local: 'local01234567890local01234567890',
} as const;

/** A replica of the product in this process, against the stand-ins. */
export interface SimulatedReplica {
  readonly name: string;
  readonly app: App;
  /** Ends it as SIGTERM does; resolves to the error that ended it, if one did. */
  stop(): Promise<Error | undefined>;
}

export interface ReplicaChoices {
  readonly name: string;
  /** By the names of the environment. Ports are free ones, and times short, unless set here. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Default `off`. */
  readonly logLevel?: LogLevel;
  readonly logTo?: { write(line: string): unknown };
  /** Another kubeconfig than the administrator's. */
  readonly kubeconfig?: string;
  /** Its own clock, where that is wrong. */
  readonly clock?: Clock;
}

/** Buckets of a second, asked for each second: what takes minutes in life is seen in seconds. */
export const quickSettings = {
  DD_EXTERNAL_METRICS_PROVIDER_ROLLUP: '1',
  DD_EXTERNAL_METRICS_PROVIDER_REFRESH_PERIOD: '1',
  DD_EXTERNAL_METRICS_PROVIDER_BATCH_WINDOW: '1',
  DD_EXTERNAL_METRICS_PROVIDER_BUCKET_SIZE: '30',
  DD_SHUTDOWN_DELAY: '0',
} as const;

/** A stand-in Datadog and a stand-in cluster, on loopback, and replicas of the product between them. */
export class StandIns {
  readonly datadog = new DatadogSimulator({}, { sampleSeconds: 1 });
  readonly cluster = new ClusterSimulator({}, { namespaces: ['datadog', 'kube-system'] });
  readonly #folder = mkdtempSync(join(tmpdir(), 'datadog-cluster-agent-'));
  readonly #replicas = new Set<SimulatedReplica>();
  #datadogUrl = '';

  /** Where short-lived files of this run lie; it goes with `stop`. */
  get folder(): string {
    return this.#folder;
  }

  async start(): Promise<void> {
    this.#datadogUrl = (await this.datadog.start()).url;
    await this.cluster.start();
    this.cluster.apply(apiService());
  }

  /** Starts a replica. Kubernetes reaches the first one that listens; `routeTo` changes that. */
  startReplica(choices: ReplicaChoices): SimulatedReplica {
    const kubeconfigPath = join(this.#folder, `${choices.name}.kubeconfig`);
    writeFileSync(kubeconfigPath, choices.kubeconfig ?? this.cluster.kubeconfig(), { mode: 0o600 });
    const loaded = loadConfig({
      environment: {
        ...keys,
        ...quickSettings,
        DD_POD_NAME: choices.name,
        DD_EXTERNAL_METRICS_PROVIDER_ENABLED: 'true',
        DD_EXTERNAL_METRICS_PROVIDER_PORT: '0',
        DD_EXTERNAL_METRICS_PROVIDER_ENDPOINT: this.#datadogUrl,
        DD_URL: this.#datadogUrl,
        DD_HEALTH_PORT: '0',
        DD_EXPVAR_PORT: '0',
        DD_GUI_PORT: '-1',
        DD_CLUSTER_AGENT_CMD_PORT: '0',
        DD_KUBE_RESOURCES_NAMESPACE: service.namespace,
        DD_KUBERNETES_KUBECONFIG_PATH: kubeconfigPath,
        ...choices.settings,
      },
      flags: {},
    });
    if (!loaded.ok) throw new Error(loaded.error.map(problemText).join('\n'));
    const recentLog = new RecentLog();
    const log = createLogger(choices.logLevel ?? 'off', createScrub(secretsOf(loaded.value)), {
      write: (line) => {
        recentLog.write(line);
        (choices.logTo ?? process.stdout).write(line);
      },
    });
    const registry = createRegistry({ withProcessMetrics: false });
    const app = buildApp({
      config: loaded.value,
      log,
      clock: choices.clock ?? systemClock,
      registry,
      environment: {},
      version: '0.0.0-simulated',
      commit: 'simulated',
      tokens,
      recentLog,
    });
    if (!app.ok) throw new Error(app.error);
    return this.#run(choices.name, app.value);
  }

  #run(name: string, app: App): SimulatedReplica {
    const stop = new AbortController();
    const ended = app.process.run(stop.signal);
    const replica: SimulatedReplica = {
      name,
      app,
      stop: () => {
        this.#replicas.delete(replica);
        stop.abort();
        return ended;
      },
    };
    this.#replicas.add(replica);
    return replica;
  }

  /** Lets the stand-in cluster's aggregation layer reach a replica; answers whether it listens yet. */
  routeTo(replica: SimulatedReplica): boolean {
    const port = replica.app.metricsPort();
    if (port === undefined) return false;
    this.cluster.frontProxy.route(service.namespace, service.name, { port });
    return true;
  }

  /** Waits until a replica is ready and the stand-in cluster reaches it. Throws when that takes over 20 s. */
  async untilReady(replica: SimulatedReplica, signal: AbortSignal): Promise<void> {
    for (let tries = 0; !(await this.#isReady(replica)); tries += 1) {
      if (tries > 200 || signal.aborted) throw new Error(`${replica.name} was not ready within 20 s`);
      await systemClock.sleep(100, signal);
    }
  }

  async #isReady(replica: SimulatedReplica): Promise<boolean> {
    const healthPort = replica.app.process.healthPort();
    if (!this.routeTo(replica) || this.caBundle() === undefined || healthPort === undefined) return false;
    const answer = await fetch(`http://127.0.0.1:${healthPort}/ready`);
    await answer.body?.cancel();
    return answer.ok;
  }

  /** A client to a ready replica, with the administrator's token. */
  client(replica: SimulatedReplica): DirectClient {
    return new DirectClient({
      port: replica.app.metricsPort() ?? 0,
      caPem: this.caBundle() ?? '',
      token: this.cluster.adminToken,
    });
  }

  /** What the replicas have put into the APIService for kube-apiserver to trust; `undefined` before. */
  caBundle(): string | undefined {
    const object = this.cluster.get('apiservices', '', 'v1beta1.external.metrics.k8s.io');
    const bundle = fieldAt(object, 'spec', 'caBundle');
    return typeof bundle === 'string' && bundle !== '' ? Buffer.from(bundle, 'base64').toString() : undefined;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#replicas].map((replica) => replica.stop()));
    await this.datadog.stop();
    await this.cluster.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** What `launch-gui` would print of a replica whose page is on. */
export function pageAddress({ app }: SimulatedReplica): string {
  const code = new Seal(tokens.local, systemClock).make('entry', entryLifetimeMs);
  return `https://127.0.0.1:${app.pagePort()}/#code=${code}`;
}

/** The registration that the project ships, as it is. */
function apiService(): ObjectDraft {
  // Two folders up from the compiled file is the project; the file lies beside the manifests that operators apply.
  return parse(
    readFileSync(new URL('../../deploy/base/apiservice.yaml', import.meta.url), 'utf8'),
  ) as ObjectDraft;
}
