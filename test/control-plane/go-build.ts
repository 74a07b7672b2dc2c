import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BinaryName, binariesIn, type FoundBinaries, missingFrom } from './binary-set.js';
import { runCommand } from './commands.js';

const PACKAGES: Readonly<Record<BinaryName, string>> = {
  etcd: 'go.etcd.io/etcd/server/v3',
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
  kubectl: 'k8s.io/kubernetes/cmd/kubectl',
};

/** What stands in the Go module of the tools. */
interface ToolModule {
  readonly folder: string;
  readonly goVersion: string;
  readonly kubernetesVersion: string;
  /** Changes whenever another build would come out. */
  readonly key: string;
}

/** The control plane's programs of `tools/go.mod`, from the cache beside it or built into that, one by one. */
export async function buildBinaries(): Promise<FoundBinaries> {
  const module = await readModule(findSourceFolder());
  const cache = join(module.folder, '..', '.bin');
  const folder = join(cache, module.key);
  const binaries = binariesIn(folder);
  const missing = await missingFrom(binaries);
  if (missing.length === 0) return { found: true, binaries, origin: 'cache' };

  const obstacle = await obstacleToGo(module);
  if (obstacle !== undefined) return { found: false, reason: obstacle };
  await mkdir(folder, { recursive: true });
  say(`building Kubernetes ${module.kubernetesVersion} for the tests; the first time takes minutes`);
  for (const name of missing) {
    const failure = await build(name, binaries[name], module);
    if (failure !== undefined) return { found: false, reason: failure };
  }
  await removeOthers(cache, module.key);
  return { found: true, binaries, origin: 'build' };
}

/** This folder in the sources, even when this module runs from the compiler's output folder. */
function findSourceFolder(): string {
  const start = dirname(fileURLToPath(import.meta.url));
  for (let folder = start; ; folder = dirname(folder)) {
    const candidate = join(folder, 'test', 'control-plane');
    if (existsSync(join(candidate, 'tools', 'go.mod'))) return candidate;
    if (folder === dirname(folder)) throw new Error(`no test/control-plane/tools/go.mod above ${start}`);
  }
}

async function readModule(sourceFolder: string): Promise<ToolModule> {
  const folder = join(sourceFolder, 'tools');
  const [mod, sum] = await Promise.all(
    ['go.mod', 'go.sum'].map((name) => readFile(join(folder, name), 'utf8')),
  );
  const goVersion = /^go (\S+)$/m.exec(mod ?? '')?.[1];
  const kubernetesVersion = /^(?:require)?\s*k8s\.io\/kubernetes (v\S+)/m.exec(mod ?? '')?.[1];
  if (goVersion === undefined || kubernetesVersion === undefined) {
    throw new Error(`${join(folder, 'go.mod')} does not say its go and k8s.io/kubernetes versions`);
  }
  const how = [linkerFlags(kubernetesVersion), process.platform, process.arch];
  const key = createHash('sha256')
    .update(JSON.stringify([mod, sum, how]))
    .digest('hex')
    .slice(0, 16);
  return { folder, goVersion, kubernetesVersion, key };
}

/**
 * What Kubernetes' own release build stamps, in both places: without it a program calls itself v0.0.0, which
 * breaks version negotiation and the User-Agent. The commit is left empty, as no module knows it.
 */
function linkerFlags(kubernetesVersion: string): string {
  const [major = '', minor = ''] = kubernetesVersion.slice(1).split('.');
  const values = { gitVersion: kubernetesVersion, gitMajor: major, gitMinor: minor, gitCommit: '' };
  const settings = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((path) =>
    Object.entries(values).map(([name, value]) => `-X ${path}.${name}=${value}`),
  );
  return ['-s -w', ...settings].join(' ');
}

async function obstacleToGo(module: ToolModule): Promise<string | undefined> {
  const remedy = `install Go ${module.goVersion} or newer, or set KUBEBUILDER_ASSETS`;
  const answer = await runCommand('go', ['env', 'GOVERSION'], { environment: goEnvironment() }).catch(
    () => undefined,
  );
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

/** The present Go only (no download of another), and no workspace or C compiler of the machine's. */
function goEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, GOTOOLCHAIN: 'local', GOWORK: 'off', CGO_ENABLED: '0' };
}

/** Builds one program; returns why it failed, if it did. */
async function build(name: BinaryName, file: string, module: ToolModule): Promise<string | undefined> {
  say(`building ${name} ...`);
  const startedAtMs = Date.now();
  // Renamed when whole, so that a build broken off leaves nothing that looks finished.
  const unfinished = `${file}.${process.pid}`;
  const args = ['build', '-mod=readonly', '-buildvcs=false', '-trimpath'];
  const { code, stderr } = await runCommand(
    'go',
    [...args, '-ldflags', linkerFlags(module.kubernetesVersion), '-o', unfinished, PACKAGES[name]],
    { folder: module.folder, environment: goEnvironment() },
  );
  if (code !== 0) return `go build of ${name} failed: ${stderr.trim().split('\n').slice(-10).join('\n')}`;
  await rename(unfinished, file);
  say(`built ${name} in ${((Date.now() - startedAtMs) / 1000).toFixed(0)} s`);
  return undefined;
}

/** Builds of other versions weigh some 250 MB each, and Go's own cache makes them again in seconds. */
async function removeOthers(cache: string, key: string): Promise<void> {
  const others = (await readdir(cache)).filter((name) => name !== key);
  await Promise.all(others.map((name) => rm(join(cache, name), { recursive: true, force: true })));
}

function say(text: string): void {
  process.stderr.write(`control plane: ${text}\n`);
}
