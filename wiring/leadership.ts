import type { LockResource } from '../config/kubernetes-settings.js';
import { type Clock, deadline } from '../core/clock.js';
import { AnnotationLockBox, type AnnotationLockOptions } from '../kube/annotation-lock.js';
import { LeaseBox } from '../kube/lease.js';
import type { LockObjectOptions } from '../kube/lock-object.js';
import { Election } from '../leader/election.js';
import type { LockBox } from '../leader/lock.js';
import { LoneLeader } from '../leader/lone.js';
import { TwoLocks } from '../leader/two-locks.js';
import type { ClusterPorts, WatchTimes } from './cluster.js';
import type { AppInputs } from './inputs.js';

/** Who leads, by an election or because there is only one replica. */
export type Leadership = Election | LoneLeader;

/** What giving up the lead may take at a stop. */
export const releaseMs = 5_000;

export function buildLeadership(
  { config, clock, log, registry }: AppInputs,
  ports: ClusterPorts,
  times: WatchTimes,
): { readonly leadership: Leadership; readonly election: Election | undefined } {
  const { leaderElection, kubernetes } = config;
  if (!leaderElection.enabled) return { leadership: new LoneLeader(clock.nowMs()), election: undefined };
  const place = { namespace: kubernetes.namespace, name: leaderElection.leaseName };
  const box = buildLock(leaderElection.resource, ports, { ...times, ...place });
  const election = new Election(
    { box, clock, log, registry, random: ports.random },
    { identity: kubernetes.podName, durationSeconds: leaderElection.leaseSeconds },
  );
  return { leadership: election, election };
}

/** The object that replicas compete for, or both while they move from one to the other. */
function buildLock(resource: LockResource, ports: ClusterPorts, options: LockObjectOptions): LockBox {
  const annotated = (kind: AnnotationLockOptions['kind']): LockBox =>
    new AnnotationLockBox(ports, { ...options, kind });
  const lease = (): LockBox => new LeaseBox(ports, options);
  switch (resource) {
    case 'lease':
      return lease();
    case 'configmap':
    case 'endpoints':
      return annotated(resource);
    case 'configmapsleases':
      return new TwoLocks({ first: annotated('configmap'), second: lease() });
    case 'endpointsleases':
      return new TwoLocks({ first: annotated('endpoints'), second: lease() });
  }
}

/** Gives the lead up, within a bound. */
export async function release(election: Election | undefined, clock: Clock): Promise<void> {
  const bound = deadline(clock, releaseMs, new AbortController().signal);
  await election?.release(bound.signal);
  bound.release();
}
