import { join } from 'node:path';
import Mocha from 'mocha';
import { findBinaries } from '../control-plane/binaries.js';
import { projectRoot } from '../project-root.js';

/** Runs the end-to-end scenarios, if this machine has or can build a control plane; in CI it must. */
async function main(): Promise<number> {
  const found = await findBinaries();
  if (!found.found) {
    const notice = `THE END-TO-END TESTS WERE LEFT OUT: ${found.reason}`;
    console.error(`\n${'!'.repeat(90)}\n${notice}\n${'!'.repeat(90)}\n`);
    return process.env['CI'] === 'true' ? 1 : 0;
  }
  // Each scenario is listed with its time, however short.
  const mocha = new Mocha({ reporter: 'spec', slow: 0, forbidOnly: true, forbidPending: true, bail: true });
  mocha.addFile(join(projectRoot, 'dist/test/e2e/corridor.test.js'));
  await mocha.loadFilesAsync();
  return new Promise((resolve) => mocha.run((failures) => resolve(failures === 0 ? 0 : 1)));
}

process.exit(await main());
