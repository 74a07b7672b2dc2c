import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SharedCertificates } from '../../../certs/shared-certificates.js';
import { check, neverUnavailable } from '../expect.js';
import { type Handshakes, whileConnecting } from '../handshakes.js';
import type { Scenario } from '../scenario.js';
import { agedUntil, leafOf, ServingSecret } from '../serving-secret.js';

const swaps = 2;
/** Replicas look at their files every ten seconds. */
const shownWithinSeconds = 12;
const third = 'dca-2';

/** A third replica serves mounted files, as with cert-manager, and kubelet swaps them. */
export const filesSwapped: Scenario = {
  id: '6f',
  title: 'mounted certificate files swapped',
  isLong: true,
  async run(world) {
    const { fleet } = world;
    const secret = new ServingSecret(world);
    const { signer } = await secret.sound();
    const folder = await mkdtemp(join(tmpdir(), 'mounted-'));
    try {
      await mount(folder, 0, leafOf(signer, agedUntil(600)));
      await fleet.start(third, { settings: { DD_EXTERNAL_METRICS_PROVIDER_CERTIFICATE_DIR: folder } });
      const fromMs = Date.now();
      const shown: number[] = [];
      const connect = async (handshakes: Handshakes): Promise<number> => {
        for (let swap = 1; swap <= swaps; swap += 1) {
          const leaf = leafOf(signer, agedUntil(600));
          const swappedMs = Date.now();
          await mount(folder, swap, leaf);
          shown.push(await handshakes.untilShown(leaf?.certPem ?? '', swappedMs));
        }
        return handshakes.count;
      };
      const connections = await whileConnecting({ world, secret }, connect, { replicas: [third] });
      const recoverySeconds = await world.untilWell('the swaps', { fromMs });
      const slowest = Math.max(...shown);
      check(slowest <= shownWithinSeconds, () => `new files were shown after ${slowest} s only`);
      await neverUnavailable(world);
      const times = shown.map((seconds) => seconds.toFixed(1)).join(', ');
      return { recoverySeconds, note: `shown after ${times} s; ${connections} new connections` };
    } finally {
      await fleet.terminate(third);
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/** As kubelet does: the files in a folder of their own, and a symbolic link to it that is swapped in one step. */
async function mount(folder: string, version: number, leaf: SharedCertificates['leaf']): Promise<void> {
  const data = `..version-${version}`;
  await mkdir(join(folder, data));
  await writeFile(join(folder, data, 'tls.crt'), leaf?.certPem ?? '');
  await writeFile(join(folder, data, 'tls.key'), leaf?.keyPem ?? '');
  await symlink(data, join(folder, '..data_tmp'));
  await rename(join(folder, '..data_tmp'), join(folder, '..data'));
  if (version > 0) return rm(join(folder, `..version-${version - 1}`), { recursive: true });
  for (const name of ['tls.crt', 'tls.key']) await symlink(join('..data', name), join(folder, name));
}
