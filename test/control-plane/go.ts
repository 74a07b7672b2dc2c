import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CommandResult, runCommand } from './commands.js';

/** A Go module of the tests' tools: what it requires, and the sums that its downloads are verified by. */
export interface GoModule {
  readonly folder: string;
  readonly goVersion: string;
  readonly mod: string;
  readonly sum: string;
}

/**
 * The modules: Kubernetes; Helm, whose dependencies would otherwise displace those of Kubernetes; definitions; the
 * elector of client-go, whose program is in the first of its two; and the programs for measuring.
 */
export type GoModuleName =
  | 'tools'
  | 'tools/helm'
  | 'tools/crds'
  | 'tools/elector'
  | 'tools/elector-of-2021'
  | 'tools/bench';

/** Reads a module; throws when its `go.mod` does not say which Go it needs. */
export async function readGoModule(name: GoModuleName): Promise<GoModule> {
  const folder = join(sourceFolder(), name);
  const [mod = '', sum = ''] = await Promise.all(
    ['go.mod', 'go.sum'].map((file) => readFile(join(folder, file), 'utf8')),
  );
  const goVersion = /^go (\S+)$/m.exec(mod)?.[1];
  if (goVersion === undefined) throw new Error(`${join(folder, 'go.mod')} does not say its Go version`);
  return { folder, goVersion, mod, sum };
}

/** The version of a required module; throws when the module does not require it. */
export function versionIn(module: GoModule, path: string): string {
  const line = module.mod
    .split('\n')
    .find((one) => one.replace('require', '').trim().startsWith(`${path} v`));
  const version = /\s(v\S+)/.exec(line ?? '')?.[1];
  if (version === undefined) throw new Error(`${join(module.folder, 'go.mod')} does not require ${path}`);
  return version;
}

/** Where what was built is kept, beside the modules. */
export function cacheFolder(): string {
  return join(sourceFolder(), '.bin');
}

/** Runs Go in a module's folder, whatever the exit code; throws when there is no Go. */
export function runGo(module: GoModule, args: readonly string[], timeoutMs?: number): Promise<CommandResult> {
  return runCommand('go', args, {
    folder: module.folder,
    environment: goEnvironment(),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
}

/** Why Go cannot be used for a module, with the remedy; undefined when it can. */
export async function obstacleToGo(module: GoModule): Promise<string | undefined> {
  const remedy = `install Go ${module.goVersion} or newer`;
  const answer = await runGo(module, ['env', 'GOVERSION']).catch(() => undefined);
  if (answer === undefined) return `there is no go on the PATH: ${remedy}`;
  const version = answer.stdout.trim();
  const has = /^go(\d+)\.(\d+)/.exec(version);
  const needs = /^(\d+)\.(\d+)/.exec(module.goVersion);
  const isEnough =
    has !== null &&
    needs !== null &&
    (Number(has[1]) > Number(needs[1]) ||
      (Number(has[1]) === Number(needs[1]) && Number(has[2]) >= Number(needs[2])));
  return isEnough ? undefined : `go is ${version || 'of an unknown version'}: ${remedy}`;
}

/** The end of what a failed run of Go complained of. */
export function complaintOf({ stderr }: CommandResult): string {
  return stderr.trim().split('\n').slice(-10).join('\n');
}

/** The present Go only (no download of another), and no workspace or C compiler of the machine's. */
function goEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, GOTOOLCHAIN: 'local', GOWORK: 'off', CGO_ENABLED: '0' };
}

/** This folder in the sources, even when this module runs from the compiler's output folder. */
function sourceFolder(): string {
  const start = dirname(fileURLToPath(import.meta.url));
  for (let folder = start; ; folder = dirname(folder)) {
    const candidate = join(folder, 'test', 'control-plane');
    if (existsSync(join(candidate, 'tools', 'go.mod'))) return candidate;
    if (folder === dirname(folder)) throw new Error(`no test/control-plane/tools/go.mod above ${start}`);
  }
}
