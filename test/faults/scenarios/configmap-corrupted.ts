import { until } from '../../control-plane/waiting.js';
import { check, since } from '../expect.js';
import type { Scenario, Size } from '../scenario.js';
import { type Box, entriesOf, patchBox, readBox } from '../shared-metrics.js';
import { watchedMetrics } from '../watched.js';
import type { FaultWorld } from '../world.js';

const rounds: Readonly<Record<Size, number>> = { short: 1, long: 3 };

/** A refresh, twice: the bound within which a damaged store is whole again. */
const healedBoundSeconds = 2;
/** So long the leader's repair is held up, for the follower to live with what it sees. */
const holdUpMs = 1_000;

type Corruption = (data: Box['data']) => Readonly<Record<string, string>>;

const corruptions: Readonly<Record<string, Corruption>> = {
  'bad JSON in one entry': (data) =>
    Object.fromEntries(
      records(data)
        .slice(0, 1)
        .map(([key, text]) => [key, text.slice(0, -1)]),
    ),
  'bad numbers, dates and states': (data) =>
    Object.fromEntries(records(data).map(([key, text], index) => [key, spoil(text, index)])),
  'garbage in all': (data) => Object.fromEntries(Object.keys(data).map((key) => [key, '\u0000\u202e}{[\\"'])),
};

/** A ConfigMap that somebody damaged by hand is repaired by the leader; the follower serves what it knows. */
export const configMapCorrupted: Scenario = {
  id: '5c',
  title: 'the ConfigMap is corrupted',
  async run(world, size) {
    const fromMs = Date.now();
    const leader = world.fleet.proxy(await world.holder());
    const times: number[] = [];
    for (let round = 0; round < rounds[size]; round += 1) {
      for (const [name, corrupt] of Object.entries(corruptions)) {
        times.push(await healing(world, name, corrupt));
        leader.delay(holdUpMs);
        await healing(world, name, corrupt, healedBoundSeconds + (3 * holdUpMs) / 1000);
        leader.delay(0);
      }
    }
    const recoverySeconds = await world.untilWell('the corruption', { fromMs });
    const note = `repaired within ${Math.max(...times).toFixed(2)} s, ${times.length} times`;
    return { recoverySeconds, note: `${note}, and as often with the leader held up` };
  },
};

async function healing(
  world: FaultWorld,
  name: string,
  corrupt: Corruption,
  boundSeconds = healedBoundSeconds,
): Promise<number> {
  const before = await readBox(world);
  const data = corrupt(before?.data ?? {});
  const startedAtMs = Date.now();
  const corrupted = await patchBox(world, { data });
  const damaged = Object.entries(data);
  check(
    damaged.length > 0 && damaged.every(([key, text]) => corrupted.data[key] === text),
    () => `not corrupted: ${name}`,
  );
  await until(`the ConfigMap to be whole again after ${name}`, async () => {
    const box = await readBox(world);
    const isHealed = damaged.every(([key, text]) => box?.data[key] !== text);
    return isHealed && entriesOf(box).size === watchedMetrics.length ? true : undefined;
  });
  const seconds = since(startedAtMs);
  check(seconds <= boundSeconds, () => `the ConfigMap took ${seconds} s to be whole again after ${name}`);
  return seconds;
}

function records(data: Box['data']): readonly (readonly [string, string])[] {
  return Object.entries(data).filter(([key]) => key.startsWith('metric.'));
}

/** JSON still, but nothing that may be served. */
function spoil(text: string, index: number): string {
  const entry = JSON.parse(text) as object;
  const spoiled = [
    { ...entry, value: -1 },
    { ...entry, observedAt: 'yesterday' },
    { ...entry, state: 'glorious' },
    { ...entry, value: '12', selector: 'a in (' },
  ];
  return JSON.stringify(spoiled[index % spoiled.length]);
}
