import { versions } from 'node:process';
import type { Fault } from '../../core/fault.js';
import { clockToleranceMs, type ForeignClock } from '../../core/foreign-clock.js';
import type { KubeApi } from '../../kube/api.js';
import { toText, valueAt } from '../../kube/json.js';
import { type Finding, findingsOf } from './finding.js';

const topic = findingsOf('Kubernetes');
const clockTopic = findingsOf('Clocks');

/** What the product is tested with; older ones have all it needs down to the release that brought `autoscaling/v2`. */
const oldestTestedMinor = 27;
const oldestNode = [20, 19] as const;

/** The one thing that all other looks at the cluster need; `undefined` when it answers. */
export async function checkReach(client: KubeApi, signal: AbortSignal): Promise<readonly Finding[]> {
  const version = await client.request('GET', '/version', {}, signal);
  if (!version.ok) return [unreachable(version.error)];
  const text = toText(valueAt(version.value, 'gitVersion')) ?? 'of unknown version';
  const minor = Number.parseInt(toText(valueAt(version.value, 'minor')) ?? '', 10);
  if (minor >= oldestTestedMinor) return [topic.ok(`the API server answers; it is ${text}`)];
  return [
    topic.warning(
      `the API server answers; it is ${text}, and this program is tested with 1.${oldestTestedMinor} and later`,
      'update the cluster, or try it out with care',
    ),
  ];
}

export async function checkAutoscaling(client: KubeApi, signal: AbortSignal): Promise<readonly Finding[]> {
  const served = await client.request('GET', '/apis/autoscaling/v2', {}, signal);
  if (served.ok) return [topic.ok('autoscaling/v2 is served')];
  if (served.error.code !== 'kube.not_found') return [unreachable(served.error)];
  return [
    topic.failed(
      'autoscaling/v2 is not served, by which autoscalers are read',
      'it came with Kubernetes 1.23: update the cluster',
    ),
  ];
}

/** The platform that this command itself runs on, which in a pod is that of the service. */
export function checkNode(): Finding {
  const [major = 0, minor = 0] = versions.node.split('.').map(Number);
  const isNew = major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1]);
  return isNew
    ? topic.ok(`this runs on Node.js ${versions.node}`)
    : topic.failed(`this runs on Node.js ${versions.node}`, `take ${oldestNode.join('.')} or later`);
}

/** How this machine's clock stands to the clocks of those that have answered. */
export function checkClocks(others: readonly ForeignClock[]): readonly Finding[] {
  return others.map((other) => {
    if (other.nowMs() === undefined)
      return clockTopic.skipped(
        `${other.whose} clock is unknown: no answer came that tells the time`,
        'see to it that it answers',
      );
    const aheadMs = other.aheadMs();
    if (aheadMs === 0)
      return clockTopic.ok(`this clock and ${other.whose} differ by less than ${clockToleranceMs / 1000} s`);
    const seconds = Math.round(Math.abs(aheadMs) / 1000);
    return clockTopic.warning(
      `this clock is ${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} ${other.whose}`,
      'let the node keep its time by NTP; metrics are judged by their age, and certificates by the date',
    );
  });
}

function unreachable(fault: Fault): Finding {
  return topic.failed(
    `the API server does not answer: ${fault.message}`,
    'check the kubeconfig (--kubeconfig), or in a pod the service account, and that the network lets us reach it',
  );
}
