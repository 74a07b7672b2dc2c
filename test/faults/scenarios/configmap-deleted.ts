import { until } from '../../control-plane/waiting.js';
import { check, since } from '../expect.js';
import type { Scenario, Size } from '../scenario.js';
import { deleteBox, entriesOf, readBox } from '../shared-metrics.js';
import { watchedMetrics } from '../watched.js';
import type { FaultWorld } from '../world.js';

const rounds: Readonly<Record<Size, number>> = { short: 3, long: 8 };

/** A refresh, twice: the bound within which a lost store is whole again. */
const healedBoundSeconds = 2;

/** Somebody deletes the shared ConfigMap, again and again; nobody is to notice. */
export const configMapDeleted: Scenario = {
  id: '5a',
  title: 'the ConfigMap is deleted',
  async run(world, size) {
    const fromMs = Date.now();
    const times: number[] = [];
    for (let round = 0; round < rounds[size]; round += 1) times.push(await healing(world));
    const recoverySeconds = await world.untilWell('the deletion', { fromMs });
    return {
      recoverySeconds,
      note: `made anew within ${Math.max(...times).toFixed(2)} s, ${times.length} times`,
    };
  },
};

/** Seconds from the deletion to a new ConfigMap that holds every metric. */
async function healing(world: FaultWorld): Promise<number> {
  const before = await readBox(world);
  check(before !== undefined, () => 'there is no ConfigMap to delete');
  await deleteBox(world);
  const deletedAtMs = Date.now();
  await until('the ConfigMap to be whole again', async () => {
    const box = await readBox(world);
    const isNew = box !== undefined && box.uid !== before?.uid;
    return isNew && entriesOf(box).size === watchedMetrics.length ? true : undefined;
  });
  const seconds = since(deletedAtMs);
  check(seconds <= healedBoundSeconds, () => `the ConfigMap took ${seconds} s to be whole again`);
  return seconds;
}
