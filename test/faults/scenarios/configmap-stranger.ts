import { until } from '../../control-plane/waiting.js';
import { check } from '../expect.js';
import type { Scenario } from '../scenario.js';
import { type Box, entriesOf, patchBox, readBox, replaceBox } from '../shared-metrics.js';
import { watchedMetrics } from '../watched.js';
import type { FaultWorld } from '../world.js';

const foreign = { 'notes.txt': 'kept by the platform team', 'metrics.md': 'not an entry' };
const foreignAnnotation = 'shop.example/owner';

/** Somebody else writes into the shared ConfigMap: things of their own, forged values, and an old copy of all. */
export const configMapStranger: Scenario = {
  id: '5d',
  title: 'a stranger writes the ConfigMap',
  async run(world) {
    const fromMs = Date.now();
    const old = await readBox(world);
    check(old !== undefined && entriesOf(old).size === watchedMetrics.length, () => 'nothing to copy');
    await addForeign(world);
    await forge(world, 'newer', 3_600_000);
    await forge(world, 'older', -3_600_000);
    if (old !== undefined) await bringBack(world, old);
    const kept = await readBox(world);
    for (const [key, text] of Object.entries(foreign))
      check(kept?.data[key] === text, () => `the stranger's ${key} is lost`);
    check(kept?.annotations[foreignAnnotation] === 'platform', () => "the stranger's annotation is lost");
    await patchBox(world, { data: Object.fromEntries(Object.keys(foreign).map((key) => [key, null])) });
    const recoverySeconds = await world.untilWell('the stranger', { fromMs });
    return {
      recoverySeconds,
      note: 'forged entries undone, foreign ones kept; a copy of old served by nobody',
    };
  },
};

async function addForeign(world: FaultWorld): Promise<void> {
  const metadata = { annotations: { [foreignAnnotation]: 'platform' } };
  const { revision } = await patchBox(world, { data: foreign, metadata });
  await until('the leader to write beside the stranger', async () =>
    ((await readBox(world))?.revision ?? 0n) > revision ? true : undefined,
  );
}

/** All values replaced by one that Datadog never had, dated otherwise. */
async function forge(world: FaultWorld, what: string, byMs: number): Promise<void> {
  const before = await readBox(world);
  const entries = [...entriesOf(before)].map(([key, entry]) => {
    const observedAt = new Date(Date.now() + byMs).toISOString();
    return [key, JSON.stringify({ ...entry, value: 7, observedAt })] as const;
  });
  const forged = await patchBox(world, { data: Object.fromEntries(entries) });
  check(entries.length > 0 && isForged(forged), () => `the ${what} entries were not written`);
  await until(
    `the ${what} entries to be undone`,
    async () => (isForged(await readBox(world)) ? undefined : true),
    {
      timeoutMs: 3_000,
      pollMs: 20,
    },
  );
}

function isForged(box: Box | undefined): boolean {
  return [...entriesOf(box).values()].some(({ value }) => value === 7);
}

/** As a backup or a tool for files of manifests does: data and annotations as they once were. */
async function bringBack(world: FaultWorld, old: Box): Promise<void> {
  const annotations = { ...old.annotations, [foreignAnnotation]: 'platform' };
  const replaced = await replaceBox(world, { ...old, annotations, data: { ...old.data, ...foreign } });
  await until('the leader to write over the old copy', async () => {
    const box = await readBox(world);
    const isLater = box !== undefined && box.revision > replaced.revision;
    const olds = entriesOf(old);
    const isNew = [...entriesOf(box)].every(
      ([key, { observedAt }]) => observedAt !== olds.get(key)?.observedAt,
    );
    return isLater && isNew ? true : undefined;
  });
}
