import { setTimeout as sleep } from 'node:timers/promises';
import { autoscaler as autoscalerOf } from '../../simulator/autoscaler.js';
import type { ObjectDraft } from '../../simulator/cluster/object.js';
import type { Answer, DirectClient } from '../../simulator/direct-client.js';
import { type ReplicaChoices, type SimulatedReplica, StandIns } from '../../simulator/stand-ins.js';

export const namespace = 'shop';

/** An autoscaler of the scenes' namespace that asks for one external metric. */
export function autoscaler(name: string, metric: string, selector?: object): ObjectDraft {
  return autoscalerOf({ namespace, name, metric: { name: metric, ...(selector ? { selector } : {}) } });
}

/** The product between the stand-ins, with a client to each replica. */
export class Scene {
  readonly standIns = new StandIns();
  readonly #clients: DirectClient[] = [];

  async start(): Promise<void> {
    await this.standIns.start();
  }

  async replica(
    choices: Partial<ReplicaChoices> = {},
  ): Promise<{ readonly replica: SimulatedReplica; readonly client: DirectClient }> {
    const replica = this.standIns.startReplica({ name: `dca-${this.#clients.length}`, ...choices });
    await this.standIns.untilReady(replica, new AbortController().signal);
    return { replica, client: this.client(replica) };
  }

  client(replica: SimulatedReplica): DirectClient {
    const client = this.standIns.client(replica);
    this.#clients.push(client);
    return client;
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.standIns.stop();
  }
}

/** The first answer for which `isWanted` holds; throws with the last one when that takes too long. */
export async function untilAnswer(
  client: DirectClient,
  path: string,
  isWanted: (answer: Answer) => boolean,
  timeoutMs = 8_000,
): Promise<Answer> {
  let last: Answer | undefined;
  for (const startedAtMs = performance.now(); performance.now() - startedAtMs < timeoutMs; await sleep(20)) {
    last = await client.get(path);
    if (isWanted(last)) return last;
  }
  throw new Error(
    `no such answer to ${path} within ${timeoutMs} ms; the last was ${last?.status} ${last?.body}`,
  );
}

export function metricPath(name: string, labelSelector?: string): string {
  const query = labelSelector === undefined ? '' : `?${new URLSearchParams({ labelSelector }).toString()}`;
  return `/apis/external.metrics.k8s.io/v1beta1/namespaces/${namespace}/${name}${query}`;
}

export async function until(what: string, isSo: () => boolean, timeoutMs = 8_000): Promise<void> {
  for (const startedAtMs = performance.now(); !isSo(); await sleep(20)) {
    if (performance.now() - startedAtMs > timeoutMs)
      throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
  }
}
