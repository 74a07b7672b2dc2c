import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../control-plane/waiting.js';
import { administrator } from '../administrator.js';
import { Client } from '../client.js';
import { check, neverUnavailable } from '../expect.js';
import { type Handshakes, whileConnecting } from '../handshakes.js';
import { keepReading } from '../readers.js';
import type { Scenario, Size } from '../scenario.js';
import { agedUntil, leafOf, ServingSecret } from '../serving-secret.js';

const rounds: Readonly<Record<Size, number>> = { short: 4, long: 10 };
/** Between two renewals, so that readers meet each certificate for a while. */
const pauseMs = 1_000;
const shownWithinSeconds = 5;

/** Two thirds of the leaf's life have passed while hundreds of reads a second go through kube-apiserver. */
export const certificateRenewed: Scenario = {
  id: '6a',
  title: 'certificate renewed under load',
  async run(world, size) {
    const { plane, recorder } = world;
    const secret = new ServingSecret(world);
    const burst = new Client(administrator(plane));
    const ending = new AbortController();
    const load = keepReading({ via: 'aggregator', client: () => burst }, recorder, {
      everyMs: 2,
      signal: ending.signal,
    });
    const fromMs = Date.now();
    const shown: number[] = [];
    const connections = await whileConnecting({ world, secret }, async (handshakes) => {
      for (let round = 0; round < rounds[size]; round += 1) {
        shown.push(await renew(secret, handshakes));
        await sleep(pauseMs);
      }
      return handshakes.count;
    }).finally(async () => {
      ending.abort();
      await load;
      burst.close();
    });
    const recoverySeconds = await world.untilWell('the renewals', { fromMs });
    const seconds = (Date.now() - fromMs) / 1000;
    await neverUnavailable(world);
    const reads = recorder.answers.filter(({ via }) => via === 'aggregator').length;
    const slowest = Math.max(...shown);
    check(slowest <= shownWithinSeconds, () => `a renewed certificate was shown after ${slowest} s only`);
    const rate = `${(reads / seconds).toFixed(0)} reads/s, ${connections} new connections`;
    return {
      recoverySeconds,
      note: `${shown.length} renewals, each shown in ${slowest.toFixed(1)} s; ${rate}`,
    };
  },
};

/** Seconds from the moment when a renewal is due until each replica shows the new certificate. */
async function renew(secret: ServingSecret, handshakes: Handshakes): Promise<number> {
  const before = await secret.sound();
  const old = leafOf(before.signer, agedUntil(10));
  const fromMs = Date.now();
  await secret.write({ ...before, leaf: old });
  const leaf = await until(
    'a renewed leaf in the Secret',
    async () => {
      const { leaf } = await secret.sound();
      return leaf?.fingerprint === old?.fingerprint ? undefined : leaf;
    },
    { pollMs: 20 },
  );
  check(leaf?.fingerprint !== before.leaf?.fingerprint, () => 'the leaf before came back');
  return handshakes.untilShown(leaf?.certPem ?? '', fromMs);
}
