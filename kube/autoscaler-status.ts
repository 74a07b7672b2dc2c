import type { AutoscalerStatus, ExternalMetricStatus, StatusCondition } from '../core/autoscaler-status.js';
import { Fault } from '../core/fault.js';
import { fail, ok, type Result } from '../core/result.js';
import { type KubeApi, resourcePath } from './api.js';
import { parseMetric } from './autoscaler-spec.js';
import { toText, valueAt } from './json.js';

/** The wanted version first. */
const versions = ['v2', 'v2beta2'] as const;
/** A person waits. */
const timeoutMs = 3_000;
const defaultTolerance = 0.1;

/** Reads single HPAs with their status. By a list of one, since the right to list is the one that the server has. */
export class AutoscalerStatuses {
  readonly #client: KubeApi;

  constructor(ports: { readonly client: KubeApi }) {
    this.#client = ports.client;
  }

  /** `undefined`: there is none. Faults: the client's. */
  async read(
    place: { readonly namespace: string; readonly name: string },
    signal: AbortSignal,
  ): Promise<Result<AutoscalerStatus | undefined, Fault>> {
    const fieldSelector = `metadata.name=${place.name}`;
    let last: Result<unknown, Fault> | undefined;
    for (const version of versions) {
      const kind = { api: `/apis/autoscaling/${version}`, resource: 'horizontalpodautoscalers' };
      const path = resourcePath(kind, { namespace: place.namespace });
      last = await this.#client.request('GET', path, { query: { fieldSelector }, timeoutMs }, signal);
      if (last.ok || last.error.code !== 'kube.not_found') break;
    }
    if (last === undefined || !last.ok) return last ?? fail(new Fault('kube.not_found', 'no version'));
    // A name that means something in a path or a selector must not lead to the HPA of somebody else.
    const object = listAt(last.value, 'items').find(
      (item) =>
        valueAt(item, 'metadata', 'name') === place.name &&
        valueAt(item, 'metadata', 'namespace') === place.namespace,
    );
    return ok(object === undefined ? undefined : parseAutoscalerStatus(object, place));
  }
}

/** An HPA of `autoscaling/v2` or `v2beta2`. What its status does not say yet is left out. */
export function parseAutoscalerStatus(
  object: unknown,
  place: { readonly namespace: string; readonly name: string },
): AutoscalerStatus {
  const metrics = listAt(object, 'spec', 'metrics');
  const external = metrics.filter((metric) => valueAt(metric, 'type') === 'External');
  const seen = listAt(object, 'status', 'currentMetrics');
  return {
    ...place,
    minReplicas: numberAt(object, 'spec', 'minReplicas') ?? 1,
    maxReplicas: numberAt(object, 'spec', 'maxReplicas') ?? 0,
    externalMetrics: external.map((metric) => toExternalMetric(metric, seen)),
    otherMetrics: metrics.length - external.length,
    tolerance: { up: toleranceOf(object, 'scaleUp'), down: toleranceOf(object, 'scaleDown') },
    conditions: toConditions(object),
    currentReplicas: numberAt(object, 'status', 'currentReplicas'),
    desiredReplicas: numberAt(object, 'status', 'desiredReplicas'),
  };
}

/** The conditions of an object's status, in their order. */
export function toConditions(object: unknown): readonly StatusCondition[] {
  return listAt(object, 'status', 'conditions').flatMap((condition) => {
    const type = toText(valueAt(condition, 'type'));
    const status = valueAt(condition, 'status');
    if (type === undefined) return [];
    return {
      type,
      status: status === 'True' || status === 'False' ? status : 'Unknown',
      reason: toText(valueAt(condition, 'reason')) ?? '',
      message: toText(valueAt(condition, 'message')) ?? '',
    };
  });
}

function toExternalMetric(metric: unknown, seen: readonly unknown[]): ExternalMetricStatus {
  const source = valueAt(metric, 'external', 'metric');
  const target = valueAt(metric, 'external', 'target');
  const current = currentOf(source, seen);
  return {
    spec: parseMetric(source),
    target:
      toTarget('AverageValue', valueAt(target, 'averageValue')) ??
      toTarget('Value', valueAt(target, 'value')),
    current: toText(valueAt(current, 'averageValue')) ?? toText(valueAt(current, 'value')),
  };
}

function toTarget(type: 'AverageValue' | 'Value', quantity: unknown): ExternalMetricStatus['target'] {
  const text = toText(quantity);
  return text === undefined ? undefined : { type, quantity: text };
}

/** The controller repeats name and selector as the spec has them. */
function currentOf(source: unknown, seen: readonly unknown[]): unknown {
  const isSame = (status: unknown): boolean =>
    valueAt(status, 'external', 'metric', 'name') === valueAt(source, 'name') &&
    JSON.stringify(valueAt(status, 'external', 'metric', 'selector') ?? null) ===
      JSON.stringify(valueAt(source, 'selector') ?? null);
  return valueAt(seen.find(isSame), 'external', 'current');
}

function toleranceOf(object: unknown, direction: 'scaleUp' | 'scaleDown'): number {
  const text = toText(valueAt(object, 'spec', 'behavior', direction, 'tolerance'));
  const match = text === undefined ? null : /^(\d*\.?\d+)(m?)$/.exec(text);
  return match === null ? defaultTolerance : Number(match[1]) / (match[2] === 'm' ? 1000 : 1);
}

function listAt(value: unknown, ...fields: readonly string[]): readonly unknown[] {
  const list = valueAt(value, ...fields);
  return Array.isArray(list) ? list : [];
}

function numberAt(value: unknown, ...fields: readonly string[]): number | undefined {
  const number = valueAt(value, ...fields);
  return typeof number === 'number' ? number : undefined;
}
