import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../control-plane/waiting.js';
import { check } from '../expect.js';
import { grownOld } from '../grown-old.js';
import { healthOf } from '../inspection.js';
import { checkAllServed, readsOf } from '../reads.js';
import type { Scenario, Size } from '../scenario.js';
import { type FaultWorld, leaseSeconds, maxAgeMs } from '../world.js';

/** Longer than the lease, and than any value may be old. */
const lastsMs: Readonly<Record<Size, number>> = { short: leaseSeconds * 1000 + 9_000, long: 20_000 };

/** What it holds was this old at most when nothing passed any more. */
const youngMs = 4_500;
/** Beyond the age at which its values are refused, a replica may be asked for so long until a probe has found it out. */
const probedMs = 2_000;

/** Nothing passes between a follower and kube-apiserver, silently; what others ask it comes through as before. */
export const followerCutOff: Scenario = {
  id: '4d',
  title: 'a follower cut off from kube-apiserver',
  refusals: [grownOld],
  async run(world, size) {
    const replica = await world.follower();
    const leader = await world.holder();
    const proxy = world.fleet.proxy(replica);
    const fromMs = Date.now();
    proxy.freeze();
    await until('the replica to be unready', async () =>
      (await healthOf(world, replica)).Unhealthy.includes('replicator') ? true : undefined,
    );
    const unreadySeconds = (Date.now() - fromMs) / 1000;
    const { Details } = await healthOf(world, replica);
    check(
      /^unready: no word from the API server about the stored metrics for \d+ s$/.test(
        Details['replicator'] ?? '',
      ),
      () => `${replica} says: ${JSON.stringify(Details)}`,
    );
    await until('the balancer to leave it alone', async () =>
      world.balancer.ready().includes(replica) ? undefined : true,
    );
    const aloneMs = Date.now();
    await sleep(Math.max(0, lastsMs[size] - (aloneMs - fromMs)));
    const thawedAtMs = Date.now();
    proxy.thaw();
    const recoverySeconds = await world.untilWell('the return of kube-apiserver', { fromMs: thawedAtMs });
    check((await world.holder()) === leader, () => `${leader} lost the lease`);
    checkAllServed(world, replica, { fromMs, untilMs: fromMs + maxAgeMs - youngMs });
    checkAllServed(world, leader, { fromMs });
    checkUsers(world, fromMs, aloneMs);
    return { recoverySeconds, note: `it called itself unready after ${unreadySeconds.toFixed(1)} s` };
  },
};

/** Reads through kube-apiserver failed, if at all, between the end of the values' life and the news of the probes. */
function checkUsers(world: FaultWorld, fromMs: number, aloneMs: number): void {
  const lost = readsOf(world, 'aggregator', { fromMs }).filter(({ outcome }) => outcome.kind !== 'value');
  const untimely = lost.find(
    ({ sentAtMs }) => sentAtMs < fromMs + maxAgeMs - youngMs || sentAtMs > aloneMs + probedMs,
  );
  check(untimely === undefined, () => `a read through kube-apiserver was lost: ${JSON.stringify(untimely)}`);
}
