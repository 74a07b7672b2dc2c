import { until } from '../../control-plane/waiting.js';
import type { Client } from '../client.js';
import { check } from '../expect.js';
import type { ProxiedRequest } from '../proxied-request.js';
import { untilAsking } from '../reads.js';
import type { Scenario, Size } from '../scenario.js';
import { type FaultWorld, leaseSeconds } from '../world.js';

const leasePath = '/apis/coordination.k8s.io/v1/namespaces/datadog/leases/datadog-leader-election';

/** What somebody does to the lease. */
interface Damage {
  readonly what: string;
  readonly do: (cluster: Client) => Promise<unknown>;
}

const damages: readonly Damage[] = [
  { what: 'deleted', do: (cluster) => cluster.send('DELETE', leasePath) },
  {
    what: 'foreign',
    do: (cluster) => patch(cluster, { holderIdentity: 'nobody-7', leaseDurationSeconds: 2_147_483_647 }),
  },
  { what: 'shortened', do: (cluster) => patch(cluster, { leaseDurationSeconds: 1 }) },
  {
    what: 'foreign 1 s',
    do: (cluster) => patch(cluster, { holderIdentity: 'nobody-7', leaseDurationSeconds: 1 }),
  },
  {
    what: 'of 2999',
    do: (cluster) =>
      patch(cluster, { renewTime: '2999-01-01T00:00:00.000000Z', leaseTransitions: 2_147_483_647 }),
  },
  { what: 'blank', do: (cluster) => patch(cluster, { holderIdentity: '', renewTime: null }) },
];

const chosen: Readonly<Record<Size, readonly Damage[]>> = {
  short: damages.slice(0, 2),
  long: damages,
};

/** Lease, the longest wait until a follower looks again, and a refresh. */
const boundSeconds = leaseSeconds + leaseSeconds / 4 + 2;

/** Somebody deletes the lease, or writes into it what no replica would: a leader is found again each time. */
export const leaseDamaged: Scenario = {
  id: '1d',
  title: 'the lease deleted and falsified',
  async run(world, size) {
    const figures: string[] = [];
    let recoverySeconds = 0;
    for (const damage of chosen[size]) {
      const fromMs = Date.now();
      const seconds = await inflict(world, damage);
      recoverySeconds = Math.max(
        recoverySeconds,
        await world.untilWell(`the lease was ${damage.what}`, { fromMs }),
      );
      figures.push(`${damage.what} ${seconds.toFixed(1)}`);
    }
    return { recoverySeconds, note: `Datadog was asked again: ${figures.join(', ')}` };
  },
};

/** Seconds until a replica that has the lease asks Datadog. */
async function inflict(world: FaultWorld, damage: Damage): Promise<number> {
  const atMs = Date.now();
  await damage.do(world.cluster);
  const holder = await until(
    'a replica to write the lease',
    async () => (await world.fleet.traffic()).flatMap(({ apiRequests }) => acquired(apiRequests, atMs)).at(0),
    { pollMs: 50 },
  );
  const seconds = ((await untilAsking(world, holder)) - atMs) / 1000;
  check(
    seconds <= boundSeconds,
    () => `${seconds} s after the lease was ${damage.what}, more than ${boundSeconds}`,
  );
  check((await world.holder()) === holder, () => `${holder} lost the lease again`);
  return seconds;
}

/** Who had a write of the lease accepted that it sent after an instant. */
function acquired(requests: readonly ProxiedRequest[], fromMs: number): readonly string[] {
  return requests
    .filter(
      ({ method, path, startedAtMs, status }) =>
        startedAtMs >= fromMs && method !== 'GET' && path.includes('/leases') && (status ?? 500) < 300,
    )
    .flatMap(({ holder = '' }) => (holder === '' ? [] : [holder]));
}

async function patch(cluster: Client, spec: object): Promise<void> {
  const contentType = 'application/merge-patch+json';
  const { status, body } = await cluster.send('PATCH', leasePath, { body: { spec }, contentType });
  check(status === 200, () => `the lease could not be falsified: ${status} ${body}`);
}
