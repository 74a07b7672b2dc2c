import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type BenchProgramName,
  BINARY_NAMES,
  type BinaryName,
  binariesIn,
  type ElectorName,
  type FoundBinaries,
  type FoundProgram,
  isExecutable,
  missingFrom,
} from './binary-set.js';
import {
  cacheFolder,
  complaintOf,
  type GoModule,
  obstacleToGo,
  readGoModule,
  runGo,
  versionIn,
} from './go.js';

type ProgramName = BinaryName | 'kube-scheduler' | 'helm' | ElectorName | BenchProgramName;

const PACKAGES: Readonly<Record<ProgramName, string>> = {
  etcd: 'go.etcd.io/etcd/server/v3',
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
  'kube-scheduler': 'k8s.io/kubernetes/cmd/kube-scheduler',
  kubectl: 'k8s.io/kubernetes/cmd/kubectl',
  helm: 'helm.sh/helm/v3/cmd/helm',
  elector: '.',
  'elector-of-2021': '.',
  peer: './peer',
  loader: './loader',
};

/** How the programs of one module are built. */
interface Recipe {
  readonly module: GoModule;
  readonly linkerFlags: string;
  /** Whose requirements count, if not the module's own. */
  readonly requirements?: GoModule;
  /** The folder of the results; its name changes whenever another build would come out. */
  readonly folder: string;
  /** The names of the folders that earlier builds of the same programs left. */
  readonly siblings: RegExp;
}

/** The control plane's programs of `tools/go.mod`, from the cache beside it or built into that, one by one. */
export async function buildBinaries(): Promise<FoundBinaries> {
  const { version, recipe } = await kubernetesRecipe();
  const binaries = binariesIn(recipe.folder);
  const missing = await missingFrom(binaries);
  if (missing.length === 0) return { found: true, binaries, origin: 'cache' };

  const obstacle = await obstacleToGo(recipe.module);
  if (obstacle !== undefined) return { found: false, reason: `${obstacle}, or set KUBEBUILDER_ASSETS` };
  say(`building Kubernetes ${version} for the tests; the first time takes minutes`);
  const failure = await buildAll(
    BINARY_NAMES.filter((name) => missing.includes(name)),
    recipe,
  );
  return failure === undefined
    ? { found: true, binaries, origin: 'build' }
    : { found: false, reason: failure };
}

/** kube-scheduler of the same module, beside the others. */
export async function buildScheduler(): Promise<FoundProgram> {
  return buildProgram('kube-scheduler', (await kubernetesRecipe()).recipe);
}

async function kubernetesRecipe(): Promise<{ readonly version: string; readonly recipe: Recipe }> {
  const module = await readGoModule('tools');
  const version = versionIn(module, 'k8s.io/kubernetes');
  const linkerFlags = kubernetesLinkerFlags(version);
  const folder = join(cacheFolder(), keyOf(module, linkerFlags));
  return { version, recipe: { module, linkerFlags, folder, siblings: /^[0-9a-f]{16}$/ } };
}

/** Helm of `tools/helm/go.mod`, from the same cache or built into it. */
export async function buildHelm(): Promise<FoundProgram> {
  const module = await readGoModule('tools/helm');
  const version = versionIn(module, 'helm.sh/helm/v3');
  const linkerFlags = helmLinkerFlags(version, versionIn(module, 'k8s.io/client-go'));
  const folder = join(cacheFolder(), `helm-${keyOf(module, linkerFlags)}`);
  return buildProgram('helm', { module, linkerFlags, folder, siblings: /^helm-[0-9a-f]{16}$/ });
}

/** The elector, against the client-go that the module of its name requires. */
export async function buildElector(name: ElectorName): Promise<FoundProgram> {
  const [module, requirements] = await Promise.all([
    readGoModule('tools/elector'),
    readGoModule(`tools/${name}`),
  ]);
  return buildOwn(name, module, requirements);
}

/** A program for measuring, of `tools/bench`. */
export async function buildBenchProgram(name: BenchProgramName): Promise<FoundProgram> {
  const module = await readGoModule('tools/bench');
  return buildOwn(name, module, module);
}

/** A program whose sources lie here, so that a change in them is another build. */
async function buildOwn(
  name: ElectorName | BenchProgramName,
  module: GoModule,
  requirements: GoModule,
): Promise<FoundProgram> {
  const linkerFlags = '-s -w';
  const sources = await goSourcesIn(join(module.folder, PACKAGES[name]));
  const folder = join(cacheFolder(), `${name}-${keyOf(requirements, `${linkerFlags} ${sources}`)}`);
  const siblings = new RegExp(`^${name}-[0-9a-f]{16}$`);
  return buildProgram(name, { module, requirements, linkerFlags, folder, siblings });
}

async function goSourcesIn(folder: string): Promise<string> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.go')).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  return texts.join('\n');
}

/** One program, from the recipe's folder or built into it. */
async function buildProgram(name: ProgramName, recipe: Recipe): Promise<FoundProgram> {
  const file = join(recipe.folder, name);
  if (await isExecutable(file)) return { found: true, file, origin: 'cache' };
  const obstacle = await obstacleToGo(recipe.requirements ?? recipe.module);
  if (obstacle !== undefined) return { found: false, reason: obstacle };
  const failure = await buildAll([name], recipe);
  return failure === undefined ? { found: true, file, origin: 'build' } : { found: false, reason: failure };
}

/**
 * What Kubernetes' own release build stamps, in both places: without it a program calls itself v0.0.0, which
 * breaks version negotiation and the User-Agent. The commit is left empty, as no module knows it.
 */
function kubernetesLinkerFlags(version: string): string {
  const [major = '', minor = ''] = version.slice(1).split('.');
  const values = { gitVersion: version, gitMajor: major, gitMinor: minor, gitCommit: '' };
  const settings = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((path) =>
    Object.entries(values).map(([name, value]) => `-X ${path}.${name}=${value}`),
  );
  return ['-s -w', ...settings].join(' ');
}

/** What Helm's own release build stamps: its version, and the Kubernetes that it takes for granted without a cluster. */
function helmLinkerFlags(version: string, clientVersion: string): string {
  const [, minor = ''] = clientVersion.slice(1).split('.');
  const settings = ['chartutil', 'lint/rules'].flatMap((room) => [
    `-X helm.sh/helm/v3/pkg/${room}.k8sVersionMajor=1`,
    `-X helm.sh/helm/v3/pkg/${room}.k8sVersionMinor=${minor}`,
  ]);
  return ['-s -w', `-X helm.sh/helm/v3/internal/version.version=${version}`, ...settings].join(' ');
}

function keyOf({ mod, sum }: GoModule, linkerFlags: string): string {
  const how = [linkerFlags, process.platform, process.arch];
  return createHash('sha256')
    .update(JSON.stringify([mod, sum, how]))
    .digest('hex')
    .slice(0, 16);
}

/** Builds one after the other; returns why one failed, if one did. */
async function buildAll(names: readonly ProgramName[], recipe: Recipe): Promise<string | undefined> {
  await mkdir(recipe.folder, { recursive: true });
  for (const name of names) {
    const failure = await build(name, recipe);
    if (failure !== undefined) return failure;
  }
  await removeOthers(recipe);
  return undefined;
}

async function build(name: ProgramName, recipe: Recipe): Promise<string | undefined> {
  say(`building ${name} ...`);
  const startedAtMs = Date.now();
  const file = join(recipe.folder, name);
  // Renamed when whole, so that a build broken off leaves nothing that looks finished.
  const unfinished = `${file}.${process.pid}`;
  const { module, requirements = module, linkerFlags } = recipe;
  const args = ['build', '-mod=readonly', '-buildvcs=false', '-trimpath', '-ldflags', linkerFlags];
  const modFile = ['-modfile', join(requirements.folder, 'go.mod')];
  const result = await runGo(module, [...args, ...modFile, '-o', unfinished, PACKAGES[name]]);
  if (result.code !== 0) return `go build of ${name} failed: ${complaintOf(result)}`;
  await rename(unfinished, file);
  say(`built ${name} in ${((Date.now() - startedAtMs) / 1000).toFixed(0)} s`);
  return undefined;
}

/** Builds of other versions weigh some 250 MB each, and Go's own cache makes them again in seconds. */
async function removeOthers({ folder, siblings }: Recipe): Promise<void> {
  const cache = cacheFolder();
  const others = (await readdir(cache)).filter((name) => siblings.test(name) && join(cache, name) !== folder);
  await Promise.all(others.map((name) => rm(join(cache, name), { recursive: true, force: true })));
}

function say(text: string): void {
  process.stderr.write(`control plane: ${text}\n`);
}
