import { randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Binaries } from './binary-set.js';
import type { CommandResult } from './commands.js';
import {
  bareEnvironment,
  type ComponentName,
  type ComponentOptions,
  describeComponents,
  logFileOf,
} from './components.js';
import { untilHealthy } from './health.js';
import { writeKubeconfig } from './kubeconfig.js';
import { applyObjects, type Kubectl, kubectlFor, outputOf } from './kubectl.js';
import { markPodsReady } from './pods.js';
import { freePorts } from './ports.js';
import { type ProcessSpec, type RunningProcess, startProcess, tailOf } from './processes.js';
import { createSite, type Site } from './site.js';

export interface ControlPlaneOptions extends ComponentOptions {
  readonly binaries: Binaries;
  /** How long all processes together may take to be ready; default 60,000. */
  readonly startTimeoutMs?: number;
}

/** A real etcd, kube-apiserver and kube-controller-manager on loopback; no scheduler and no kubelet. */
export interface ControlPlane {
  /** The API server, `https://127.0.0.1:<port>`. */
  readonly url: string;
  readonly adminKubeconfigPath: string;
  readonly clusterCaFile: string;
  readonly logsFolder: string;
  readonly processes: readonly RunningProcess[];
  /** kubectl as a member of `system:masters`. */
  readonly kubectl: Kubectl;
  kubectlAs(kubeconfigPath: string, args: readonly string[], input?: string): Promise<CommandResult>;
  /** Server-side apply as admin; throws with kubectl's complaint. */
  apply(...objects: readonly object[]): Promise<void>;
  /** The path of a new kubeconfig with a client certificate of the cluster's authority. */
  kubeconfigForUser(name: string, groups?: readonly string[]): Promise<string>;
  /** The path of a new kubeconfig with a token for a service account that exists. */
  kubeconfigForServiceAccount(namespace: string, name: string): Promise<string>;
  /** See `markPodsReady`; returns how many pods it made ready. */
  markPodsReady(namespace: string, labelSelector: string): Promise<number>;
  logTail(process: ComponentName, lines: number): Promise<string>;
  /** Ends every process and removes the folder; with `keepLogs` the logs stay in `logsFolder`. */
  stop(options?: { readonly keepLogs?: boolean }): Promise<void>;
}

/** From SIGTERM to SIGKILL; the API server waits for open watches longer than any test wants to. */
const STOP_BOUND_MS = 2000;
const TOKEN_LIFETIME = '24h';

/** Starts a control plane and returns when it is ready; a port that was taken meanwhile costs one retry. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const first = await attempt(options);
  if (first.ok) return first.plane;
  if (!first.isPortClash) throw first.error;
  const second = await attempt(options);
  if (second.ok) return second.plane;
  throw second.error;
}

type Attempt =
  | { readonly ok: true; readonly plane: ControlPlane }
  | { readonly ok: false; readonly error: Error; readonly isPortClash: boolean };

async function attempt(options: ControlPlaneOptions): Promise<Attempt> {
  const [etcd = 0, apiServer = 0, controllerManager = 0] = await freePorts(3);
  const ports = { etcd, apiServer, controllerManager };
  const url = `https://127.0.0.1:${apiServer}`;
  const site = await createSite(url);
  const components = describeComponents(site, ports, options.binaries, options);
  const processes: RunningProcess[] = [];
  const start = async (spec: ProcessSpec) => {
    processes.push(await startProcess(spec));
  };
  try {
    const deadlineAtMs = Date.now() + (options.startTimeoutMs ?? 60_000);
    const caPem = site.clusterAuthority.certificatePem;
    const ready = (check: string) => untilHealthy({ url: check, caPem }, processes, deadlineAtMs);
    await start(components.etcd);
    await ready(`http://127.0.0.1:${etcd}/readyz`);
    await start(components.apiServer);
    await ready(`${url}/readyz`);
    await start(components.controllerManager);
    await ready(`https://127.0.0.1:${controllerManager}/healthz`);
    return { ok: true, plane: assemble(site, url, options.binaries, processes) };
  } catch (error: unknown) {
    const report = await reportOf(error, processes); // before the logs fill with the shutdown
    await stopAll(processes);
    await rm(site.folder, { recursive: true, force: true });
    return { ok: false, error: new Error(report), isPortClash: report.includes('address already in use') };
  }
}

function assemble(
  site: Site,
  url: string,
  binaries: Binaries,
  processes: readonly RunningProcess[],
): ControlPlane {
  const kubectlWith = (path: string) => kubectlFor(binaries.kubectl, path, bareEnvironment(site));
  const kubectl = kubectlWith(site.files.adminKubeconfig);
  const cluster = { url, caPem: site.clusterAuthority.certificatePem };
  const newKubeconfigPath = () => join(site.folder, `${randomBytes(6).toString('hex')}.kubeconfig`);
  return {
    url,
    adminKubeconfigPath: site.files.adminKubeconfig,
    clusterCaFile: site.files.clusterCa,
    logsFolder: site.logsFolder,
    processes,
    kubectl,
    kubectlAs: (path, args, input) => kubectlWith(path)(args, input),
    apply: (...objects) => applyObjects(kubectl, objects),
    async kubeconfigForUser(name, groups = []) {
      const path = newKubeconfigPath();
      const certificate = site.clusterAuthority.issue({
        purpose: 'client',
        commonName: name,
        organizations: groups,
      });
      await writeKubeconfig(path, cluster, { kind: 'certificate', certificate });
      return path;
    },
    async kubeconfigForServiceAccount(namespace, name) {
      const path = newKubeconfigPath();
      const args = ['create', 'token', name, '-n', namespace, `--duration=${TOKEN_LIFETIME}`];
      const token = (await outputOf(kubectl, args)).trim();
      await writeKubeconfig(path, cluster, { kind: 'token', token });
      return path;
    },
    markPodsReady: (namespace, labelSelector) => markPodsReady(kubectl, namespace, labelSelector),
    logTail: (process, lines) => tailOf(logFileOf(site, process), lines),
    async stop({ keepLogs = false } = {}) {
      await stopAll(processes);
      await removeFolder(site, keepLogs);
    },
  };
}

/** The last started first, so that none is ended while another still needs it. */
async function stopAll(processes: readonly RunningProcess[]): Promise<void> {
  for (const process of processes.toReversed()) await process.stop(STOP_BOUND_MS);
}

async function removeFolder(site: Site, keepLogs: boolean): Promise<void> {
  if (!keepLogs) return rm(site.folder, { recursive: true, force: true });
  // What is not a log is private keys and a database that nobody reads.
  const entries = (await readdir(site.folder)).map((name) => join(site.folder, name));
  const rest = entries.filter((path) => path !== site.logsFolder);
  await Promise.all(rest.map((path) => rm(path, { recursive: true, force: true })));
}

async function reportOf(error: unknown, processes: readonly RunningProcess[]): Promise<string> {
  const tails = await Promise.all(
    processes.map(async ({ name, logFile }) => `--- ${name}\n${await tailOf(logFile, 15)}`),
  );
  return [`the control plane did not start: ${String(error)}`, ...tails].join('\n');
}
