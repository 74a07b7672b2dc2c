import { toObject, toText, valueAt } from './json.js';
import { parseQuantity } from './quantity.js';

/** What a HorizontalPodAutoscaler says of its size: what it may be, is, and shall be. */
export interface Scale {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly currentReplicas: number | undefined;
  readonly desiredReplicas: number | undefined;
  /** The targets of its External metrics, in their order. */
  readonly targets: readonly ScaleTarget[];
  /** Conditions that are not as they should be, at most `maxConditions`, in the controller's words. */
  readonly troubles: readonly string[];
}

/** What a metric shall come to: in all, or divided by the replicas. */
export interface ScaleTarget {
  /** The metric's name as written, to tell targets apart from metrics that could not be understood. */
  readonly metric: string;
  readonly kind: 'Value' | 'AverageValue';
  readonly value: number;
}

const maxConditions = 4;
const longestTrouble = 300;

/** Reads spec and status of a HorizontalPodAutoscaler; whatever is malformed in it is left out. */
export function parseScale(object: unknown): Scale {
  const spec = valueAt(object, 'spec');
  const status = valueAt(object, 'status');
  return {
    minReplicas: toCount(valueAt(spec, 'minReplicas')) ?? 1,
    maxReplicas: toCount(valueAt(spec, 'maxReplicas')) ?? 1,
    currentReplicas: toCount(valueAt(status, 'currentReplicas')),
    desiredReplicas: toCount(valueAt(status, 'desiredReplicas')),
    targets: toList(valueAt(spec, 'metrics')).flatMap(toTarget),
    troubles: toList(valueAt(status, 'conditions')).flatMap(toTrouble).slice(0, maxConditions),
  };
}

function toTarget(source: unknown): readonly ScaleTarget[] {
  if (valueAt(source, 'type') !== 'External') return [];
  const metric = toText(valueAt(source, 'external', 'metric', 'name'));
  const target = valueAt(source, 'external', 'target');
  const kind = valueAt(target, 'type');
  if (metric === undefined || (kind !== 'Value' && kind !== 'AverageValue')) return [];
  const value = parseQuantity(valueAt(target, kind === 'Value' ? 'value' : 'averageValue'));
  return value === undefined ? [] : [{ metric, kind, value }];
}

/** `ScalingLimited` is no trouble when it is false; the others are. */
function toTrouble(condition: unknown): readonly string[] {
  const type = toText(valueAt(condition, 'type'));
  const wanted = type === 'ScalingLimited' ? 'False' : 'True';
  if (toObject(condition) === undefined || type === undefined || valueAt(condition, 'status') === wanted)
    return [];
  const message = toText(valueAt(condition, 'message')) ?? toText(valueAt(condition, 'reason')) ?? '';
  return [`${type}: ${message}`.slice(0, longestTrouble)];
}

function toCount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined;
}

function toList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
