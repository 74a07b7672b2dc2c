import { setTimeout as sleep } from 'node:timers/promises';
import { check } from '../expect.js';
import { healthOf } from '../inspection.js';
import { ageOf } from '../invariants.js';
import { checkAllServed, readsOf } from '../reads.js';
import { replaceAll } from '../replace-all.js';
import type { Finding, Scenario, Size } from '../scenario.js';
import type { FaultWorld } from '../world.js';

/** Each request takes so much longer, in proportion to the times of this world: 5 s of a lease of 60 s. */
const scaledMs = 500;
const scaledLastsMs: Readonly<Record<Size, number>> = { short: 12_000, long: 15_000 };

/** The API is slow, in proportion. */
export const apiServerSlow: Scenario = {
  id: '4g',
  title: 'kube-apiserver slow, in proportion',
  run: (world, size) => slowDown(world, scaledMs, scaledLastsMs[size]),
};

/** The times that hold where nobody sets any. */
const defaults = {
  DD_LEADER_LEASE_DURATION: '60',
  DD_EXTERNAL_METRICS_PROVIDER_MAX_AGE: '90',
  DD_EXTERNAL_METRICS_PROVIDER_LOCAL_COPY_REFRESH_RATE: '30',
  DD_EXTERNAL_METRICS_PROVIDER_REFRESH_PERIOD: '30',
  DD_KUBERNETES_INFORMERS_RESTCLIENT_TIMEOUT: '60',
};
/** Longer than the lease, and than any value may be old. */
const defaultsLastMs = 100_000;

/** By then each reader has been permitted each metric; what is permitted outlives slowness, what is not must wait. */
const permittedMs = 5_000;

/** The API is slow by five seconds for replicas with the times that hold where nobody sets any. */
export const apiServerSlowWithDefaults: Scenario = {
  id: '4h',
  title: 'kube-apiserver slow by 5 s, default times',
  isExtra: true,
  maxAgeMs: 90_000,
  async run(world) {
    await replaceAll(world, defaults);
    await sleep(permittedMs);
    const { note } = await slowDown(world, 5_000, defaultsLastMs);
    const fromMs = Date.now();
    await replaceAll(world);
    return { recoverySeconds: await world.untilWell('the default times', { fromMs }), note };
  },
};

async function slowDown(world: FaultWorld, byMs: number, lastsMs: number): Promise<Finding> {
  const leader = await world.holder();
  const follower = await world.follower();
  const names = [leader, follower];
  const before = world.fleet.proxy(leader).requests.length;
  const fromMs = Date.now();
  for (const name of names) world.fleet.proxy(name).delay(byMs);
  await sleep(lastsMs);
  const complaints = await Promise.all(
    names.map(async (name) => Object.values((await healthOf(world, name)).Details)),
  );
  const slow = world.fleet
    .proxy(leader)
    .requests.slice(before)
    .filter(({ startedAtMs, endedAtMs }) => endedAtMs !== undefined && endedAtMs - startedAtMs >= byMs);
  check(slow.length > 5, () => `only ${slow.length} requests of ${leader} were slow`);
  for (const name of names) world.fleet.proxy(name).delay(0);
  const isOverMs = Date.now();
  const troubles = complaints.flat();
  check(troubles.length === 0, () => `slow is no trouble: ${troubles.join('; ')}`);
  check((await world.holder()) === leader, () => `${leader} lost the lease to slowness`);
  for (const via of ['aggregator', ...names]) checkAllServed(world, via, { fromMs, untilMs: isOverMs });
  const oldest = names.map((name) => oldestSeconds(world, name, fromMs).toFixed(1)).join(' and ');
  const recoverySeconds = byMs === scaledMs ? await world.untilWell('the slowness', { fromMs: isOverMs }) : 0;
  const note = `${slow.length} requests slow; oldest values ${oldest} s (leader and follower)`;
  return { recoverySeconds, note };
}

function oldestSeconds(world: FaultWorld, via: string, fromMs: number): number {
  const ages = readsOf(world, via, { fromMs }).flatMap((answer) => ageOf(answer) ?? []);
  return Math.max(0, ...ages) / 1000;
}
