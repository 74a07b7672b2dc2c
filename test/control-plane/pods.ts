import { type Kubectl, outputOf } from './kubectl.js';

/**
 * Makes all pods of a selector look as a kubelet would leave them once they serve: phase Running, condition
 * Ready. No kubelet runs here, and an HPA with a `Value` target multiplies by the pods that are exactly so.
 * Pods that are ready, are being deleted, or vanish meanwhile are left alone, so that it may be called at any
 * time and as often as wanted: each scaling up makes new pods that need it. Returns how many it made ready.
 */
export async function markPodsReady(
  kubectl: Kubectl,
  namespace: string,
  labelSelector: string,
): Promise<number> {
  const listed = await outputOf(kubectl, ['get', 'pods', '-n', namespace, '-l', labelSelector, '-o', 'json']);
  const waiting = parsePods(listed).filter((pod) => !pod.isReady && !pod.isLeaving);
  const patch = JSON.stringify({ status: readyStatus(new Date()) });
  let made = 0;
  for (const { name } of waiting) {
    const args = [
      'patch',
      'pod',
      name,
      '-n',
      namespace,
      '--subresource=status',
      '--type=strategic',
      '-p',
      patch,
    ];
    const { code, stderr } = await kubectl(args);
    if (code === 0) made += 1;
    else if (!stderr.includes('(NotFound)')) throw new Error(`pod ${namespace}/${name}: ${stderr.trim()}`);
  }
  return made;
}

interface PodView {
  readonly name: string;
  readonly isReady: boolean;
  readonly isLeaving: boolean;
}

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
    readonly status?: {
      readonly phase?: string;
      readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    };
  }[];
}

function parsePods(json: string): PodView[] {
  const { items } = JSON.parse(json) as PodList;
  return items.map(({ metadata, status }) => ({
    name: metadata.name,
    isLeaving: metadata.deletionTimestamp !== undefined,
    isReady:
      status?.phase === 'Running' &&
      (status.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True'),
  }));
}

function readyStatus(now: Date): object {
  const instant = now.toISOString();
  return {
    phase: 'Running',
    startTime: instant,
    conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: instant }],
  };
}
