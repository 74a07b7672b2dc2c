import type { LabelSelector } from '../core/selector.js';
import {
  fieldAt,
  isJsonObject,
  type JsonObject,
  type KubeObject,
  listAt,
  numberAt,
  objectAt,
  textAt,
  textsAt,
} from './cluster/object.js';
import { parseMilli } from './hpa-quantity.js';

/** What the simulated controller reads of a HorizontalPodAutoscaler. */
export interface HpaSpec {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly deployment: string;
  readonly min: number;
  readonly max: number;
  readonly metrics: readonly HpaMetric[];
  /** How long a higher recommendation holds off a lower one. */
  readonly scaleDownWindowMs: number;
}

export interface HpaMetric {
  readonly name: string;
  readonly selector: LabelSelector | undefined;
  /** `undefined` for a metric that the simulated controller does not know how to read. */
  readonly target: { readonly type: 'AverageValue' | 'Value'; readonly milli: bigint } | undefined;
}

const defaultScaleDownWindowSeconds = 300;

export function toHpaSpec(hpa: KubeObject): HpaSpec {
  const window = numberAt(hpa, 'spec', 'behavior', 'scaleDown', 'stabilizationWindowSeconds');
  return {
    namespace: hpa.metadata.namespace ?? '',
    name: hpa.metadata.name,
    uid: hpa.metadata.uid,
    deployment: textAt(hpa, 'spec', 'scaleTargetRef', 'name') ?? '',
    min: numberAt(hpa, 'spec', 'minReplicas') ?? 1,
    max: numberAt(hpa, 'spec', 'maxReplicas') ?? 1,
    metrics: listAt(hpa, 'spec', 'metrics').map(toMetric),
    scaleDownWindowMs: (window ?? defaultScaleDownWindowSeconds) * 1000,
  };
}

function toMetric(metric: unknown): HpaMetric {
  const external = objectAt(metric, 'external');
  const selector = fieldAt(external, 'metric', 'selector');
  return {
    name: textAt(external, 'metric', 'name') ?? textAt(metric, 'type') ?? '',
    selector: isJsonObject(selector) ? toLabelSelector(selector) : undefined,
    target: toTarget(external),
  };
}

/** An AverageValue counts before a Value, as in the real controller. */
function toTarget(external: JsonObject): HpaMetric['target'] {
  const average = quantityAt(external, 'averageValue');
  if (average !== undefined) return { type: 'AverageValue', milli: average };
  const value = quantityAt(external, 'value');
  return value === undefined ? undefined : { type: 'Value', milli: value };
}

/** A quantity in JSON may be a text or a plain number. */
function quantityAt(external: JsonObject, field: string): bigint | undefined {
  const value = fieldAt(external, 'target', field);
  return typeof value === 'string' || typeof value === 'number' ? parseMilli(String(value)) : undefined;
}

function toLabelSelector(selector: JsonObject): LabelSelector {
  return {
    matchLabels: textsAt(selector, 'matchLabels'),
    matchExpressions: listAt(selector, 'matchExpressions').map((expression) => ({
      key: textAt(expression, 'key') ?? '',
      operator: textAt(expression, 'operator') ?? '',
      values: listAt(expression, 'values').filter((value): value is string => typeof value === 'string'),
    })),
  };
}
