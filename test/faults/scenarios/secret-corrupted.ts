import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../control-plane/waiting.js';
import { check, neverUnavailable, since } from '../expect.js';
import { whileConnecting } from '../handshakes.js';
import type { Scenario } from '../scenario.js';
import { agedUntil, authorityOf, leafOf, ServingSecret } from '../serving-secret.js';

const garbage = 'garbage';
const soundWithinSeconds = 5;
/** Until the next corruption, so that readers meet each. */
const pauseMs = 500;

/** What a stranger writes over the Secret; `stranger` has an authority and a leaf of its own. */
function corruptions(): Readonly<Record<string, Readonly<Record<string, string>>>> {
  const signer = authorityOf(agedUntil(60 * 24 * 30));
  const leaf = leafOf(signer, signer);
  const pair = { 'tls.crt': leaf?.certPem ?? '', 'tls.key': leaf?.keyPem ?? '' };
  return {
    'a broken leaf': { 'tls.crt': garbage },
    'a leaf of another authority': pair,
    'a key of another leaf': { 'tls.key': leaf?.keyPem ?? '' },
    'a broken authority': { 'ca.crt': garbage, 'ca.key': garbage },
    'garbage everywhere': Object.fromEntries(
      ['tls.crt', 'tls.key', 'ca.crt', 'ca.key', 'next-ca.crt', 'next-ca.key', 'retired-cas.crt'].map(
        (key) => [key, garbage],
      ),
    ),
    'all of another authority': { ...pair, 'ca.crt': signer.certPem, 'ca.key': signer.keyPem },
  };
}

/** What is good of it is kept, what is not is made anew, and all go on to serve meanwhile. */
export const secretCorrupted: Scenario = {
  id: '6d',
  title: 'Secret of the certificate overwritten',
  async run(world, size) {
    const secret = new ServingSecret(world);
    const fromMs = Date.now();
    const times: number[] = [];
    const connections = await whileConnecting({ world, secret }, async (handshakes) => {
      for (let round = 0; round < (size === 'short' ? 1 : 4); round += 1)
        for (const [what, texts] of Object.entries(corruptions())) {
          times.push(await corrupt(secret, what, texts));
          await sleep(pauseMs);
        }
      return handshakes.count;
    });
    const recoverySeconds = await world.untilWell('the corruption', { fromMs });
    await neverUnavailable(world);
    const slowest = Math.max(...times).toFixed(1);
    const note = `${times.length} corruptions, sound again in ${slowest} s; ${connections} new connections`;
    return { recoverySeconds, note };
  },
};

async function corrupt(
  secret: ServingSecret,
  what: string,
  texts: Readonly<Record<string, string>>,
): Promise<number> {
  const fromMs = Date.now();
  await secret.overwrite(texts);
  await until(
    `the Secret to be sound after ${what}`,
    async () => {
      const now = await secret.read();
      if (now?.leaf === undefined) return undefined;
      const { caPem } = await secret.published();
      return caPem.includes(now.signer.certPem.trim()) ? true : undefined;
    },
    { pollMs: 20 },
  );
  const seconds = since(fromMs);
  check(seconds <= soundWithinSeconds, () => `${what}: sound only after ${seconds} s`);
  return seconds;
}
