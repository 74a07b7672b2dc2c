import { stringify } from 'yaml';
import type { Config } from '../../config/load.js';
import { type KubeApi, type ResourceKind, resourcePath } from '../../kube/api.js';
import { toObject, valueAt } from '../../kube/json.js';
import { shardName } from '../../metricsstore/shard-content.js';
import { shardLimits } from '../../wiring/external-metrics.js';
import { apiServicePath } from '../check/registration.js';
import { locks } from '../check/rights.js';
import type { Part } from './part.js';

/** The objects of Kubernetes that are ours, and the autoscalers that ask for external metrics, as YAML. No Secret is read. */
export function clusterParts(
  client: KubeApi,
  { kubernetes: { namespace }, externalMetrics, leaderElection, events }: Config,
  signal: AbortSignal,
): readonly Part[] {
  const read = async (path: string): Promise<unknown> => {
    const answer = await client.request('GET', path, {}, signal);
    if (!answer.ok) throw answer.error;
    return answer.value;
  };
  const object = (file: string, path: string): Part => ({
    path: `kubernetes/${file}.yaml`,
    read: async () => yaml(await read(path)),
  });
  const configMap = (name: string): string => resourcePath(configMaps, { namespace, name });
  return [
    object('apiservice', apiServicePath),
    ...locks[leaderElection.resource].map(({ group, resource }) =>
      object(
        `${resource === 'endpoints' ? resource : resource.slice(0, -1)}-${leaderElection.leaseName}`,
        resourcePath(
          { api: group === '' ? '/api/v1' : `/apis/${group}/v1`, resource },
          { namespace, name: leaderElection.leaseName },
        ),
      ),
    ),
    object('configmap-datadog-cluster-id', configMap('datadog-cluster-id')),
    ...(events.collect ? [object(`configmap-${events.tokenName}`, configMap(events.tokenName))] : []),
    {
      path: 'kubernetes/horizontalpodautoscalers.yaml',
      read: async () =>
        yaml(withExternalMetrics(await read('/apis/autoscaling/v2/horizontalpodautoscalers'))),
    },
    {
      path: `kubernetes/configmap-${externalMetrics.configMapName}.yaml`,
      read: () => readShards((index) => read(configMap(shardName(externalMetrics.configMapName, index)))),
    },
  ];
}

const configMaps: ResourceKind = { api: '/api/v1', resource: 'configmaps' };

/** The ConfigMaps of the metrics, one after another, up to the first that is missing. */
async function readShards(read: (index: number) => Promise<unknown>): Promise<string> {
  const documents = [yaml(await read(0))];
  for (let index = 1; index < shardLimits.maxShards; index += 1) {
    try {
      documents.push(yaml(await read(index)));
    } catch {
      // What is missing ends the row; the first one has told of any other trouble.
      break;
    }
  }
  return documents.join('---\n');
}

function withExternalMetrics(list: unknown): unknown {
  const items = valueAt(list, 'items');
  const all: readonly unknown[] = Array.isArray(items) ? items : [];
  return all.filter((item) => {
    const metrics = valueAt(item, 'spec', 'metrics');
    return Array.isArray(metrics) && metrics.some((one) => valueAt(one, 'type') === 'External');
  });
}

/** Lines are not folded, so that the scrubber sees each value whole. */
function yaml(value: unknown): string {
  const object = toObject(value);
  const metadata = toObject(object?.['metadata']);
  const shown =
    object === undefined || metadata === undefined
      ? value
      : { ...object, metadata: { ...metadata, managedFields: undefined } };
  return stringify(shown, { lineWidth: 0 });
}
