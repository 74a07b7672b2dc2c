import { badRequest, conflict } from './api-error.js';
import { type JsonObject, type KubeObject, numberAt, objectAt, textAt, textsAt } from './object.js';

/** The `autoscaling/v1` Scale of a workload: what `/scale` shows. */
export function toScale(workload: KubeObject): JsonObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = workload.metadata;
  const selector = Object.entries(textsAt(workload, 'spec', 'selector', 'matchLabels'))
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: numberAt(workload, 'spec', 'replicas') ?? 1 },
    status: {
      replicas: numberAt(workload, 'status', 'replicas') ?? 0,
      ...(selector === '' ? {} : { selector }),
    },
  };
}

/** The workload with the replicas that a written Scale asks for; a stale Scale is a conflict. */
export function fromScale(workload: KubeObject, scale: unknown): JsonObject {
  const replicas = numberAt(scale, 'spec', 'replicas') ?? 0;
  if (!Number.isInteger(replicas) || replicas < 0)
    throw badRequest('spec.replicas: must be greater than or equal to 0');
  const expected = textAt(scale, 'metadata', 'resourceVersion') ?? '';
  if (expected !== '' && expected !== workload.metadata.resourceVersion) {
    throw conflict({ group: 'apps', resource: 'deployments', name: workload.metadata.name });
  }
  return { ...workload, spec: { ...objectAt(workload, 'spec'), replicas } };
}
