import {
  chmodSync,
  copyFileSync,
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Context, copyContext } from './image/context.js';
import { parseDockerfile, type Stage } from './image/dockerfile.js';
import { readShippedPod } from './image/shipped-pod.js';
import { runStage, type StageResult } from './image/stage-run.js';
import {
  entriesOf,
  fingerprint,
  freePort,
  makeReadOnly,
  makeWritable,
  type Program,
  startTrial,
  untilAnswer,
} from './image/trial.js';

/**
 * Tries the Dockerfile as far as that goes without an image builder: its stages are carried out in folders of this
 * machine, and what the image would hold is started as a pod would, from a read-only folder and by a user that nobody knows.
 * Prints a line for each check, ends with 1 at the first that fails, and says what it could not check.
 */
const root = fileURLToPath(new URL('../..', import.meta.url));
const revision = 'check-image';
/** As OpenShift gives to a namespace. */
const arbitraryUser = 1_000_620_000;
const isRoot = process.getuid?.() === 0;
const sharedFolders = ['/', '/tmp', '/var/tmp', '/dev/shm'];
const notChecked = [
  'that both base images exist and can be pulled',
  "layers, the platform, and the image's size",
  'a container: its root file system, capabilities and seccomp profile, and Node as process 1',
  `the image's own Node (here it is ${process.version})`,
];

const folder = mkdtempSync(join(tmpdir(), 'check-image-'));
const image = join(folder, 'image');
/** What a pod mounts. */
const outside = join(folder, 'outside');
/** Stands for the one folder of the pod that can be written to. */
const writable = mkdtempSync(join(tmpdir(), 'check-image-writable-'));

async function main(): Promise<void> {
  const [build, final] = await check('the Dockerfile can be read', readStages);
  await check('both stages have the same major version of Node, the final one distroless', () =>
    compareNodes(build, final),
  );
  const context = join(folder, 'context');
  await check('the context holds what the build needs and nothing that git ignores', () =>
    describeContext(copyContext(root, context)),
  );
  const buildRoot = join(folder, 'build');
  const inputs = {
    context,
    stages: new Map([[build.name ?? '', buildRoot]]),
    buildArguments: { REVISION: revision },
  };
  await check('the build stage runs in a clean folder', () => {
    runStage(build, { ...inputs, root: buildRoot, shellEnvironment: shellEnvironment() });
  });
  const result = await check('the final stage finds its files', () =>
    runStage(final, { ...inputs, root: image }),
  );
  await check('its labels, user, ports and command are those of the manifests', () =>
    compareManifests(result),
  );
  await check('it holds the program, licences, and nothing else', listFiles);
  await tryProgram(result);
}

function readStages(): readonly [Stage, Stage] {
  const [build, final, ...others] = parseDockerfile(readFileSync(join(root, 'Dockerfile'), 'utf8'));
  if (build === undefined || final === undefined || others.length > 0) throw new Error('expected two stages');
  return [build, final];
}

function compareNodes(build: Stage, final: Stage): string {
  const before = /^node:(\d+)-/.exec(build.image)?.[1];
  const after = /^gcr\.io\/distroless\/nodejs(\d+)-debian\d+:nonroot$/.exec(final.image)?.[1];
  if (before === undefined || before !== after) throw new Error(`${build.image}, then ${final.image}`);
  return `Node ${after}`;
}

function describeContext({ files, bytes, leaks }: Context): string {
  if (leaks.length > 0) throw new Error(`.dockerignore lets through: ${leaks.join(', ')}`);
  const strange = files.filter((path) => /(^|\/)(test|dist|node_modules|\.git)\//.test(path));
  if (strange.length > 0) throw new Error(`not needed for the build: ${strange.join(', ')}`);
  return `${files.length} files, ${Math.round(bytes / 1000)} kB`;
}

function compareManifests({ labels, user, ports, command }: StageResult): string {
  const { version } = readJson('package.json');
  const pod = readShippedPod(root);
  const prefix = 'org.opencontainers.image';
  const differences = [
    ['version label', labels.get(`${prefix}.version`), version],
    ['revision label', labels.get(`${prefix}.revision`), revision],
    ['licence label', labels.get(`${prefix}.licenses`), readJson('package.json')['license']],
    ['user', user, pod.user],
    ['command', command.join(' '), pod.args.join(' ')],
    ['ports that no manifest has', ports.filter((port) => !pod.ports.includes(port)).join(' '), ''],
  ].filter(([, actual, expected]) => actual !== expected);
  if (differences.length > 0) throw new Error(JSON.stringify(differences));
  return `version ${version}, user ${user}, ports ${ports.join(' ')}`;
}

function listFiles(): string {
  const files = fingerprint(image).map((line) => line.split(' ')[0]?.slice(image.length + 1) ?? '');
  const expected = [
    '',
    'app',
    'app/LICENSE',
    'app/THIRD-PARTY-NOTICES.txt',
    'app/datadog-cluster-agent.mjs',
    'app/datadog-cluster-agent.mjs.LEGAL.txt',
  ];
  if (files.toSorted().join() !== expected.join()) throw new Error(`it holds ${files.join(', ')}`);
  return `${(readFileSync(join(image, 'app/datadog-cluster-agent.mjs')).length / 1e6).toFixed(1)} MB of program`;
}

/** The program's life in a pod, as far as it goes without a cluster. */
async function tryProgram(result: StageResult): Promise<void> {
  prepare(result);
  const before = fingerprint(folder);
  const healthPort = await freePort();
  const program = await toProgram(result, { DD_HEALTH_PORT: String(healthPort) });
  const who = isRoot ? `user ${arbitraryUser}` : 'this user';
  await check(`${who} runs version`, async () => {
    const { code, stdout } = await startTrial(program(['version'])).ended;
    if (code !== 0 || !stdout.includes(`'${revision}'`)) throw new Error(`it ended with ${code}: ${stdout}`);
    return stdout.trim();
  });
  await check(
    `${who} runs config with the settings of deploy/base, and nothing is wrong with them`,
    async () => {
      const { code, stderr } = await startTrial(program(['config'])).ended;
      if (code !== 0 || stderr !== '') throw new Error(`it ended with ${code}: ${stderr}`);
    },
  );
  await check('start refuses a wrong setting by name', async () => {
    const { code, stderr } = await startTrial(program(result.command, { DD_SITE: 'https://wrong' })).ended;
    if (code !== 1 || !stderr.includes('DD_SITE')) throw new Error(`it ended with ${code}: ${stderr}`);
    return stderr.trim();
  });
  await check('start refuses to be without the token of node agents', async () => {
    const { code, stderr } = await startTrial(program(result.command, { DD_CLUSTER_AGENT_AUTH_TOKEN: '' }))
      .ended;
    if (code !== 1 || !stderr.includes('DD_CLUSTER_AGENT_AUTH_TOKEN'))
      throw new Error(`it ended with ${code}: ${stderr}`);
    return stderr.trim();
  });
  rmSync(join(writable, 'auth_token'), { force: true });
  await check('start without a cluster stays up, lives, is not ready, and ends well at SIGTERM', () =>
    startAndStop(program(result.command), `http://127.0.0.1:${healthPort}`),
  );
  await check('metamap, another process of the same user, finds the token that start has made', async () => {
    const { code, stderr } = await startTrial(program(['metamap'])).ended;
    // It gets as far as to ask: nobody answers, as start has ended.
    if (code !== 1 || !stderr.includes('ECONNREFUSED')) throw new Error(`it ended with ${code}: ${stderr}`);
  });
  await check(
    'the folder that can be written to holds the token of commands, for its user alone',
    listWritten,
  );
  await check('nothing was written elsewhere', () => {
    const after = fingerprint(folder);
    const changed = after.filter((line) => !before.includes(line));
    const foreign = isRoot ? entriesOf(arbitraryUser, sharedFolders) : [];
    if (changed.length > 0 || after.length !== before.length || foreign.length > 0)
      throw new Error([...changed, ...foreign].join('\n'));
  });
}

function listWritten(): string {
  const names = readdirSync(writable);
  if (names.join() !== 'auth_token') throw new Error(`it holds ${names.join(', ') || 'nothing'}`);
  const { mode, size, uid } = lstatSync(join(writable, 'auth_token'));
  const rights = (mode & 0o7777).toString(8);
  if (rights !== '600' || (isRoot && uid !== arbitraryUser))
    throw new Error(`auth_token is of user ${uid} with mode ${rights}`);
  return `auth_token, ${size} bytes, mode 0${rights}`;
}

/** The shipped settings, with our folder in place of the pod's. */
function shippedEnvironment(): Readonly<Record<string, string>> {
  const { environment, writableFolders } = readShippedPod(root);
  const [mounted, ...others] = writableFolders;
  if (mounted === undefined || others.length > 0)
    throw new Error(`expected one folder that can be written to: ${writableFolders.join(', ')}`);
  const moved = Object.entries(environment).map(([name, value]): [string, string] => [
    name,
    value.startsWith(`${mounted}/`) ? join(writable, value.slice(mounted.length)) : value,
  ]);
  return Object.fromEntries(moved);
}

type Start = (args: readonly string[], changes?: Readonly<Record<string, string>>) => Program;

/** The image's entry point, with what a pod gives it; ports are free ones, and a stop is short. */
async function toProgram(result: StageResult, changes: Readonly<Record<string, string>>): Promise<Start> {
  const environment = {
    ...Object.fromEntries(result.environment),
    ...shippedEnvironment(),
    DD_API_KEY: 'a'.repeat(32),
    DD_APP_KEY: 'b'.repeat(40),
    DD_CLUSTER_AGENT_AUTH_TOKEN: 'c'.repeat(32),
    DD_POD_NAME: 'datadog-cluster-agent-0',
    DD_KUBERNETES_KUBECONFIG_PATH: join(outside, 'kubeconfig'),
    DD_EXTERNAL_METRICS_PROVIDER_ENDPOINT: 'http://127.0.0.1:1',
    DD_URL: 'http://127.0.0.1:1',
    DD_EXTERNAL_METRICS_PROVIDER_PORT: String(await freePort()),
    DD_EXPVAR_PORT: String(await freePort()),
    DD_GUI_PORT: '-1',
    DD_CLUSTER_AGENT_CMD_PORT: String(await freePort()),
    DD_SHUTDOWN_DELAY: '1',
    DD_SHUTDOWN_DRAIN_TIMEOUT: '1',
    ...changes,
  };
  const [file = '', ...entry] = result.entrypoint.map((word) =>
    word.startsWith('/') ? join(image, word) : word,
  );
  const settings = ['--cfgpath', join(outside, 'datadog-cluster.yaml')];
  return (args, others = {}) => ({
    file,
    args: [...entry, ...settings, ...args],
    environment: { ...environment, ...others },
    userId: isRoot ? arbitraryUser : undefined,
  });
}

async function startAndStop(program: Program, healthUrl: string): Promise<string> {
  const trial = startTrial(program);
  await untilAnswer(trial, `${healthUrl}/live`, 200);
  await untilAnswer(trial, `${healthUrl}/ready`, 500);
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  await untilAnswer(trial, `${healthUrl}/live`, 200);
  const signalledAtMs = performance.now();
  trial.process.kill('SIGTERM');
  const { code, stdout, stderr } = await trial.ended;
  if (code !== 0) throw new Error(`it ended with ${code}\n${stdout}\n${stderr}`);
  return `ended ${((performance.now() - signalledAtMs) / 1000).toFixed(1)} s after the signal`;
}

/** Lays beside the image what a pod mounts, and takes all rights to write away. */
function prepare(result: StageResult): void {
  const node = join(image, result.entrypoint[0] ?? '');
  mkdirSync(join(node, '..'), { recursive: true });
  copyFileSync(process.execPath, node);
  rmSync(join(folder, 'build'), { recursive: true });
  rmSync(join(folder, 'context'), { recursive: true });
  mkdirSync(outside);
  cpSync(join(root, 'deploy/base/datadog-cluster.yaml'), join(outside, 'datadog-cluster.yaml'));
  writeFileSync(
    join(outside, 'kubeconfig'),
    `apiVersion: v1
kind: Config
current-context: c
contexts: [{ name: c, context: { cluster: c, user: u } }]
clusters: [{ name: c, cluster: { server: "https://127.0.0.1:1", insecure-skip-tls-verify: true } }]
users: [{ name: u, user: { token: none } }]
`,
  );
  makeReadOnly(folder);
  // As the kubelet makes an emptyDir: for whatever user the pod runs as.
  chmodSync(writable, 0o777);
}

function readJson(name: string): Readonly<Record<string, unknown>> {
  return JSON.parse(readFileSync(join(root, name), 'utf8')) as Record<string, unknown>;
}

/** Ours, for the registry that this machine uses; without what an npm around this script says of itself. */
function shellEnvironment(): Readonly<Record<string, string>> {
  const own = /^(npm_(package|lifecycle|node|config_(local_)?prefix)|INIT_CWD$|NODE_OPTIONS$|DD_)/;
  const kept = Object.entries(process.env).flatMap(([name, value]): [string, string][] =>
    value === undefined || own.test(name) ? [] : [[name, value]],
  );
  // What was installed once need not be fetched again.
  return { ...Object.fromEntries(kept), npm_config_prefer_offline: 'true' };
}

async function check<T>(title: string, work: () => T | Promise<T>): Promise<T> {
  const startedAtMs = performance.now();
  try {
    const value = await work();
    const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
    console.log(`ok    ${title}${typeof value === 'string' ? `: ${value}` : ''} (${seconds} s)`);
    return value;
  } catch (error: unknown) {
    console.log(`FAIL  ${title}: ${error instanceof Error ? error.message : String(error)}`);
    throw error;
  }
}

let exitCode = 0;
try {
  await main();
} catch (error: unknown) {
  console.error(error);
  exitCode = 1;
} finally {
  makeWritable(folder);
  rmSync(folder, { recursive: true, force: true });
  rmSync(writable, { recursive: true, force: true });
}
for (const what of notChecked) console.log(`not checked: ${what}`);
process.exit(exitCode);
