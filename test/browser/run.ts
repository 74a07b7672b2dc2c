import { existsSync } from 'node:fs';
import { join } from 'node:path';
import Mocha from 'mocha';
import { projectRoot } from '../project-root.js';
import { browserPath } from './browser.js';

/** Tries the page in a real browser, if this machine has one; in CI it must. */
async function main(): Promise<number> {
  if (!existsSync(browserPath)) {
    const line = '!'.repeat(90);
    console.error(
      `\n${line}\nTHE PAGE WAS NOT TESTED: there is no ${browserPath}; install Chromium, or set CHROMIUM_PATH\n${line}\n`,
    );
    return process.env['CI'] === 'true' ? 1 : 0;
  }
  const mocha = new Mocha({
    reporter: 'spec',
    slow: 0,
    timeout: 60_000,
    forbidOnly: true,
    forbidPending: true,
  });
  mocha.addFile(join(projectRoot, 'dist/test/browser/page.test.js'));
  await mocha.loadFilesAsync();
  return new Promise((resolve) => mocha.run((failures) => resolve(failures === 0 ? 0 : 1)));
}

process.exit(await main());
