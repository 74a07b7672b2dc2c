import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { autoscaler } from '../../simulator/autoscaler.js';
import { type ObjectDraft, textAt } from '../../simulator/cluster/object.js';
import { ClusterSimulator } from '../../simulator/cluster.js';
import { DatadogSimulator } from '../../simulator/datadog.js';
import { constant } from '../../simulator/datadog-shapes.js';
import { LargeCluster, type LargeClusterSize } from '../../simulator/large-cluster.js';
import { SeededRandom } from '../../simulator/seeded-random.js';
import { projectRoot } from '../../test/project-root.js';
import { serve } from '../shared/remote.js';
import { type Change, ChangeLog } from './change-log.js';
import { digestOf, perNodePath, perPodPath, type Question } from './question.js';

/** What a replica of the product, and its clients, need to know of the cluster. */
export interface ClusterFacts {
  readonly kubeconfig: string;
  readonly datadogUrl: string;
  /** Of the controller that reads external metrics. */
  readonly readerToken: string;
}

/** What can be asked of the product, with the answers that are right now. */
export interface Questions {
  /** One for each node. */
  readonly perNode: readonly Question[];
  /** Of some pods, one in five of which no service leads to, as in the cluster. */
  readonly perPod: readonly Question[];
  readonly metrics: readonly Question[];
}

/** From the first page of a list of all EndpointSlices to its last; milliseconds since the epoch. */
export interface ListSpan {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** What the process of the stand-ins can be asked to do. */
export interface ClusterCalls {
  /** To be called once. */
  start(given: LargeClusterSize): Promise<ClusterFacts>;
  /** By which the product's TLS ports are known; `undefined` before it has published it. */
  authority(given: undefined): Promise<string | undefined>;
  questions(given: undefined): Promise<Questions>;
  change(given: { readonly perSecond: number; readonly seconds: number }): Promise<number>;
  nextChange(given: undefined): Promise<Change>;
  isStillSo(given: Change): Promise<boolean>;
  /** Forgets, too, what the authority of the replica before was: each replica is to begin anew. */
  forgetReplica(given: undefined): Promise<void>;
  /** The lists of EndpointSlices since the replica was started. */
  listSpans(given: undefined): Promise<readonly ListSpan[]>;
  /** How often anybody asked for pods. */
  podRequests(given: undefined): Promise<number>;
}

const metricsNamespace = 'bench';
const metricCount = 100;
const maxPodQuestions = 20_000;
const apiServiceName = 'v1beta1.external.metrics.k8s.io';

function clusterCalls(): ClusterCalls {
  const cluster = new ClusterSimulator({}, { namespaces: ['datadog', 'kube-system', metricsNamespace] });
  const datadog = new DatadogSimulator({}, { sampleSeconds: 10 });
  const log = new ChangeLog({ store: cluster });
  let large: LargeCluster | undefined;
  let podRequests = 0;
  const built = (): LargeCluster => {
    if (large === undefined) throw new Error('start the cluster first');
    return large;
  };
  const nodeNames = (): readonly string[] => cluster.objects('nodes').map(({ metadata }) => metadata.name);
  return {
    start: async (size) => {
      const { url } = await datadog.start();
      await cluster.start();
      large = new LargeCluster(log, size);
      large.build();
      addMetrics(cluster, datadog);
      const user = 'system:serviceaccount:kube-system:horizontal-pod-autoscaler';
      return {
        kubeconfig: cluster.kubeconfig(),
        datadogUrl: url,
        readerToken: cluster.issueToken({ name: user, groups: ['system:serviceaccounts'] }),
      };
    },
    authority: async () => {
      const bundle = textAt(cluster.get('apiservices', '', apiServiceName), 'spec', 'caBundle');
      return bundle ? Buffer.from(bundle, 'base64').toString() : undefined;
    },
    questions: async () => toQuestions(built(), nodeNames()),
    change: ({ perSecond, seconds }) => changeSteadily(built(), perSecond, seconds),
    nextChange: () => log.next(),
    isStillSo: async (change) => log.isStillSo(change),
    forgetReplica: async () => {
      podRequests += cluster.requests({ resource: 'pods' }).length;
      cluster.clearRequests();
      cluster.remove('secrets', 'datadog', 'datadog-custom-metrics-server-cert');
      cluster.remove('leases', 'datadog', 'datadog-leader-election');
      cluster.remove('apiservices', '', apiServiceName);
      cluster.apply(
        parse(readFileSync(join(projectRoot, 'deploy/base/apiservice.yaml'), 'utf8')) as ObjectDraft,
      );
    },
    listSpans: async () => toSpans(cluster),
    podRequests: async () => podRequests + cluster.requests({ resource: 'pods' }).length,
  };
}

function addMetrics(cluster: ClusterSimulator, datadog: DatadogSimulator): void {
  for (let index = 0; index < metricCount; index += 1) {
    const name = `bench.queue_${index}`;
    datadog.shape(name, [], constant(index));
    cluster.apply(autoscaler({ namespace: metricsNamespace, name: `queue-${index}`, metric: { name } }));
  }
}

function toQuestions(large: LargeCluster, nodes: readonly string[]): Questions {
  const expected = large.expected();
  const random = new SeededRandom(1);
  const perNode = nodes.map((node): Question => {
    const digest = digestOf(expected.get(node) ?? []);
    return { path: perNodePath(node), expectation: { kind: 'node', node, digest } };
  });
  const known = [...expected].flatMap(([node, pods]) =>
    [...pods].map(([key, services]) => ({ node, key, services: [...services].sort() })),
  );
  const perPod = Array.from({ length: Math.min(maxPodQuestions, known.length) }, (_, index): Question => {
    const { node, key, services } = random.pick(known);
    const [namespace = '', name = ''] = key.split('/');
    const isUnknown = index % 5 === 0;
    const tags = isUnknown ? null : services.map((service) => `kube_service:${service}`);
    return {
      path: perPodPath({ node, namespace, name: isUnknown ? `job-${random.suffix(5)}` : name }),
      expectation: { kind: 'text', text: JSON.stringify(tags) },
    };
  });
  const metrics = Array.from({ length: metricCount }, (_, index): Question => {
    const path = `/apis/external.metrics.k8s.io/v1beta1/namespaces/${metricsNamespace}/bench.queue_${index}`;
    return { path, expectation: { kind: 'value', value: `${index}` } };
  });
  return { perNode, perPod, metrics };
}

/** Resolves to how many changes were made. */
async function changeSteadily(large: LargeCluster, perSecond: number, seconds: number): Promise<number> {
  const startedAtMs = performance.now();
  const count = Math.round(perSecond * seconds);
  for (let made = 0; made < count; await sleep(1)) {
    const due = Math.min(count, ((performance.now() - startedAtMs) * perSecond) / 1000);
    for (; made < due; made += 1) large.change();
  }
  return count;
}

function toSpans(cluster: ClusterSimulator): readonly ListSpan[] {
  const spans: { fromMs: number; untilMs: number }[] = [];
  for (const { url, namespace, atMonotonicMs } of cluster.requests({
    verb: 'list',
    resource: 'endpointslices',
  })) {
    // Those of one namespace, and a look whether there are any, are not what is meant.
    if (namespace !== '' || /[?&]limit=1(&|$)/.test(url)) continue;
    const atMs = performance.timeOrigin + atMonotonicMs;
    const last = spans.at(-1);
    if (last !== undefined && url.includes('continue=')) last.untilMs = atMs;
    else spans.push({ fromMs: atMs, untilMs: atMs });
  }
  return spans;
}

serve(clusterCalls());
