import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../control-plane/waiting.js';
import { deniedMeanwhile, notReadyYet } from '../api-server-start.js';
import { autoscalerFor } from '../autoscaler-for.js';
import { check, since } from '../expect.js';
import { grownOld } from '../grown-old.js';
import { countWatches, watchedAgainMs } from '../inspection.js';
import { isWatch, type ProxiedRequest } from '../proxied-request.js';
import type { Scenario, Size } from '../scenario.js';
import { readBox } from '../shared-metrics.js';
import type { FaultWorld } from '../world.js';

const lastsMs: Readonly<Record<Size, number>> = { short: 6_000, long: 10_000 };

/** A list and a watch of each of its six collections, a second: more is a storm. */
const requestsPerSecond = 12;

const gone = {
  kind: 'Status',
  apiVersion: 'v1',
  status: 'Failure',
  reason: 'Expired',
  code: 410,
  message: 'too old resource version: 1 (1000)',
};

/** Every watch is refused, as from a revision that is forgotten: as a status, and as the first event of the watch. */
export const watchesGone: Scenario = {
  id: '4e',
  title: '410 on every watch',
  async run(world, size) {
    const proxies = world.fleet.names().map((name) => ({ name, proxy: world.fleet.proxy(name) }));
    const before = proxies.map(({ proxy }) => proxy.requests.length);
    const watches = countWatches(world);
    const fromMs = Date.now();
    let turn = 0;
    const matchEvery = (rest: number) => (_method: string, path: string) => {
      if (!isWatch(path)) return false;
      if (rest === 0) turn += 1;
      return turn % 2 === rest;
    };
    const endings = proxies.flatMap(({ proxy }) => [
      proxy.answer(matchEvery(0), { status: 410, body: gone }),
      proxy.answer(matchEvery(1), { status: 200, body: { type: 'ERROR', object: gone } }),
    ]);
    for (const { proxy } of proxies) proxy.cut();
    await sleep(500);
    const autoscaler = await autoscalerFor(world, `gone.at_${fromMs}`);
    const knownSeconds = await until('the new autoscaler to be known without a watch', async () =>
      autoscaler.isStored((await readBox(world))?.data ?? {}) ? since(fromMs) : undefined,
    );
    await sleep(Math.max(0, lastsMs[size] - (Date.now() - fromMs)));
    for (const end of endings) end();
    const seconds = since(fromMs);
    const counts = proxies.map(({ name, proxy }, index) => {
      const all = proxy.requests.slice(before[index]);
      const refused = all.filter(({ path, isMadeUp }) => isWatch(path) && isMadeUp === true).length;
      check(refused > 5, () => `only ${refused} watches of ${name} were refused`);
      check(
        all.length < 30 + requestsPerSecond * seconds,
        () => `${all.length} requests of ${name} in ${seconds} s`,
      );
      return `${refused} of ${name}`;
    });
    const recoverySeconds = await world.untilWell('the refused watches', { fromMs });
    const all = async () => (countWatches(world) >= watches ? true : undefined);
    await until('everything to be watched again', all, { timeoutMs: watchedAgainMs });
    await autoscaler.remove();
    const note = `refused ${counts.join(', ')}; a new autoscaler known after ${knownSeconds.toFixed(1)} s`;
    return { recoverySeconds, note };
  },
};

/** etcd forgets the revisions that a replica, cut off for a while, wants to go on from. */
export const revisionsCompacted: Scenario = {
  id: '4f',
  title: 'revisions compacted while a follower was cut off',
  // kube-apiserver is started anew, so that it too has forgotten; on a busy machine that takes as long as a value lives.
  refusals: [...notReadyYet, grownOld],
  forbidden: deniedMeanwhile,
  async run(world) {
    const replica = await world.follower();
    const proxy = world.fleet.proxy(replica);
    const watches = proxy.openWatches();
    check(watches > 5, () => `${replica} has only ${watches} watches`);
    proxy.freeze();
    await sleep(writtenMs);
    await forget(world);
    const fromMs = Date.now();
    proxy.cut();
    proxy.thaw();
    const since = () => proxy.requests.filter(({ startedAtMs }) => startedAtMs >= fromMs);
    const refused = () => since().filter(({ isGone }) => isGone === true);
    const lists = () => since().filter(({ path, status }) => /[?&]limit=/.test(path) && status === 200);
    await until(
      'a watch to be refused as too old, each such collection to be listed, all to be open',
      async () => {
        const listed = new Set(lists().map(collectionOf));
        const isListed = refused().every((watch) => listed.has(collectionOf(watch)));
        return refused().length > 0 && isListed && proxy.openWatches() >= watches ? true : undefined;
      },
    );
    const recoverySeconds = await world.untilWell('the compaction', { fromMs });
    const note = `${refused().length} watches too old, ${lists().length} lists made anew`;
    return { recoverySeconds, note };
  },
};

function collectionOf({ path }: ProxiedRequest): string {
  return path.replace(/[?].*/, '');
}

/** Meanwhile the leader writes, so that there are revisions that the follower does not know. */
const writtenMs = 2_000;

/** What etcd had is the oldest that kube-apiserver, started anew, can tell of. */
async function forget({ plane, recorder }: FaultWorld): Promise<void> {
  const isBack = recorder.outage('kube-apiserver');
  await plane.kill('kube-apiserver');
  const { header } = (await etcd(plane.etcdUrl, 'kv/range', { key: 'AA==', limit: 1 })) as {
    readonly header: { readonly revision: string };
  };
  await etcd(plane.etcdUrl, 'kv/compaction', { revision: header.revision, physical: true });
  await plane.start('kube-apiserver');
  isBack();
}

async function etcd(url: string, method: string, body: object): Promise<unknown> {
  const answer = await fetch(`${url}/v3/${method}`, { method: 'POST', body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`etcd ${method}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}
