import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from './client.js';
import type { Recorder } from './recorder.js';

export const apiServicePath = '/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.external.metrics.k8s.io';
const autoscalersPath = '/apis/autoscaling/v2/horizontalpodautoscalers?limit=50';

interface Conditioned {
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
  readonly spec?: { readonly caBundle?: string };
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly message?: string;
    }[];
  };
}

/** Looks at the registration four times a second, and tells what clients are to trust. */
export async function watchRegistration(
  cluster: Client,
  recorder: Recorder,
  { onBundle, signal }: { readonly onBundle: (caPem: string) => void; readonly signal: AbortSignal },
): Promise<void> {
  for (; !signal.aborted; await sleep(250)) {
    const object = await read(cluster, apiServicePath);
    if (object === undefined) continue;
    const bundle = object.spec?.caBundle;
    if (bundle !== undefined) onBundle(Buffer.from(bundle, 'base64').toString());
    record(recorder, 'APIService', object, 'Available');
  }
}

/** Looks at all autoscalers each second: what their users would read there. */
export async function watchAutoscalers(
  cluster: Client,
  recorder: Recorder,
  signal: AbortSignal,
): Promise<void> {
  for (; !signal.aborted; await sleep(1_000)) {
    const list = (await read(cluster, autoscalersPath)) as
      | { readonly items?: readonly Conditioned[] }
      | undefined;
    for (const item of list?.items ?? [])
      record(recorder, `hpa ${item.metadata?.namespace}/${item.metadata?.name}`, item, 'ScalingActive');
  }
}

async function read(cluster: Client, path: string): Promise<Conditioned | undefined> {
  try {
    return (await cluster.json(path)) as Conditioned;
  } catch {
    return undefined; // kube-apiserver is away: a scenario of its own
  }
}

function record(recorder: Recorder, of: string, object: Conditioned, type: string): void {
  const condition = object.status?.conditions?.find((other) => other.type === type);
  if (condition === undefined) return;
  recorder.condition({ of, atMs: Date.now(), status: condition.status, message: condition.message ?? '' });
}
