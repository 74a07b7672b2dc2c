import type { Shape } from '../../simulator/datadog-shapes.js';

/** A metric that the readers ask for all the time; its values say of themselves which point they are. */
export interface WatchedMetric {
  /** From 1; the one thing that its values cannot share with those of another metric. */
  readonly index: number;
  readonly namespace: string;
  readonly name: string;
  readonly tags: readonly string[];
  readonly matchLabels: Readonly<Record<string, string>>;
}

/** A point of Datadog's: whose it is, and of when. */
export interface PointIdentity {
  readonly index: number;
  readonly observedAtMs: number;
}

/** Room for 115 days of seconds below the metric's index. */
const room = 10_000_000;
const epochSeconds = Math.floor(Date.now() / 1000) - 1_000_000;

/** Twins in two namespaces ask for the same thing, so that a value of the one must never be added to the other's. */
export const watchedMetrics: readonly WatchedMetric[] = [
  { index: 1, namespace: 'shop', name: 'queue.depth', tags: ['queue:jobs'], matchLabels: { queue: 'jobs' } },
  { index: 1, namespace: 'mail', name: 'queue.depth', tags: ['queue:jobs'], matchLabels: { queue: 'jobs' } },
  { index: 2, namespace: 'shop', name: 'queue.depth', tags: ['queue:mail'], matchLabels: { queue: 'mail' } },
  { index: 3, namespace: 'shop', name: 'web.requests', tags: [], matchLabels: {} },
];

/** Every second of every metric has a value of its own. */
export function shapeOf({ index }: WatchedMetric): Shape {
  return (timeSeconds) => index * room + Math.floor(timeSeconds) - epochSeconds;
}

/** Which point a served value is; `undefined` for one that Datadog never had. */
export function pointOf(value: number): PointIdentity | undefined {
  if (!Number.isSafeInteger(value) || value < room) return undefined;
  return { index: Math.floor(value / room), observedAtMs: ((value % room) + epochSeconds) * 1000 };
}

/** The target at which an autoscaler wants `index + 1` replicas. */
export const averageValue = String(room);

/** Where Kubernetes asks for the metric. */
export function pathOf({ namespace, name, matchLabels }: WatchedMetric): string {
  const selector = Object.entries(matchLabels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
  return `/apis/external.metrics.k8s.io/v1beta1/namespaces/${namespace}/${name}?labelSelector=${encodeURIComponent(selector)}`;
}
