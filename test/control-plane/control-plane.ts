import { randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Binaries } from './binary-set.js';
import type { KeyedCertificate } from './certificates.js';
import type { CommandResult } from './commands.js';
import {
  bareEnvironment,
  type ComponentName,
  type ComponentOptions,
  describeComponents,
  logFileOf,
  WELL_KNOWN_PORTS,
} from './components.js';
import { Fleet } from './fleet.js';
import { writeKubeconfig } from './kubeconfig.js';
import { applyObjects, type Kubectl, kubectlFor, outputOf } from './kubectl.js';
import { markPodsReady } from './pods.js';
import { freePorts } from './ports.js';
import { type RunningProcess, tailOf } from './processes.js';
import { createSite, type FrontProxy, newFrontProxy, type Site } from './site.js';

export interface ControlPlaneOptions extends ComponentOptions {
  readonly binaries: Binaries;
  /** How long all processes together may take to be ready; default 60,000. */
  readonly startTimeoutMs?: number;
}

/** A real etcd, kube-apiserver and kube-controller-manager on loopback; no kubelet, and a scheduler on request only. */
export interface ControlPlane {
  /** The API server, `https://127.0.0.1:<port>`. */
  readonly url: string;
  /** etcd's, plain HTTP; its JSON gateway is below `/v3/`. */
  readonly etcdUrl: string;
  readonly adminKubeconfigPath: string;
  readonly clusterCaFile: string;
  readonly logsFolder: string;
  /** Those that run, or ran last; follows `kill` and `start`. */
  readonly processes: readonly RunningProcess[];
  readonly frontProxy: FrontProxyFiles;
  /** kubectl as a member of `system:masters`. */
  readonly kubectl: Kubectl;
  kubectlAs(kubeconfigPath: string, args: readonly string[], input?: string): Promise<CommandResult>;
  /** Server-side apply as admin; throws with kubectl's complaint. */
  apply(...objects: readonly object[]): Promise<void>;
  /** The path of a new kubeconfig with a client certificate of the cluster's authority. */
  kubeconfigForUser(name: string, groups?: readonly string[]): Promise<string>;
  /** The path of a new kubeconfig with a token for a service account that exists. */
  kubeconfigForServiceAccount(namespace: string, name: string, options?: KubeconfigOptions): Promise<string>;
  /** For a server at 127.0.0.1, localhost or `hosts`, signed by the cluster's authority as the API server's own is. */
  serverCertificate(...hosts: readonly string[]): KeyedCertificate;
  /** See `markPodsReady`; returns how many pods it made ready. */
  markPodsReady(namespace: string, labelSelector: string): Promise<number>;
  logTail(process: ComponentName, lines: number): Promise<string>;
  /** SIGKILL; returns when the process is gone. */
  kill(name: ComponentName): Promise<void>;
  /** Runs a killed one again as before, and returns when it is ready. */
  start(name: ComponentName): Promise<void>;
  /** Ends every process and removes the folder; with `keepLogs` the logs stay in `logsFolder`. */
  stop(options?: { readonly keepLogs?: boolean }): Promise<void>;
}

export interface KubeconfigOptions {
  /** Where the API server is reached instead, such as at a proxy with a `serverCertificate`. */
  readonly url?: string;
  /** The path to write to; a new one when left out. */
  readonly saveAs?: string;
}

/**
 * What kube-apiserver proves itself with to aggregated servers. It reads these files again when they change,
 * and publishes the authority in the ConfigMap `kube-system/extension-apiserver-authentication`.
 */
export interface FrontProxyFiles {
  readonly caFile: string;
  readonly certificateFile: string;
  readonly keyFile: string;
  /** A fresh authority and client certificate; nothing is written. */
  issue(): FrontProxy;
}

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
  const [etcd = 0, apiServer = 0, free = 0] = await freePorts(3);
  const controllerManager = options.scheduler === undefined ? free : WELL_KNOWN_PORTS.controllerManager;
  const ports = { etcd, apiServer, controllerManager };
  const url = `https://127.0.0.1:${apiServer}`;
  const site = await createSite(url);
  const components = describeComponents(site, ports, options.binaries, options);
  const caPem = site.clusterAuthority.certificatePem;
  const fleet = new Fleet({ timeoutMs: options.startTimeoutMs ?? 60_000 }, [
    { spec: components.etcd, check: { url: `http://127.0.0.1:${etcd}/readyz`, caPem } },
    { spec: components.apiServer, check: { url: `${url}/readyz`, caPem } },
    {
      spec: components.controllerManager,
      check: { url: `https://127.0.0.1:${controllerManager}/healthz`, caPem },
    },
    ...(components.scheduler === undefined
      ? []
      : [
          {
            spec: components.scheduler,
            check: { url: `https://127.0.0.1:${WELL_KNOWN_PORTS.scheduler}/healthz`, caPem },
          },
        ]),
  ]);
  try {
    await fleet.startAll();
    return {
      ok: true,
      plane: assemble(site, { url, etcdUrl: `http://127.0.0.1:${etcd}` }, options.binaries, fleet),
    };
  } catch (error: unknown) {
    const report = await reportOf(error, fleet.processes); // before the logs fill with the shutdown
    await fleet.stop();
    await rm(site.folder, { recursive: true, force: true });
    return { ok: false, error: new Error(report), isPortClash: report.includes('address already in use') };
  }
}

function assemble(
  site: Site,
  { url, etcdUrl }: { readonly url: string; readonly etcdUrl: string },
  binaries: Binaries,
  fleet: Fleet,
): ControlPlane {
  const kubectlWith = (path: string) => kubectlFor(binaries.kubectl, path, bareEnvironment(site));
  const kubectl = kubectlWith(site.files.adminKubeconfig);
  const cluster = { url, caPem: site.clusterAuthority.certificatePem };
  const newKubeconfigPath = () => join(site.folder, `${randomBytes(6).toString('hex')}.kubeconfig`);
  return {
    url,
    etcdUrl,
    adminKubeconfigPath: site.files.adminKubeconfig,
    clusterCaFile: site.files.clusterCa,
    logsFolder: site.logsFolder,
    processes: fleet.processes,
    frontProxy: {
      caFile: site.files.frontProxyCa,
      certificateFile: site.files.frontProxyClient.certificate,
      keyFile: site.files.frontProxyClient.key,
      issue: newFrontProxy,
    },
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
    async kubeconfigForServiceAccount(namespace, name, { url: otherUrl, saveAs } = {}) {
      const path = saveAs ?? newKubeconfigPath();
      const args = ['create', 'token', name, '-n', namespace, `--duration=${TOKEN_LIFETIME}`];
      const token = (await outputOf(kubectl, args)).trim();
      await writeKubeconfig(path, { ...cluster, url: otherUrl ?? url }, { kind: 'token', token });
      return path;
    },
    serverCertificate: (...hosts) =>
      site.clusterAuthority.issue({
        purpose: 'server',
        commonName: 'stand-in',
        hosts: ['127.0.0.1', 'localhost', ...hosts],
      }),
    markPodsReady: (namespace, labelSelector) => markPodsReady(kubectl, namespace, labelSelector),
    logTail: (process, lines) => tailOf(logFileOf(site, process), lines),
    kill: (name) => fleet.kill(name),
    start: (name) => fleet.start(name),
    async stop({ keepLogs = false } = {}) {
      await fleet.stop();
      await removeFolder(site, keepLogs);
    },
  };
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
