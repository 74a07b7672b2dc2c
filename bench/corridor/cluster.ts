import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inParallel } from '../../provider/parallel.js';
import type { Binaries } from '../../test/control-plane/binary-set.js';
import { type ControlPlane, startControlPlane } from '../../test/control-plane/control-plane.js';
import { outputOf } from '../../test/control-plane/kubectl.js';
import { until } from '../../test/control-plane/waiting.js';
import { installRights, register, serviceName } from '../../test/e2e/world.js';
import { administrator } from '../../test/faults/administrator.js';
import { Client } from '../../test/faults/client.js';
import { autoscaler, external, ownObjects } from './cluster-objects.js';
import { benchNamespace, matchLabels, metricName, metricPath } from './metric-set.js';

/** Metrics that one autoscaler asks for: fewer objects, so that the bench begins sooner. */
const metricsPerAutoscaler = 100;
const autoscalersPath = `/apis/autoscaling/v2/namespaces/${benchNamespace}/horizontalpodautoscalers`;
const configMapsPath = '/api/v1/namespaces/datadog/configmaps';
const apiService = 'v1beta1.external.metrics.k8s.io';

/** A ConfigMap of the shared values, as far as its size goes. */
export interface StoredMap {
  readonly name: string;
  readonly revision: string;
  readonly bytes: number;
}

/** The serving certificate that the contestants share, so that the registration need not change between them. */
export interface ServingFiles {
  readonly folder: string;
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** A real etcd and kube-apiserver, the shipped rights, and autoscalers; no controller reads their metrics of itself. */
export class BenchCluster {
  readonly plane: ControlPlane;
  readonly serving: ServingFiles;
  readonly #api: Client;
  #wanted = 0;

  private constructor(plane: ControlPlane, serving: ServingFiles) {
    this.plane = plane;
    this.serving = serving;
    this.#api = new Client(administrator(plane));
  }

  /** @param folder for certificates */
  static async start(binaries: Binaries, folder: string): Promise<BenchCluster> {
    const plane = await startControlPlane({ binaries });
    try {
      await installRights(plane);
      await plane.apply(...ownObjects());
      // It has made the accounts and roles by now, and would only read autoscalers that nothing depends on.
      await until('the account of the HPA controller', async () => {
        const { code } = await plane.kubectl(['get', 'sa', 'horizontal-pod-autoscaler', '-n', 'kube-system']);
        return code === 0 ? true : undefined;
      });
      await plane.kill('kube-controller-manager');
      return new BenchCluster(plane, writeServingFiles(plane, folder));
    } catch (error: unknown) {
      await plane.stop();
      throw error;
    }
  }

  get url(): URL {
    return new URL(this.plane.url);
  }

  /** Of a process by its name in the control plane. */
  pidOf(name: 'etcd' | 'kube-apiserver'): number {
    const found = this.plane.processes.find((one) => one.name === name);
    if (found === undefined) throw new Error(`${name} does not run`);
    return found.pid;
  }

  /** A token of an account that may read the metrics, and nothing else. */
  async readerToken(): Promise<string> {
    const args = ['create', 'token', 'reader', '-n', benchNamespace, '--duration=24h'];
    return (await outputOf(this.plane.kubectl, args)).trim();
  }

  /** From now on autoscalers ask for metrics 0 to `count` - 1; a set never shrinks. */
  async want(count: number): Promise<void> {
    const groups: (readonly number[])[] = [];
    while (this.#wanted < count) {
      const length = Math.min(metricsPerAutoscaler, count - this.#wanted);
      groups.push(Array.from({ length }, (_, at) => this.#wanted + at));
      this.#wanted += length;
    }
    await inParallel(groups, 8, (group) =>
      this.#create(
        `from-${group[0]}`,
        group.map((index) => external(metricName(index), matchLabels(index))),
      ),
    );
  }

  /** One more autoscaler, for a metric of this name without a selector. */
  async wantAnother(name: string): Promise<void> {
    await this.#create(name, [external(name)]);
  }

  /** Sends what kube-apiserver is asked for to a port, and waits until `isThere` says of an answer that it comes from there. */
  async registerAt(port: number, isThere: (status: number) => boolean, probe: number): Promise<void> {
    await register(this.plane, port);
    const caBundle = Buffer.from(administrator(this.plane).ca).toString('base64');
    const patch = JSON.stringify({ spec: { caBundle } });
    await outputOf(this.plane.kubectl, ['patch', 'apiservice', apiService, '--type=merge', '-p', patch]);
    await until(`kube-apiserver to ask port ${port}`, async () => {
      const { status } = await this.#api.get(metricPath(probe)).catch(() => ({ status: 0 }));
      return isThere(status) ? true : undefined;
    });
  }

  /** As operators do, for a replica that makes its own certificate. */
  async registerFresh(port: number): Promise<void> {
    await register(this.plane, port);
  }

  /** All ConfigMaps of the shared values. */
  async storedMaps(): Promise<readonly StoredMap[]> {
    const { items } = (await this.#api.json(configMapsPath)) as { readonly items: readonly RawConfigMap[] };
    return items
      .filter(({ metadata }) => metadata.name.startsWith('datadog-custom-metrics'))
      .map(({ metadata, data }) => ({
        name: metadata.name,
        revision: metadata.resourceVersion,
        bytes: Object.entries(data ?? {}).reduce((sum, [key, value]) => sum + key.length + value.length, 0),
      }));
  }

  /** Nothing is left of what replicas shared, so that the next one begins with nothing. */
  async forgetStoredMaps(): Promise<void> {
    for (const { name } of await this.storedMaps())
      await this.#api.send('DELETE', `${configMapsPath}/${name}`);
  }

  async stop(options: { readonly keepLogs: boolean }): Promise<void> {
    this.#api.close();
    await this.plane.stop(options);
  }

  async #create(name: string, metrics: readonly object[]): Promise<void> {
    const body = autoscaler(name, metrics);
    const { status, body: answer } = await this.#api.send('POST', autoscalersPath, {
      body,
      timeoutMs: 30_000,
    });
    if (status !== 201) throw new Error(`an autoscaler was not created: ${status} ${answer.slice(0, 300)}`);
  }
}

interface RawConfigMap {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly data?: Readonly<Record<string, string>>;
}

function writeServingFiles(plane: ControlPlane, parent: string): ServingFiles {
  const { certificatePem, keyPem } = plane.serverCertificate(`${serviceName}.datadog.svc`);
  const folder = join(parent, 'serving');
  mkdirSync(folder);
  const write = (name: string, text: string): string => {
    const file = join(folder, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  write('ca.crt', administrator(plane).ca);
  return {
    folder,
    certificateFile: write('tls.crt', certificatePem),
    keyFile: write('tls.key', keyPem),
  };
}
