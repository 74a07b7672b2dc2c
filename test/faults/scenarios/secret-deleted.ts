import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../control-plane/waiting.js';
import { check, neverUnavailable, since } from '../expect.js';
import { whileConnecting } from '../handshakes.js';
import type { Scenario, Size } from '../scenario.js';
import { ServingSecret } from '../serving-secret.js';

const rounds: Readonly<Record<Size, number>> = { short: 3, long: 8 };
/** Until the next deletion, so that readers meet each. */
const pauseMs = 500;
const backWithinSeconds = 5;

/** The replicas write again what they hold, and go on with it. */
export const secretDeleted: Scenario = {
  id: '6c',
  title: 'Secret of the certificate deleted',
  async run(world, size) {
    const secret = new ServingSecret(world);
    const fromMs = Date.now();
    const times: number[] = [];
    const recoverySeconds = await whileConnecting({ world, secret }, async () => {
      for (let round = 0; round < rounds[size]; round += 1) {
        times.push(await lose(secret));
        await sleep(pauseMs);
      }
      return world.untilWell('the loss of the Secret', { fromMs });
    });
    await neverUnavailable(world);
    const slowest = Math.max(...times);
    check(slowest <= backWithinSeconds, () => `the Secret was away for ${slowest} s`);
    return {
      recoverySeconds,
      note: `${times.length} times; back after at most ${slowest.toFixed(1)} s with the same authority`,
    };
  },
};

async function lose(secret: ServingSecret): Promise<number> {
  const before = await secret.sound();
  const fromMs = Date.now();
  await secret.remove();
  const after = await until('the Secret to be back', () => secret.read(), { pollMs: 20 });
  check(after.signer.fingerprint === before.signer.fingerprint, () => 'it came back with another authority');
  check(
    after.next !== undefined,
    () => 'no new authority was announced, though the old key may have been taken',
  );
  return since(fromMs);
}
