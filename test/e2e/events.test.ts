import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { outputOf } from '../control-plane/kubectl.js';
import { until } from '../control-plane/waiting.js';
import { EventsWorld, telemetryOf, troubleOf } from './events-world.js';
import type { Replica } from './replica.js';

const count = 5_000;
const writingMs = 60_000;

describe('events of a real cluster', () => {
  let world: EventsWorld;
  before(async function () {
    this.timeout(120_000);
    world = await EventsWorld.start();
  });
  after(async function () {
    this.timeout(60_000);
    await world.stop(this.test?.parent?.tests.some(({ state }) => state === 'failed') ?? false);
  });

  for (const [from, kind, compactions] of [
    [1, '5,000 in a minute, two leaders killed, Datadog away for 20 s', []],
    [100_001, 'the same with etcd compacted amid it', [20_000, 38_500]],
  ] as const) {
    it(`all reach Datadog: ${kind}`, async () => {
      const replicas = [await world.replica(), await world.replica()];
      const startedAtMs = performance.now();
      const at = async (ms: number, act: () => Promise<unknown>): Promise<void> => {
        await sleep(Math.max(0, ms - (performance.now() - startedAtMs)));
        await act();
      };
      const killed: string[] = [];
      await Promise.all([
        world.write(from, count, writingMs),
        at(15_000, async () => killed.push(await world.replaceLeader())),
        at(25_000, () => world.datadog.stop()),
        at(37_000, async () => killed.push(await world.replaceLeader())),
        at(45_000, () => world.datadog.start()),
        ...compactions.map((ms) => at(ms, () => world.compact())),
      ]);
      const wroteAfterMs = performance.now() - startedAtMs;
      await until('all events', async () => (missing(world.told(), from).length === 0 ? true : undefined), {
        timeoutMs: 120_000,
      });
      const arrivedAfterMs = performance.now() - startedAtMs;
      const told = [...world.told()].filter(([number]) => number >= from && number < from + count);
      const repeats = told.reduce((sum, [, times]) => sum + times - 1, 0);
      console.log(
        `      ${count} written in ${seconds(wroteAfterMs)}, the last arrived ${seconds(arrivedAfterMs - wroteAfterMs)} later; ` +
          `killed: ${killed.join(', ')}; repeats: ${repeats}, of ${told.filter(([, times]) => times > 1).length} events`,
      );
      expect(killed).to.have.length(2);
      expect(killed[0]).to.not.equal(killed[1]);
      expect(await world.logs(), 'that the outage was felt').to.include('Datadog does not take events');
      // Two leaders that die: each may repeat what was under way.
      expect(repeats).to.be.at.most(2 * 500);
      if (compactions.length > 0)
        expect(await world.logs(), 'that a list was needed').to.include(
          'the position of events is too old to go on from',
        );
      expect(replicas.some(({ process }) => process.ending() !== undefined)).to.equal(true);
      await world.endReplicas();
    }).timeout(300_000);
  }

  it('go on after an orderly end without a repeat, from a position that kubectl can read', async () => {
    const first = await world.replica();
    await world.write(200_001, 50, 1_000);
    await until('the events', async () =>
      missing(world.told(), 200_001, 50).length === 0 ? true : undefined,
    );
    await first.process.stop(20_000);
    const args = ['get', 'configmap', 'datadogtoken', '-n', 'datadog', '-o', 'jsonpath={.data}'];
    const data = JSON.parse(await outputOf(world.plane.kubectl, args)) as Record<string, string>;
    expect(data['event.tokenKey']).to.match(/^\d+$/);
    expect(Date.now() - Date.parse(data['event.tokenTimestamp'] ?? '')).to.be.below(30_000);
    await world.write(200_051, 50, 1_000);
    await world.replica();
    await until('the rest', async () =>
      missing(world.told(), 200_001, 100).length === 0 ? true : undefined,
    );
    const times = [...world.told()].filter(([number]) => number > 200_000 && number <= 200_100);
    expect(times.filter(([, one]) => one !== 1)).to.deep.equal([]);
  }).timeout(90_000);

  it('arrive whatever is in them', async () => {
    const involvedObject = { kind: 'Pod', namespace: 'burst', name: 'odd', uid: 'odd' };
    await world.create('no-reason', { involvedObject, message: 'no reason given' });
    await world.create('huge', { involvedObject, reason: 'Huge', message: `huge ${'x'.repeat(100_000)}` });
    await world.create('control', {
      involvedObject,
      reason: 'Co\u0001ntrol',
      message: 'a\u0000b\u001b[31mred\ttab',
    });
    const texts = await until('the odd events', async () => {
      const found = world.datadog.intake.events
        .filter(({ title }) => title === 'Events from the Pod burst/odd')
        .map(({ text }) => String(text))
        .join('\n');
      return ['no reason given', 'Huge', 'red'].every((part) => found.includes(part)) ? found : undefined;
    });
    expect(texts).to.include('1 **no reason**: no reason given');
    expect(texts).to.match(/1 \*\*Huge\*\*: huge x+… \(100005 characters in all\)/);
    expect(texts).to.include('1 **Co\ufffdntrol**: a\ufffdb\ufffd[31mred\ttab');
    await world.endReplicas();
  }).timeout(60_000);

  it('are read from core v1 where only that may be read, one by one where wanted, and without filtered reasons', async () => {
    await world.grantCoreEvents('core-only');
    const replica = await world.replica({
      account: 'core-only',
      settings: {
        DD_KUBERNETES_EVENTS_FILTERED_TYPES: 'Counted Ignored',
        DD_KUBERNETES_EVENTS_UNBUNDLE: 'true',
      },
    });
    const involvedObject = { kind: 'Pod', namespace: 'burst', name: 'single', uid: 'single' };
    for (const [name, reason] of [
      ['one', 'Wanted'],
      ['two', 'Ignored'],
      ['three', 'Wanted'],
    ] as const)
      await world.create(`single-${name}`, { involvedObject, reason, message: `single ${name}` });
    const titles = await until('both', async () => {
      const found = world.datadog.intake.events.filter(({ text }) => String(text).startsWith('single '));
      return found.length > 1 ? found.map(({ title, text }) => [title, text]) : undefined;
    });
    expect(titles).to.have.deep.members([
      ['Pod burst/single: Wanted', 'single one'],
      ['Pod burst/single: Wanted', 'single three'],
    ]);
    expect(await logged(replica, 'reading the events of the cluster')).to.include('"place":"/api/v1/events"');
    await replica.process.stop(20_000);
  }).timeout(60_000);

  for (const [kind, token] of [
    ['of the future', '999999999999'],
    ['of garbage', 'not-a-number'],
  ] as const) {
    it(`are all sent again after a position ${kind}, and the log says so`, async () => {
      const patch = JSON.stringify({ data: { 'event.tokenKey': token } });
      const args = ['patch', 'configmap', 'datadogtoken', '-n', 'datadog', '--type=merge', '-p', patch];
      await outputOf(world.plane.kubectl, args);
      const before = world.told().get(200_100) ?? 0;
      const replica = await world.replica();
      await until(
        'the events again',
        async () => ((world.told().get(200_100) ?? 0) > before ? true : undefined),
        {
          timeoutMs: 60_000,
        },
      );
      console.log(`      ${await logged(replica, 'all stored events are sent')}`);
      await replica.process.stop(20_000);
    }).timeout(120_000);
  }

  it('name the right to grant where it is missing, and are collected once it is there', async () => {
    const { kubectl } = world.plane;
    await outputOf(kubectl, ['delete', 'clusterrole', 'datadog-cluster-agent:events']);
    const replica = await world.replica();
    const trouble = await until('the trouble', async () => troubleOf(replica, 'kubernetes-events'));
    console.log(`      ${trouble}`);
    expect(trouble).to.match(
      /^degraded: events cannot be read: GET \/apis\/events\.k8s\.io\/v1\/events: HTTP 403: .*; grant it by RBAC: a ClusterRole with apiGroups \["events\.k8s\.io"\], resources \["events"\], verbs \["list"\]$/,
    );
    await outputOf(kubectl, ['delete', 'role', '-n', 'datadog', 'datadog-cluster-agent:events']);
    await replica.process.stop(20_000);
    const another = await world.replica();
    const token = await until('the trouble', async () => troubleOf(another, 'kubernetes-events'));
    console.log(`      ${token}`);
    expect(token).to.match(
      /the position of events cannot be kept: GET \/api\/v1\/namespaces\/datadog\/configmaps\/datadogtoken: HTTP 403: .*; grant it by RBAC: a Role in namespace datadog with apiGroups \[""\], resources \["configmaps"\], verbs \["get"\]/,
    );
    await world.grantEvents();
    await world.write(300_001, 10, 100);
    await until(
      'the events',
      async () => (missing(world.told(), 300_001, 10).length === 0 ? true : undefined),
      {
        timeoutMs: 60_000,
      },
    );
    expect(await troubleOf(another, 'kubernetes-events')).to.equal(undefined);
    expect(await telemetryOf(another)).to.match(
      /^kubernetes_apiserver_kube_events\{kind="Pod",component="kubelet",type="Normal",reason="Counted"\} \d+$/m,
    );
  }).timeout(150_000);
});

function missing(told: ReadonlyMap<number, number>, from: number, many: number = count): number[] {
  return Array.from({ length: many }, (_, index) => from + index).filter((number) => !told.has(number));
}

async function logged(replica: Replica, words: string): Promise<string> {
  const line = (await replica.log()).split('\n').find((one) => one.includes(words));
  if (line === undefined) throw new Error(`${replica.name} did not log: ${words}`);
  return line;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
