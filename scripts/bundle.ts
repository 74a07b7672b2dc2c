import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile } from 'esbuild';
import { buildInfo } from '../cli/build-info.js';
import { checkUsedApis } from './datadog-models.js';
import { leanPackages } from './lean-packages.js';
import { thirdPartyNotices } from './notices.js';
import { buildPageFiles } from './page-build.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const outputFolder = join(root, 'dist/bundle');
const outputFile = join(outputFolder, 'datadog-cluster-agent.mjs');

/** CommonJS packages within an ES module ask for `require`; the shebang makes the file a program. */
const banner = `#!/usr/bin/env node
import{createRequire as bundleCreateRequire}from'node:module';const require=bundleCreateRequire(import.meta.url);`;

/**
 * Writes the program as one file, with the licences of what is in it beside it. A source map is written too, for
 * reading stack traces later; the program does not name it, so it costs nothing at run time and an image may lack it.
 */
async function bundle(commit: string): Promise<void> {
  rmSync(outputFolder, { recursive: true, force: true });
  mkdirSync(outputFolder, { recursive: true });
  const page = await buildPageFiles(root);
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['cli/main.ts'],
    outfile: outputFile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    minify: true,
    // Names of functions and classes stand in stack traces, and in the logic of some libraries.
    keepNames: true,
    sourcemap: 'external',
    legalComments: 'linked',
    metafile: true,
    banner: { js: banner },
    define: {
      BUILD_VERSION: JSON.stringify(buildInfo().version),
      BUILD_COMMIT: JSON.stringify(commit),
      PAGE_FILES: JSON.stringify(page.files),
    },
    plugins: [leanPackages],
    alias: { 'cross-fetch': './scripts/cross-fetch.ts' },
    logLevel: 'warning',
  });
  checkUsedApis(Object.keys(metafile.inputs));
  chmodSync(outputFile, 0o755);
  const notices = thirdPartyNotices(root, [...Object.keys(metafile.inputs), ...page.inputs]);
  writeFileSync(join(outputFolder, 'THIRD-PARTY-NOTICES.txt'), notices);
  report(metafile);
  console.log(page.weights.join('\n'));
}

/** The commit that is checked out; a copy without git says `unknown`. */
function currentCommit(): string {
  try {
    const command = ['rev-parse', '--short=12', 'HEAD'];
    return execFileSync('git', command, { cwd: root, encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    // No git, or no repository: the version still tells which release this is.
    return 'unknown';
  }
}

function report(metafile: Metafile): void {
  const main = Object.entries(metafile.outputs).find(([path]) => path.endsWith('.mjs'));
  const megabytes = ((main?.[1].bytes ?? 0) / 1_000_000).toFixed(1);
  console.log(`${main?.[0]}: ${megabytes} MB from ${Object.keys(metafile.inputs).length} files`);
}

const commitAt = process.argv.indexOf('--commit');
await bundle(commitAt > 0 ? (process.argv[commitAt + 1] ?? 'unknown') : currentCommit());
