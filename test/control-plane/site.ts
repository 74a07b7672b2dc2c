import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Authority, createAuthority, createKeyPair, type KeyedCertificate } from './certificates.js';
import { writeKubeconfig } from './kubeconfig.js';

/** Everything that the processes of one control plane find on disk before they start. */
export interface Site {
  readonly folder: string;
  readonly logsFolder: string;
  /** Signs the API server's certificate and those of its clients. */
  readonly clusterAuthority: Authority;
  readonly files: SiteFiles;
}

export interface SiteFiles {
  readonly clusterCa: string;
  readonly frontProxyCa: string;
  readonly frontProxyClient: CertificateFiles;
  readonly apiServer: CertificateFiles;
  readonly controllerManager: CertificateFiles;
  readonly scheduler: CertificateFiles;
  readonly serviceAccountKey: string;
  readonly serviceAccountPublicKey: string;
  readonly adminKubeconfig: string;
  readonly controllerManagerKubeconfig: string;
  readonly schedulerKubeconfig: string;
}

export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

/** The one name that the request-header settings allow; what an aggregated server sees as the proxy's. */
export const FRONT_PROXY_NAME = 'front-proxy-client';

/** The first address of the service range, where pods find the API server. */
const KUBERNETES_SERVICE_ADDRESS = '10.96.0.1';

/** What lets kube-apiserver speak for others: an authority's certificate, and a client's that it issued. */
export interface FrontProxy extends KeyedCertificate {
  readonly caPem: string;
}

/** A fresh authority and client, of the name that is allowed. */
export function newFrontProxy(): FrontProxy {
  const authority = createAuthority('front-proxy-ca');
  const client = authority.issue({ purpose: 'client', commonName: FRONT_PROXY_NAME });
  return { caPem: authority.certificatePem, ...client };
}

/** A fresh temporary folder with two authorities, all certificates and keys, and the kubeconfigs. */
export async function createSite(apiServerUrl: string): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), 'control-plane-'));
  const logsFolder = join(folder, 'logs');
  await Promise.all([mkdir(logsFolder), mkdir(join(folder, 'pki')), mkdir(join(folder, 'home'))]);

  const clusterAuthority = createAuthority('cluster-ca');
  const frontProxy = newFrontProxy();
  const serviceAccounts = createKeyPair();
  const apiServer = clusterAuthority.issue({
    purpose: 'server',
    commonName: 'kube-apiserver',
    hosts: [
      'localhost',
      '127.0.0.1',
      KUBERNETES_SERVICE_ADDRESS,
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
    ],
  });
  const onLoopback = (commonName: string): KeyedCertificate =>
    clusterAuthority.issue({ purpose: 'server', commonName, hosts: ['localhost', '127.0.0.1'] });
  const controllerManager = onLoopback('kube-controller-manager');
  const scheduler = onLoopback('kube-scheduler');

  const write = (name: string, text: string) => writePki(join(folder, 'pki'), name, text);
  const files: SiteFiles = {
    clusterCa: await write('ca.crt', clusterAuthority.certificatePem),
    frontProxyCa: await write('front-proxy-ca.crt', frontProxy.caPem),
    frontProxyClient: await writeCertificate(write, 'front-proxy-client', frontProxy),
    apiServer: await writeCertificate(write, 'kube-apiserver', apiServer),
    controllerManager: await writeCertificate(write, 'kube-controller-manager', controllerManager),
    scheduler: await writeCertificate(write, 'kube-scheduler', scheduler),
    serviceAccountKey: await write('service-accounts.key', serviceAccounts.privateKeyPem),
    serviceAccountPublicKey: await write('service-accounts.pub', serviceAccounts.publicKeyPem),
    adminKubeconfig: join(folder, 'admin.kubeconfig'),
    controllerManagerKubeconfig: join(folder, 'kube-controller-manager.kubeconfig'),
    schedulerKubeconfig: join(folder, 'kube-scheduler.kubeconfig'),
  };

  const cluster = { url: apiServerUrl, caPem: clusterAuthority.certificatePem };
  const identify = (file: string, commonName: string, organizations: readonly string[]) => {
    const certificate = clusterAuthority.issue({ purpose: 'client', commonName, organizations });
    return writeKubeconfig(file, cluster, { kind: 'certificate', certificate });
  };
  await identify(files.adminKubeconfig, 'kubernetes-admin', ['system:masters']);
  await identify(files.controllerManagerKubeconfig, 'system:kube-controller-manager', []);
  await identify(files.schedulerKubeconfig, 'system:kube-scheduler', []);
  return { folder, logsFolder, clusterAuthority, files };
}

async function writePki(folder: string, name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, text, { mode: 0o600 });
  return file;
}

async function writeCertificate(
  write: (name: string, text: string) => Promise<string>,
  name: string,
  certificate: KeyedCertificate,
): Promise<CertificateFiles> {
  return {
    certificate: await write(`${name}.crt`, certificate.certificatePem),
    key: await write(`${name}.key`, certificate.keyPem),
  };
}
