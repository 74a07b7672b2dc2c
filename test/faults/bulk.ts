import type { FaultWorld } from './world.js';

/** A metric among thousands; its value tells which one it is. */
export interface BulkMetric {
  readonly index: number;
  readonly name: string;
  readonly matchLabels: Readonly<Record<string, string>>;
}

export const bulkNamespace = 'bulk';
const metricsPerAutoscaler = 10;
const names = 50;
/** The longest value that a label may have. */
const longest = 63;

const autoscalersPath = `/apis/autoscaling/v2/namespaces/${bulkNamespace}/horizontalpodautoscalers`;

export function bulkMetrics(count: number): readonly BulkMetric[] {
  return Array.from({ length: count }, (_, index) => ({
    index,
    name: `bulk.requests_waiting_in_queue.${index % names}`,
    matchLabels: {
      instance_of_the_workload: `${index}`.padStart(longest, 'i'),
      team_that_answers_for_it: 'team-'.padEnd(longest, 't'),
      where_it_runs: 'zone-'.padEnd(longest, 'z'),
    },
  }));
}

export function numberOf({ index }: BulkMetric): number {
  return index + 1;
}

/** Lets Datadog have them, each by its tags. */
export function shapeBulk({ datadogs }: FaultWorld, metrics: readonly BulkMetric[]): void {
  for (const metric of metrics) {
    const tags = Object.entries(metric.matchLabels).map(([key, value]) => `${key}:${value}`);
    datadogs.shape(metric.name, tags, () => numberOf(metric));
  }
}

export function forgetBulk({ datadogs }: FaultWorld, metrics: readonly BulkMetric[]): void {
  for (const name of new Set(metrics.map((metric) => metric.name))) datadogs.remove(name);
}

/** Creates autoscalers for them, ten metrics each. Their workloads do not exist: the HPA controller stops at that. */
export async function askForBulk({ cluster }: FaultWorld, metrics: readonly BulkMetric[]): Promise<void> {
  const starts = Array.from({ length: Math.ceil(metrics.length / metricsPerAutoscaler) }, (_, one) => one);
  const create = async (one: number): Promise<void> => {
    const body = autoscaler(one, metrics.slice(one * metricsPerAutoscaler, (one + 1) * metricsPerAutoscaler));
    const { status, body: answer } = await cluster.send('POST', autoscalersPath, { body, timeoutMs: 30_000 });
    if (status !== 201) throw new Error(`an autoscaler was not created: ${status} ${answer}`);
  };
  for (let from = 0; from < starts.length; from += 8)
    await Promise.all(starts.slice(from, from + 8).map(create));
}

/** Deletes them all. */
export async function ceaseToAsk({ cluster }: FaultWorld): Promise<void> {
  const { status, body } = await cluster.send('DELETE', autoscalersPath, { timeoutMs: 60_000 });
  if (status !== 200) throw new Error(`the autoscalers were not deleted: ${status} ${body}`);
}

/** Asks a replica for each of them; how many it answers with their own value. */
export async function countServed(
  world: FaultWorld,
  replica: string,
  metrics: readonly BulkMetric[],
): Promise<number> {
  const client = world.fleet.client(replica);
  if (client === undefined) throw new Error(`${replica} cannot be asked`);
  let served = 0;
  for (let from = 0; from < metrics.length; from += 8) {
    const replies = await Promise.all(
      metrics
        .slice(from, from + 8)
        .map(async (metric) => ({ metric, ...(await client.get(pathOf(metric))) })),
    );
    served += replies.filter(
      ({ status, body, metric }) => status === 200 && body.includes(quantity(metric)),
    ).length;
  }
  return served;
}

function pathOf({ name, matchLabels }: BulkMetric): string {
  const selector = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`);
  const query = `labelSelector=${encodeURIComponent(selector.join(','))}`;
  return `/apis/external.metrics.k8s.io/v1beta1/namespaces/${bulkNamespace}/${name}?${query}`;
}

function quantity(metric: BulkMetric): string {
  const value = numberOf(metric);
  return `"value":"${value % 1000 === 0 ? `${value / 1000}k` : value}"`;
}

function autoscaler(one: number, metrics: readonly BulkMetric[]): object {
  const target = { type: 'AverageValue', averageValue: '1' };
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: `bulk-${one}`, namespace: bulkNamespace },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'nowhere' },
      minReplicas: 1,
      maxReplicas: 2,
      metrics: metrics.map(({ name, matchLabels }) => ({
        type: 'External',
        external: { metric: { name, selector: { matchLabels } }, target },
      })),
    },
  };
}
