import { until } from '../../control-plane/waiting.js';
import { check, since } from '../expect.js';
import type { Scenario, Size } from '../scenario.js';
import { entriesOf, patchBox, readBox } from '../shared-metrics.js';
import { watchedMetrics } from '../watched.js';
import type { FaultWorld } from '../world.js';

const rounds: Readonly<Record<Size, number>> = { short: 2, long: 8 };

/** A refresh, twice: the bound within which a lost store is whole again. */
const healedBoundSeconds = 2;
/** So long the leader's repair is held up once, for the follower to live with what it sees. */
const holdUpMs = 1_000;

/** Somebody takes all data and annotations out of the shared ConfigMap. */
export const configMapEmptied: Scenario = {
  id: '5b',
  title: 'the ConfigMap is emptied',
  async run(world, size) {
    const fromMs = Date.now();
    const times: number[] = [];
    for (let round = 0; round < rounds[size]; round += 1) times.push(await healing(world));
    const leader = world.fleet.proxy(await world.holder());
    leader.delay(holdUpMs);
    const heldUp = await healing(world, healedBoundSeconds + (3 * holdUpMs) / 1000);
    leader.delay(0);
    const recoverySeconds = await world.untilWell('the emptying', { fromMs });
    checkNoneWaited(world, fromMs);
    const longest = Math.max(...times).toFixed(2);
    const note = `filled again within ${longest} s, ${times.length} times; ${heldUp.toFixed(2)} s with the leader held up`;
    return { recoverySeconds, note };
  },
};

async function healing(world: FaultWorld, boundSeconds = healedBoundSeconds): Promise<number> {
  const emptied = await patchBox(world, { data: null, metadata: { annotations: null } });
  const emptiedAtMs = Date.now();
  check(entriesOf(emptied).size === 0, () => 'the ConfigMap was not emptied');
  await until('the ConfigMap to be whole again', async () =>
    entriesOf(await readBox(world)).size === watchedMetrics.length ? true : undefined,
  );
  const seconds = since(emptiedAtMs);
  check(seconds <= boundSeconds, () => `the ConfigMap took ${seconds} s to be whole again`);
  return seconds;
}

/** Nobody waits for the leader's repair: what it wrote last is at hand. */
function checkNoneWaited({ recorder }: FaultWorld, fromMs: number): void {
  const slow = recorder.answers.filter(
    ({ sentAtMs, receivedAtMs }) => sentAtMs >= fromMs && receivedAtMs - sentAtMs > holdUpMs / 2,
  );
  check(slow.length === 0, () => `${slow.length} reads waited: ${JSON.stringify(slow[0])}`);
}
