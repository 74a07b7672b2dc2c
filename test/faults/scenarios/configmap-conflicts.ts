import { setTimeout as sleep } from 'node:timers/promises';
import { check } from '../expect.js';
import type { Scenario, Size } from '../scenario.js';

const lastsMs: Readonly<Record<Size, number>> = { short: 6_000, long: 12_000 };

const conflict = {
  apiVersion: 'v1',
  kind: 'Status',
  status: 'Failure',
  reason: 'Conflict',
  message:
    'Operation cannot be fulfilled on configmaps "datadog-custom-metrics": the object has been modified',
  code: 409,
};

/** Every second write of the shared ConfigMap loses against another writer, as far as the leader is told. */
export const configMapConflicts: Scenario = {
  id: '5e',
  title: '409 on every second write of the ConfigMap',
  async run(world, size) {
    const proxy = world.fleet.proxy(await world.holder());
    const before = proxy.requests.length;
    let writes = 0;
    const takeBack = proxy.answer(
      (method, path) => {
        if (method !== 'PUT' || !path.includes('/configmaps/')) return false;
        writes += 1;
        return writes % 2 === 0;
      },
      { status: 409, body: conflict },
    );
    const fromMs = Date.now();
    await sleep(lastsMs[size]);
    takeBack();
    const puts = proxy.requests
      .slice(before)
      .filter(({ method, path }) => method === 'PUT' && path.includes('/configmaps/'));
    const refused = puts.filter(({ isMadeUp }) => isMadeUp === true).length;
    check(refused >= lastsMs[size] / 4_000, () => `only ${refused} writes were refused`);
    // One write a refresh, and another try for each that was refused: no storm.
    const bound = (lastsMs[size] / 1000) * 2 + 4;
    check(puts.length <= bound, () => `${puts.length} writes in ${lastsMs[size]} ms, more than ${bound}`);
    const recoverySeconds = await world.untilWell('the conflicts', { fromMs });
    check(
      recoverySeconds === 0,
      () => `a read was not answered afresh ${recoverySeconds} s into the conflicts`,
    );
    return {
      recoverySeconds,
      note: `${refused} of ${puts.length} writes were refused, each was tried again at once`,
    };
  },
};
