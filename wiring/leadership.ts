import { type Clock, deadline } from '../core/clock.js';
import { gauge, type Registry } from '../core/telemetry.js';
import { LeaseBox } from '../kube/lease.js';
import { Election } from '../leader/election.js';
import { LoneLeader } from '../leader/lone.js';
import type { ClusterPorts, WatchTimes } from './cluster.js';
import type { AppInputs } from './inputs.js';
import { LockView } from './lock-view.js';

/** Who leads, by an election or because there is only one replica. */
export type Leadership = Election | LoneLeader;

/** What giving up the lead may take at a stop. */
export const releaseMs = 5_000;

export function buildLeadership(
  { config, clock, log, registry }: AppInputs,
  ports: ClusterPorts,
  times: WatchTimes,
): {
  readonly leadership: Leadership;
  readonly election: Election | undefined;
  /** What the lock says, for people; `undefined` where election is turned off. */
  readonly lock: LockView | undefined;
} {
  const { leaderElection, kubernetes } = config;
  if (!leaderElection.enabled) {
    tellLoneLeader(registry);
    return { leadership: new LoneLeader(clock.nowMs()), election: undefined, lock: undefined };
  }
  const place = { namespace: kubernetes.namespace, name: leaderElection.leaseName };
  const box = new LockView(new LeaseBox(ports, { ...times, ...place }));
  const election = new Election(
    { box, clock, log, registry, random: ports.random },
    { identity: kubernetes.podName, durationSeconds: leaderElection.leaseSeconds },
  );
  return { leadership: election, election, lock: box };
}

/** Whoever counts the leaders must find this one. */
function tellLoneLeader(registry: Registry): void {
  const help = 'Always 1: leader election is turned off.';
  const labels = ['join_leader', 'is_leader'] as const;
  gauge(registry, 'leader_election_is_leader', help, labels).set(
    { join_leader: 'false', is_leader: 'true' },
    1,
  );
}

/** Gives the lead up, within a bound. */
export async function release(election: Election | undefined, clock: Clock): Promise<void> {
  const bound = deadline(clock, releaseMs, new AbortController().signal);
  await election?.release(bound.signal);
  bound.release();
}
