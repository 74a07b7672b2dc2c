import { join } from 'node:path';
import type { Binaries } from './binary-set.js';
import type { ProcessSpec } from './processes.js';
import { FRONT_PROXY_NAME, type Site } from './site.js';

export type ComponentName = 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler';

/** What a test may choose about the control plane. */
export interface ComponentOptions {
  /** How often the HPA controller looks at each autoscaler; default 1 (upstream 15). */
  readonly autoscalerSyncSeconds?: number;
  /** How long a lower recommendation waits where an HPA's own `behavior` is silent; default as upstream, 300. */
  readonly downscaleStabilizationSeconds?: number;
  /** Controllers beside those of `CONTROLLERS`, by the names that kube-controller-manager gives them. */
  readonly moreControllers?: readonly string[];
  /** Further flags, such as `--enable-aggregator-routing=true`; they stand last and so win. */
  readonly apiServerFlags?: readonly string[];
  readonly controllerManagerFlags?: readonly string[];
  /**
   * The file of kube-scheduler. With it one runs, and it and the controller manager listen on their well-known ports,
   * where componentstatuses look for them; so there can be one such control plane at a time.
   */
  readonly scheduler?: string;
}

/** Where kube-apiserver looks for them, whatever they were told: `pkg/registry/core/rest/storage_core.go`. */
export const WELL_KNOWN_PORTS = { controllerManager: 10_257, scheduler: 10_259 } as const;

export interface Ports {
  readonly etcd: number;
  readonly apiServer: number;
  readonly controllerManager: number;
}

/** Workloads scale, namespaces and owned objects go away when deleted, and RBAC's aggregated roles are filled. */
const CONTROLLERS = [
  'horizontal-pod-autoscaler-controller',
  'deployment-controller',
  'replicaset-controller',
  'serviceaccount-controller',
  'serviceaccount-token-controller',
  'root-ca-certificate-publisher-controller',
  'namespace-controller',
  'garbage-collector-controller',
  'clusterrole-aggregation-controller',
] as const;

/** How the three processes of one control plane are run. */
export interface Components {
  readonly etcd: ProcessSpec;
  readonly apiServer: ProcessSpec;
  readonly controllerManager: ProcessSpec;
  /** Only where its program was given. */
  readonly scheduler?: ProcessSpec;
}

export function describeComponents(
  site: Site,
  ports: Ports,
  binaries: Binaries,
  options: ComponentOptions,
): Components {
  const specify = (name: ComponentName, file: string, args: readonly string[]): ProcessSpec => ({
    name,
    file,
    args,
    environment: bareEnvironment(site),
    logFile: logFileOf(site, name),
  });
  const own = (name: Exclude<ComponentName, 'kube-scheduler'>, args: readonly string[]) =>
    specify(name, binaries[name], args);
  const { scheduler } = options;
  return {
    etcd: own('etcd', etcdFlags(site, ports)),
    apiServer: own('kube-apiserver', apiServerFlags(site, ports, options)),
    controllerManager: own('kube-controller-manager', controllerManagerFlags(site, ports, options)),
    ...(scheduler === undefined
      ? {}
      : { scheduler: specify('kube-scheduler', scheduler, schedulerFlags(site)) }),
  };
}

export function logFileOf(site: Site, name: ComponentName): string {
  return join(site.logsFolder, `${name}.log`);
}

/** No proxy, kubeconfig or in-cluster variable of the machine's reaches a process of ours. */
export function bareEnvironment(site: Site): Readonly<Record<string, string>> {
  return { PATH: process.env['PATH'] ?? '', HOME: join(site.folder, 'home'), TMPDIR: site.folder };
}

function etcdFlags(site: Site, ports: Ports): string[] {
  return [
    `--data-dir=${join(site.folder, 'etcd')}`,
    `--listen-client-urls=http://127.0.0.1:${ports.etcd}`,
    `--advertise-client-urls=http://127.0.0.1:${ports.etcd}`,
    '--listen-peer-urls=http://127.0.0.1:0', // it has no peers, so any port will do
    '--unsafe-no-fsync', // nothing here needs to survive a crash of the machine
  ];
}

function apiServerFlags({ files }: Site, ports: Ports, options: ComponentOptions): string[] {
  return [
    `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${ports.apiServer}`,
    // Kubernetes refuses endpoints on loopback; nobody here looks for the API server through its Service.
    '--endpoint-reconciler-type=none',
    '--advertise-address=127.0.0.1',
    '--service-cluster-ip-range=10.96.0.0/16',
    `--tls-cert-file=${files.apiServer.certificate}`,
    `--tls-private-key-file=${files.apiServer.key}`,
    `--client-ca-file=${files.clusterCa}`,
    '--authorization-mode=RBAC',
    `--requestheader-client-ca-file=${files.frontProxyCa}`,
    `--requestheader-allowed-names=${FRONT_PROXY_NAME}`,
    '--requestheader-username-headers=X-Remote-User',
    '--requestheader-uid-headers=X-Remote-Uid',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    `--proxy-client-cert-file=${files.frontProxyClient.certificate}`,
    `--proxy-client-key-file=${files.frontProxyClient.key}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${files.serviceAccountPublicKey}`,
    `--service-account-signing-key-file=${files.serviceAccountKey}`,
    ...(options.apiServerFlags ?? []),
  ];
}

function controllerManagerFlags({ files }: Site, ports: Ports, options: ComponentOptions): string[] {
  const { autoscalerSyncSeconds = 1, downscaleStabilizationSeconds, moreControllers = [] } = options;
  return [
    `--kubeconfig=${files.controllerManagerKubeconfig}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${ports.controllerManager}`,
    `--tls-cert-file=${files.controllerManager.certificate}`,
    `--tls-private-key-file=${files.controllerManager.key}`,
    '--leader-elect=false', // it is alone, and would only wait for its own lease
    `--controllers=${[...CONTROLLERS, ...moreControllers].join(',')}`,
    '--use-service-account-credentials=true',
    `--service-account-private-key-file=${files.serviceAccountKey}`,
    `--root-ca-file=${files.clusterCa}`,
    `--horizontal-pod-autoscaler-sync-period=${autoscalerSyncSeconds}s`,
    ...(downscaleStabilizationSeconds === undefined
      ? []
      : [`--horizontal-pod-autoscaler-downscale-stabilization=${downscaleStabilizationSeconds}s`]),
    ...(options.controllerManagerFlags ?? []),
  ];
}

function schedulerFlags({ files }: Site): string[] {
  return [
    `--kubeconfig=${files.schedulerKubeconfig}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${WELL_KNOWN_PORTS.scheduler}`,
    `--tls-cert-file=${files.scheduler.certificate}`,
    `--tls-private-key-file=${files.scheduler.key}`,
    '--leader-elect=false', // as above
  ];
}
