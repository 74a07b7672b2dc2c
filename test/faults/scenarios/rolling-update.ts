import { check } from '../expect.js';
import { tenures } from '../invariants.js';
import { keepReading } from '../readers.js';
import type { Scenario, Size } from '../scenario.js';
import type { FaultWorld } from '../world.js';

/** Who comes and who goes, as a Deployment with `maxSurge: 1` does it; in the end all is as in the beginning. */
const swaps = [
  { comes: 'dca-2', goes: 'dca-0' },
  { comes: 'dca-0', goes: 'dca-1' },
  { comes: 'dca-1', goes: 'dca-2' },
] as const;

const rounds: Readonly<Record<Size, number>> = { short: 1, long: 2 };

/** From SIGTERM until another replica has the lease; and until that one has asked Datadog. */
const handoverBoundMs = 2_000;
const askingBoundMs = handoverBoundMs + 1_000;
/** Beside the readers that are always there. */
const burst = { everyMs: 4, readsPerSecond: 100 };

/** All replicas are replaced under load, and nobody may notice. */
export const rollingUpdate: Scenario = {
  id: '2a',
  title: 'SIGTERM of each replica, under load',
  async run(world, size) {
    const handovers: number[] = [];
    const startedAtMs = Date.now();
    await underLoad(world, async () => {
      for (let round = 0; round < rounds[size]; round += 1)
        for (const { comes, goes } of swaps) handovers.push(...(await replace(world, comes, goes)));
    });
    const recoverySeconds = await world.untilWell('the last replacement');
    const rate = checkReads(world, startedAtMs);
    check(handovers.length > 0, () => 'no replica that led was replaced');
    const longest = Math.max(...handovers);
    const note = `${handovers.length} handovers of the lease, in at most ${longest} ms; ${rate} reads/s, none lost`;
    return { recoverySeconds, note };
  },
};

/** As many reads through kube-apiserver as a cluster of some thousand autoscalers makes. */
async function underLoad(world: FaultWorld, work: () => Promise<void>): Promise<void> {
  const stopping = new AbortController();
  const { signal } = stopping;
  const load = keepReading({ via: 'aggregator', client: world.hpaController }, world.recorder, {
    everyMs: burst.everyMs,
    signal,
  });
  await work().finally(() => stopping.abort());
  await load;
}

/** Milliseconds that the lease took to change hands, if it did. */
async function replace(world: FaultWorld, comes: string, goes: string): Promise<readonly number[]> {
  const { fleet } = world;
  await fleet.start(comes);
  const isLeader = (await world.holder()) === goes;
  const fromMs = Date.now();
  const ending = await fleet.terminate(goes);
  check(ending === 'exit code 0', () => `${goes} ended with ${ending}`);
  return isLeader ? [await checkHandover(world, fromMs)] : [];
}

async function checkHandover({ fleet, datadogs }: FaultWorld, fromMs: number): Promise<number> {
  const successor = tenures(await fleet.traffic()).find(
    (tenure) => tenure.fromMs >= fromMs && tenure.holder !== '',
  );
  check(successor !== undefined, () => 'nobody took the lease over');
  const { holder = '', fromMs: heldFromMs = 0 } = successor ?? {};
  const tookMs = Math.round(heldFromMs - fromMs);
  check(tookMs <= handoverBoundMs, () => `the lease took ${tookMs} ms to change hands`);
  const first = datadogs
    .queriesOf(holder)
    .map(({ atMonotonicMs }) => performance.timeOrigin + atMonotonicMs - fromMs)
    .find((afterMs) => afterMs >= 0);
  check(
    first !== undefined && first <= askingBoundMs,
    () => `${holder} asked Datadog ${first} ms after SIGTERM, more than ${askingBoundMs}`,
  );
  return tookMs;
}

/** Reads a second; each of them must have got a value. */
function checkReads({ recorder }: FaultWorld, fromMs: number): number {
  const reads = recorder.answers.filter(({ sentAtMs }) => sentAtMs >= fromMs);
  const lost = reads.filter(({ outcome }) => outcome.kind !== 'value');
  check(
    lost.length === 0,
    () => `${lost.length} reads lost: ${JSON.stringify(lost.slice(0, 3), undefined, 1)}`,
  );
  const rate = Math.round(reads.length / ((Date.now() - fromMs) / 1000));
  check(rate >= burst.readsPerSecond, () => `there were ${rate} reads/s only`);
  return rate;
}
