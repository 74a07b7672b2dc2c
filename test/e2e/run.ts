import { join } from 'node:path';
import Mocha from 'mocha';
import { findBinaries, findHelm } from '../control-plane/binaries.js';
import { findDefinitions } from '../control-plane/crds.js';
import { projectRoot } from '../project-root.js';

const isCi = process.env['CI'] === 'true';

/** Runs the end-to-end scenarios, if this machine has or can build a control plane; in CI it must. */
async function main(): Promise<number> {
  const found = await findBinaries();
  if (!found.found) {
    shout(`THE END-TO-END TESTS WERE LEFT OUT: ${found.reason}`);
    return isCi ? 1 : 0;
  }
  const files = ['corridor.test.js', 'node-side.test.js', 'events.test.js', 'check.test.js'];
  const obstacle = await obstacleToManifests();
  if (obstacle === undefined) {
    files.unshift('manifests.test.js');
  } else {
    shout(`THE MANIFESTS AND THE HELM CHART WERE NOT TESTED: ${obstacle}`);
    if (isCi) return 1;
  }
  // Each scenario is listed with its time, however short.
  const mocha = new Mocha({ reporter: 'spec', slow: 0, forbidOnly: true, forbidPending: true, bail: true });
  for (const file of files) mocha.addFile(join(projectRoot, 'dist/test/e2e', file));
  await mocha.loadFilesAsync();
  return new Promise((resolve) => mocha.run((failures) => resolve(failures === 0 ? 0 : 1)));
}

/** The manifests need helm and foreign definitions beside a control plane, and so Go. */
async function obstacleToManifests(): Promise<string | undefined> {
  for (const find of [findHelm, findDefinitions]) {
    const found = await find();
    if (!found.found) return found.reason;
  }
  return undefined;
}

function shout(notice: string): void {
  console.error(`\n${'!'.repeat(90)}\n${notice}\n${'!'.repeat(90)}\n`);
}

process.exit(await main());
