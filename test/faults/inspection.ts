import type { FaultWorld } from './world.js';

/** What a replica says of itself to a kubelet. */
export interface HealthReport {
  readonly Unhealthy: readonly string[];
  /** By component: how each is that is not simply ready. */
  readonly Details: Readonly<Record<string, string>>;
}

/** A replica's readiness as a kubelet asks for it, with its details. */
export async function healthOf({ fleet }: FaultWorld, name: string): Promise<HealthReport> {
  const answer = await fetch(`${fleet.replica(name).healthUrl}/ready`);
  return (await answer.json()) as HealthReport;
}

/** A marker in a replica's log, so that what is logged from now on can be told from what was before. */
export async function logFrom({ fleet }: FaultWorld, name: string): Promise<() => Promise<string>> {
  const { length } = await fleet.replica(name).log();
  return async () => (await fleet.replica(name).log()).slice(length);
}

/** After a long trouble a replica waits up to 30 s before it tries to watch again; and a little for the try. */
export const watchedAgainMs = 35_000;

/** How many watches all replicas have open together. */
export function countWatches({ fleet }: FaultWorld): number {
  return fleet.names().reduce((sum, replica) => sum + fleet.proxy(replica).openWatches(), 0);
}
