import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatadogSimulator } from '../../simulator/datadog.js';
import { findBinaries } from '../control-plane/binaries.js';
import { type ControlPlane, startControlPlane } from '../control-plane/control-plane.js';
import { outputOf } from '../control-plane/kubectl.js';
import { reachLoopback } from '../control-plane/loopback.js';
import { until } from '../control-plane/waiting.js';
import { projectRoot } from '../project-root.js';
import { namespace } from './objects.js';
import { type Replica, startReplica, untilReady } from './replica.js';

export const serviceName = 'datadog-custom-metrics-server';
const apiService = 'v1beta1.external.metrics.k8s.io';

/** A real control plane, two replicas of the product, and for each of them a stand-in Datadog of its own. */
export interface World {
  readonly plane: ControlPlane;
  readonly replicas: readonly { readonly replica: Replica; readonly datadog: DatadogSimulator }[];
  /** Gives a metric one value, for all replicas and at all times. */
  setMetric(name: string, tags: readonly string[], value: number): void;
  /** `kubectl get` with a JSONPath, in the scenarios' namespace. */
  read(object: string, path: string): Promise<string>;
  stop(failed: boolean): Promise<void>;
}

/** The manifests that operators apply. */
export const baseFolder = join(projectRoot, 'deploy', 'base');

/** Where the logs of a run lie; kept when it fails. */
export const logsFolder = join(projectRoot, 'dist', 'e2e-logs');

export async function startWorld(): Promise<World> {
  rmSync(logsFolder, { recursive: true, force: true });
  mkdirSync(logsFolder, { recursive: true });
  const found = await findBinaries();
  if (!found.found) throw new Error(found.reason);
  const plane = await startControlPlane({ binaries: found.binaries });
  const datadogs = [
    new DatadogSimulator({}, { sampleSeconds: 1 }),
    new DatadogSimulator({}, { sampleSeconds: 1 }),
  ];
  const replicas: { replica: Replica; datadog: DatadogSimulator }[] = [];
  const stop = async (failed: boolean): Promise<void> => {
    for (const { replica } of replicas) await replica.process.stop(20_000);
    for (const datadog of datadogs) await datadog.stop();
    await plane.stop({ keepLogs: failed });
    if (failed)
      console.error(`logs of the replicas: ${logsFolder}; of the control plane: ${plane.logsFolder}`);
  };
  try {
    await installRights(plane);
    const kubeconfigPath = await plane.kubeconfigForServiceAccount('datadog', 'datadog-cluster-agent');
    for (const [index, datadog] of datadogs.entries()) {
      const { url } = await datadog.start();
      const replica = await startReplica({
        name: `dca-${index}`,
        kubeconfigPath,
        datadogUrl: url,
        logsFolder,
      });
      replicas.push({ replica, datadog });
    }
    await register(plane, replicas[0]?.replica.metricsPort ?? 0);
    for (const { replica } of replicas) await untilReady(replica);
  } catch (error: unknown) {
    await stop(true);
    throw error;
  }
  return {
    plane,
    replicas,
    setMetric: (name, tags, value) => {
      for (const datadog of datadogs) datadog.shape(name, tags, () => value);
    },
    read: async (object, path) =>
      (await outputOf(plane.kubectl, ['get', object, '-n', namespace, '-o', `jsonpath=${path}`])).trim(),
    stop,
  };
}

/** The namespace and the rights that the project ships, as an operator applies them, and the scenarios' namespace. */
export async function installRights(plane: ControlPlane): Promise<void> {
  for (const file of ['namespace.yaml', 'rbac.yaml'])
    await outputOf(plane.kubectl, ['apply', '-f', join(baseFolder, file)]);
  await plane.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
}

/** The APIService that the project ships, but to a loopback port, which the real one could not know. */
export async function register(plane: ControlPlane, port: number): Promise<void> {
  await plane.apply(reachLoopback({ name: serviceName, namespace: 'datadog', port }));
  await outputOf(plane.kubectl, ['apply', '-f', join(baseFolder, 'apiservice.yaml')]);
  const patch = JSON.stringify({ spec: { service: { port } } });
  await outputOf(plane.kubectl, ['patch', 'apiservice', apiService, '--type=merge', '-p', patch]);
}

/** Waits until kube-apiserver takes the registration for available; its verification of our certificate is part of that. */
export async function untilAvailable(plane: ControlPlane): Promise<void> {
  const path = 'jsonpath={.status.conditions[?(@.type=="Available")].status}';
  await until('the APIService to be available', async () => {
    const status = await outputOf(plane.kubectl, ['get', 'apiservice', apiService, '-o', path]);
    return status.trim() === 'True' ? true : undefined;
  });
}
