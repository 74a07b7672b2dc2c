import { join } from 'node:path';
import { freePorts } from '../../test/control-plane/ports.js';
import { type RunningProcess, startProcess } from '../../test/control-plane/processes.js';
import type { ServingFiles } from './cluster.js';
import { benchNamespace } from './metric-set.js';

export interface PeerOptions {
  /** The program. */
  readonly file: string;
  /** As whom it has requests reviewed. */
  readonly kubeconfigPath: string;
  readonly serving: ServingFiles;
  /** Metrics 0 to `metrics` - 1 are served. */
  readonly metrics: number;
  /** For its log. */
  readonly folder: string;
}

/** The adapter on the library that the original is built on, serving the same metrics out of its memory. */
export interface Peer {
  readonly process: RunningProcess;
  readonly pid: number;
  readonly port: number;
}

export async function startPeer(options: PeerOptions): Promise<Peer> {
  const { file, kubeconfigPath, serving, metrics, folder } = options;
  const [port = 0] = await freePorts(1);
  const running = await startProcess({
    name: 'peer',
    file,
    args: [
      '--bind-address=127.0.0.1',
      `--secure-port=${port}`,
      `--tls-cert-file=${serving.certificateFile}`,
      `--tls-private-key-file=${serving.keyFile}`,
      `--authentication-kubeconfig=${kubeconfigPath}`,
      `--authorization-kubeconfig=${kubeconfigPath}`,
      `--lister-kubeconfig=${kubeconfigPath}`,
      `--namespace=${benchNamespace}`,
      `--metrics=${metrics}`,
    ],
    environment: { PATH: process.env['PATH'] ?? '' },
    logFile: join(folder, 'peer.log'),
  });
  return { process: running, pid: running.pid, port };
}
