import type { FaultWorld } from './world.js';

/** An autoscaler that a scenario made for a metric of its own. */
export interface OwnAutoscaler {
  /** Whether the metric has an entry in a ConfigMap's data. */
  isStored(data: Readonly<Record<string, string>>): boolean;
  remove(): Promise<void>;
}

const path = '/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers';

/** Creates one whose workload does not exist, so that the HPA controller leaves it alone. */
export async function autoscalerFor({ cluster }: FaultWorld, metric: string): Promise<OwnAutoscaler> {
  const name = metric.replaceAll(/[._]/g, '-');
  const target = { type: 'AverageValue', averageValue: '1' };
  const body = {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name, namespace: 'shop' },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'nowhere' },
      minReplicas: 1,
      maxReplicas: 2,
      metrics: [{ type: 'External', external: { metric: { name: metric }, target } }],
    },
  };
  const { status, body: answer } = await cluster.send('POST', path, { body });
  if (status !== 201) throw new Error(`the autoscaler ${name} was not created: ${status} ${answer}`);
  return {
    isStored: (data) =>
      Object.keys(data).some((key) =>
        key.startsWith(`metric.shop.${metric}.`.toLowerCase().replaceAll('-', '_')),
      ),
    remove: async () => {
      await cluster.send('DELETE', `${path}/${name}`);
    },
  };
}
