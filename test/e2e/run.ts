import { join } from 'node:path';
import Mocha from 'mocha';
import { findBinaries, findElector, findHelm, findScheduler } from '../control-plane/binaries.js';
import { ELECTOR_NAMES } from '../control-plane/binary-set.js';
import { findDefinitions } from '../control-plane/crds.js';
import { projectRoot } from '../project-root.js';

const isCi = process.env['CI'] === 'true';

type Find = () => Promise<{ readonly found: true } | { readonly found: false; readonly reason: string }>;

/** What needs more than a control plane, and so Go: helm and foreign definitions, electors of client-go, a scheduler. */
const ofMoreTools: readonly {
  readonly file: string;
  readonly title: string;
  readonly finds: readonly Find[];
}[] = [
  {
    file: 'leadership.test.js',
    title: 'LEADERSHIP BESIDE CLIENT-GO WAS',
    finds: ELECTOR_NAMES.map((name) => () => findElector(name)),
  },
  {
    file: 'manifests.test.js',
    title: 'THE MANIFESTS AND THE HELM CHART WERE',
    finds: [findHelm, findDefinitions],
  },
  {
    file: 'control-plane.test.js',
    title: 'THE CHECKS OF THE CONTROL PLANE WERE',
    finds: [findScheduler],
  },
];

/** Runs the end-to-end scenarios, if this machine has or can build a control plane; in CI it must. */
async function main(): Promise<number> {
  const found = await findBinaries();
  if (!found.found) {
    shout(`THE END-TO-END TESTS WERE LEFT OUT: ${found.reason}`);
    return isCi ? 1 : 0;
  }
  const files = [
    'corridor.test.js',
    'node-side.test.js',
    'events.test.js',
    'explain.test.js',
    'check.test.js',
  ];
  for (const { file, title, finds } of ofMoreTools) {
    const obstacle = await obstacleTo(finds);
    if (obstacle === undefined) {
      files.unshift(file);
    } else {
      shout(`${title} NOT TESTED: ${obstacle}`);
      if (isCi) return 1;
    }
  }
  // Each scenario is listed with its time, however short.
  const mocha = new Mocha({ reporter: 'spec', slow: 0, forbidOnly: true, forbidPending: true, bail: true });
  for (const file of files) mocha.addFile(join(projectRoot, 'dist/test/e2e', file));
  await mocha.loadFilesAsync();
  return new Promise((resolve) => mocha.run((failures) => resolve(failures === 0 ? 0 : 1)));
}

async function obstacleTo(finds: readonly Find[]): Promise<string | undefined> {
  for (const find of finds) {
    const found = await find();
    if (!found.found) return found.reason;
  }
  return undefined;
}

function shout(notice: string): void {
  console.error(`\n${'!'.repeat(90)}\n${notice}\n${'!'.repeat(90)}\n`);
}

process.exit(await main());
