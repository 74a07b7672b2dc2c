import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../control-plane/waiting.js';
import { autoscalerFor } from '../autoscaler-for.js';
import { check, since } from '../expect.js';
import { logFrom } from '../inspection.js';
import { isWatch } from '../proxied-request.js';
import { checkAllServed } from '../reads.js';
import type { Scenario } from '../scenario.js';
import { readBox } from '../shared-metrics.js';
import { readTelemetry } from '../telemetry.js';
import type { FaultWorld } from '../world.js';

/** A watch of autoscalers lasts 5 s here; one that is silent for 15 s more counts as dead. */
const silenceSeconds = 20;
/** Then all connections are given up, so that nothing more is lost to those that are as dead. */
const noticedBoundSeconds = silenceSeconds + 4;

/** All connections of a replica to kube-apiserver fall silent without an end, as when a load balancer forgets them. */
export const watchesFrozen: Scenario = {
  id: '4c',
  title: 'watches silently frozen',
  async run(world, size) {
    const figures: string[] = [];
    if (size === 'long') figures.push(`follower alone: ${await freezeOne(world, await world.follower())}`);
    const both = [await world.follower(), await world.holder()];
    const [follower, leader] = await Promise.all(both.map((replica) => freezeOne(world, replica)));
    const recoverySeconds = await world.untilWell('the frozen watches');
    return { recoverySeconds, note: [...figures, `follower: ${follower}`, `leader: ${leader}`].join('; ') };
  },
};

async function freezeOne(world: FaultWorld, replica: string): Promise<string> {
  const proxy = world.fleet.proxy(replica);
  const places = placesWatched(world, replica, 0);
  const log = await logFrom(world, replica);
  check(proxy.openWatches() > 0, () => `${replica} watched nothing`);
  const fromMs = Date.now();
  proxy.freezeOpen();
  const metric = `frozen.${replica.replaceAll('-', '_')}.at_${fromMs}`;
  const autoscaler = await autoscalerFor(world, metric);
  const known = until(
    'the new autoscaler to be known',
    async () => (autoscaler.isStored((await readBox(world))?.data ?? {}) ? since(fromMs) : undefined),
    { timeoutMs: 60_000 },
  );
  const shown = sleep((silenceSeconds - 3) * 1000).then(() => silenceOf(world, replica));
  const reopenedSeconds = await until(
    `${replica} to watch everything anew`,
    async () => {
      const anew = placesWatched(world, replica, fromMs);
      return [...places].every((place) => anew.has(place)) ? since(fromMs) : undefined;
    },
    { timeoutMs: 60_000 },
  );
  check(reopenedSeconds <= noticedBoundSeconds, () => `${replica} watched anew after ${reopenedSeconds} s`);
  const silentSeconds = await shown;
  check(silentSeconds > silenceSeconds - 5, () => `${replica} showed a silence of ${silentSeconds} s`);
  check(
    /silent for \d+ ms.*autoscalers: cannot be watched; trying again/.test(await log()),
    () => `${replica} logged nothing of the silent watch`,
  );
  const knownSeconds = await known;
  await autoscaler.remove();
  checkAllServed(world, replica, { fromMs });
  return `all watched anew after ${reopenedSeconds.toFixed(1)} s, a new autoscaler known after ${knownSeconds.toFixed(1)} s`;
}

/** What has been watched since, whatever the revision. */
function placesWatched({ fleet }: FaultWorld, replica: string, fromMs: number): ReadonlySet<string> {
  const watches = fleet
    .proxy(replica)
    .requests.filter(
      ({ startedAtMs, path, status }) => startedAtMs > fromMs && isWatch(path) && status === 200,
    );
  return new Set(
    watches.map(({ path }) => {
      const { pathname, searchParams } = new URL(path, 'https://any');
      return `${pathname} ${searchParams.get('fieldSelector') ?? ''}`;
    }),
  );
}

async function silenceOf({ fleet }: FaultWorld, replica: string): Promise<number> {
  const samples = await readTelemetry(fleet.replica(replica));
  return samples.get('kube_watch_silent_seconds{watched="autoscalers"}') ?? 0;
}
