import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { autoscaler } from '../../simulator/autoscaler.js';
import { type ObjectDraft, textAt } from '../../simulator/cluster/object.js';
import { ClusterSimulator } from '../../simulator/cluster.js';
import { DatadogSimulator } from '../../simulator/datadog.js';
import { constant } from '../../simulator/datadog-shapes.js';
import { service } from '../../simulator/service.js';
import { until } from '../../test/control-plane/waiting.js';
import { projectRoot } from '../../test/project-root.js';
import { readCpuSeconds, readMemory } from '../shared/process-figures.js';
import { serve } from '../shared/remote.js';
import { MetricReader, type ReadingPlace } from './metric-reader.js';
import { benchNamespace, matchLabels, metricName, spread } from './metric-set.js';
import { Pacing } from './pacing.js';
import { type Product, readProbe, startProduct } from './product.js';

/** How long, and of what. */
export interface SoakOptions {
  readonly seconds: number;
  readonly lookSeconds: number;
  readonly metrics: number;
  readonly readsPerSecond: number;
}

/** A look at the replica, in MB. */
export interface SoakLook {
  readonly atSeconds: number;
  /** After a collection of its garbage. */
  readonly heapMegabytes: number;
  readonly residentMegabytes: number;
}

export interface SoakResult {
  readonly looks: readonly SoakLook[];
  readonly requests: number;
  readonly wrong: number;
  readonly faults: readonly string[];
  /** Of the replica, in percent of one core. */
  readonly cpuPercent: number;
}

/** What the process of the soak can be asked to do. */
export interface SoakCalls {
  run(given: SoakOptions): Promise<SoakResult>;
}

const apiServiceName = 'v1beta1.external.metrics.k8s.io';
const refreshSeconds = '10';

/** One replica between stand-ins, read without an end, and looked at now and then. */
async function soak(options: SoakOptions): Promise<SoakResult> {
  const folder = mkdtempSync(join(tmpdir(), 'soak-'));
  const datadog = new DatadogSimulator({}, { sampleSeconds: 10, maxRecords: 100 });
  const cluster = new ClusterSimulator({}, { namespaces: ['datadog', 'kube-system', benchNamespace] });
  const { url } = await datadog.start();
  await cluster.start();
  const registration = readFileSync(join(projectRoot, 'deploy/base/apiservice.yaml'), 'utf8');
  cluster.apply(parse(registration) as ObjectDraft);
  for (let index = 0; index < options.metrics; index += 1) {
    const name = metricName(index);
    const labels = matchLabels(index);
    datadog.shape(name, labels, constant(index));
    cluster.apply(
      autoscaler({
        namespace: benchNamespace,
        name: name.replaceAll(/[._]/g, '-'),
        metric: { name, selector: { matchLabels: labels } },
      }),
    );
  }
  const kubeconfigPath = join(folder, 'kubeconfig');
  writeFileSync(kubeconfigPath, cluster.kubeconfig(), { mode: 0o600 });
  const settings = { DD_EXTERNAL_METRICS_PROVIDER_REFRESH_PERIOD: refreshSeconds };
  const product = await startProduct({
    name: 'soak',
    kubeconfigPath,
    datadogUrl: url,
    folder,
    settings,
    isProbed: true,
  });
  try {
    return await read(product, await placeOf(cluster, product), options);
  } finally {
    await product.replica.process.stop(10_000);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function placeOf(cluster: ClusterSimulator, { port }: Product): Promise<ReadingPlace> {
  const bundle = await until('the authority of the replica', async () => {
    const text = textAt(cluster.get('apiservices', '', apiServiceName), 'spec', 'caBundle');
    return text === '' ? undefined : text;
  });
  const user = 'system:serviceaccount:kube-system:horizontal-pod-autoscaler';
  return {
    port,
    caPem: Buffer.from(bundle ?? '', 'base64').toString(),
    serverName: `${service.name}.${service.namespace}.svc`,
    token: cluster.issueToken({ name: user, groups: ['system:serviceaccounts'] }),
  };
}

async function read(product: Product, place: ReadingPlace, options: SoakOptions): Promise<SoakResult> {
  const reader = await MetricReader.open(place);
  await until('all metrics to be served', async () => {
    const { fault } = await reader.timeOf(options.metrics - 1);
    return fault === undefined ? true : undefined;
  });
  const pacing = new Pacing(reader, {
    perSecond: options.readsPerSecond,
    indexes: spread(options.metrics, options.metrics),
  });
  const startedAtMs = performance.now();
  const cpuBefore = readCpuSeconds(product.pid);
  const looks: SoakLook[] = [];
  for (let at = 0; at <= options.seconds; at += options.lookSeconds) {
    await sleep(Math.max(0, startedAtMs + at * 1_000 - performance.now()));
    const { heapMegabytes } = await readProbe(product, { collect: true });
    looks.push({
      atSeconds: at,
      heapMegabytes,
      residentMegabytes: readMemory(product.pid).residentMegabytes,
    });
  }
  const cpuSeconds = readCpuSeconds(product.pid) - cpuBefore;
  const { tookMs, wrong, faults } = await pacing.stop();
  const cpuPercent = (cpuSeconds * 100_000) / (performance.now() - startedAtMs);
  return { looks, requests: tookMs.length, wrong, faults, cpuPercent };
}

serve({ run: soak } satisfies SoakCalls);
