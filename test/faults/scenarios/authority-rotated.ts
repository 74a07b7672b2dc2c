import { setTimeout as sleep } from 'node:timers/promises';
import type { SharedCertificates } from '../../../certs/shared-certificates.js';
import { until } from '../../control-plane/waiting.js';
import { check, neverUnavailable } from '../expect.js';
import { type Handshakes, whileConnecting } from '../handshakes.js';
import type { Scenario } from '../scenario.js';
import { agedUntil, authorityOf, leafOf, ServingSecret } from '../serving-secret.js';

/** The replicas promote a new authority when the old one has ten minutes left; it gets a few seconds more than that. */
const untilPromotionSeconds = 5;

/**
 * First a person hands over to an authority of little remaining life, in the same steps as the replicas would; then the
 * replicas find that one near its end, and announce and promote one of their own.
 */
export const authorityRotated: Scenario = {
  id: '6b',
  title: 'authority rotated with overlap',
  async run(world, size) {
    const secret = new ServingSecret(world);
    const fromMs = Date.now();
    const counts: number[] = [];
    const note = await whileConnecting({ world, secret }, async (handshakes) => {
      for (let round = 0; round < (size === 'short' ? 1 : 3); round += 1) {
        const signer = await handOver(secret, handshakes);
        counts.push(...(await rotate(secret, handshakes, signer)));
      }
      return `${counts.join(', ')} authorities in the caBundle in the overlaps; ${handshakes.count} new connections`;
    });
    const recoverySeconds = await world.untilWell('the rotation', { fromMs });
    await neverUnavailable(world);
    return { recoverySeconds, note };
  },
};

async function handOver(
  secret: ServingSecret,
  handshakes: Handshakes,
): Promise<SharedCertificates['signer']> {
  const before = await secret.sound();
  const signer = authorityOf(agedUntil(10 + untilPromotionSeconds / 60));
  await secret.write({ ...before, next: signer });
  await untilPublished(secret, [before.signer.certPem, signer.certPem]);
  await sleep(1_000); // kube-apiserver reads its own registration by a watch
  const leaf = leafOf(signer, signer);
  const fromMs = Date.now();
  await secret.write({ signer, next: undefined, retired: [...before.retired, before.signer], leaf });
  await handshakes.untilShown(leaf?.certPem ?? '', fromMs);
  return signer;
}

/** How many authorities were published before and after the new one began to sign. */
async function rotate(
  secret: ServingSecret,
  handshakes: Handshakes,
  old: SharedCertificates['signer'],
): Promise<number[]> {
  const next = await until('the next authority to be announced', async () => (await secret.sound()).next);
  const before = await untilPublished(secret, [old.certPem, next.certPem]);
  check(
    (await secret.sound()).signer.fingerprint === old.fingerprint,
    () => 'promoted before it was published',
  );
  const promoted = await until(
    'the next authority to sign',
    async () => {
      await secret.touch();
      const now = await secret.sound();
      return now.signer.fingerprint === next.fingerprint ? now : undefined;
    },
    { pollMs: 1_000 },
  );
  await handshakes.untilShown(promoted.leaf?.certPem ?? '', Date.now());
  return [before, await untilPublished(secret, [old.certPem, next.certPem])];
}

/** Waits until all of these are trusted by kube-apiserver; the answer is how many are. */
function untilPublished(secret: ServingSecret, authorities: readonly string[]): Promise<number> {
  return until('the caBundle to hold all authorities in use', async () => {
    const { caPem, count } = await secret.published();
    return authorities.every((pem) => caPem.includes(pem.trim())) ? count : undefined;
  });
}
