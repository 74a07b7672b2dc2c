import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from './client.js';

/** An autoscaler of the storm asks for a metric of its own, and for another one once it was edited. */
export interface Asked {
  readonly namespace: string;
  readonly metric: string;
}

export interface StormOptions {
  readonly autoscalers: number;
  readonly seconds: number;
}

export const stormNamespaces = ['storm-a', 'storm-b'] as const;
/** One in so many is left when the storm is over. */
const leftOneIn = 5;
/** From the creation of an autoscaler to its edit, and again to its deletion. */
const stepMs = 3_000;

/** All metrics that autoscalers of a storm of this size may ask for. */
export function stormMetrics({ autoscalers }: StormOptions): readonly string[] {
  return Array.from({ length: autoscalers }, (_, index) => [
    metricOf(index, false),
    metricOf(index, true),
  ]).flat();
}

/** How many exist at one time, at most. */
export function mostAtOnce({ autoscalers, seconds }: StormOptions): number {
  const passing = ((autoscalers / seconds) * 2 * stepMs) / 1_000;
  return Math.min(autoscalers, Math.ceil(passing + autoscalers / leftOneIn));
}

/**
 * Creates autoscalers at an even pace, edits each a little later, and deletes four of five of them later still. Returns
 * what those that are left ask for.
 */
export async function raiseStorm(cluster: Client, options: StormOptions): Promise<readonly Asked[]> {
  const { autoscalers, seconds } = options;
  const startedAtMs = Date.now();
  const lives: Promise<void>[] = [];
  for (let index = 0; index < autoscalers; index += 1) {
    await sleep(Math.max(0, startedAtMs + (index * seconds * 1_000) / autoscalers - Date.now()));
    lives.push(live(cluster, index));
  }
  await Promise.all(lives);
  return Array.from({ length: autoscalers }, (_, index) => index)
    .filter(isLeft)
    .map((index) => ({ namespace: namespaceOf(index), metric: metricOf(index, true) }));
}

/** Takes away all that is left. */
export async function calmStorm(cluster: Client): Promise<void> {
  for (const namespace of stormNamespaces) await send(cluster, 'DELETE', pathIn(namespace));
}

async function live(cluster: Client, index: number): Promise<void> {
  const namespace = namespaceOf(index);
  const path = `${pathIn(namespace)}/${nameOf(index)}`;
  await send(cluster, 'POST', pathIn(namespace), autoscaler(index));
  await sleep(stepMs);
  await send(cluster, 'PATCH', path, { spec: { metrics: metricsOf(index, true) } });
  await sleep(stepMs);
  if (!isLeft(index)) await send(cluster, 'DELETE', path);
}

async function send(cluster: Client, method: string, path: string, body?: object): Promise<void> {
  const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  const sending = { contentType, timeoutMs: 20_000 };
  const reply = await cluster.send(method, path, body === undefined ? sending : { ...sending, body });
  if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.status} ${reply.body}`);
}

/** Its workload does not exist: the HPA controller stops at that, and the storm is ours alone. */
function autoscaler(index: number): object {
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: nameOf(index), namespace: namespaceOf(index) },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'nowhere' },
      minReplicas: 1,
      maxReplicas: 2,
      metrics: metricsOf(index, false),
    },
  };
}

function metricsOf(index: number, isEdited: boolean): readonly object[] {
  const target = { type: 'AverageValue', averageValue: '1' };
  return [{ type: 'External', external: { metric: { name: metricOf(index, isEdited) }, target } }];
}

function metricOf(index: number, isEdited: boolean): string {
  return `${isEdited ? 'storm.edited' : 'storm.created'}.${index}`;
}

function nameOf(index: number): string {
  return `storm-${index}`;
}

function namespaceOf(index: number): string {
  return stormNamespaces[index % stormNamespaces.length] ?? stormNamespaces[0];
}

function pathIn(namespace: string): string {
  return `/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers`;
}

function isLeft(index: number): boolean {
  return index % leftOneIn === 0;
}
