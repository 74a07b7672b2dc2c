import { mkdirSync } from 'node:fs';
import { request } from 'node:https';
import { DatadogSimulator } from '../../simulator/datadog.js';
import { findBinaries } from '../control-plane/binaries.js';
import { type CommandResult, runCommand } from '../control-plane/commands.js';
import { type ControlPlane, startControlPlane } from '../control-plane/control-plane.js';
import { until } from '../control-plane/waiting.js';
import { agentsToken, bundlePath, type Replica, startReplica, untilReady } from './replica.js';
import { installRights, logsFolder, register } from './world.js';

/** A real control plane whose own controllers make slices from services and pods, and replicas of the product. */
export interface NodeSideWorld {
  readonly plane: ControlPlane;
  /** Starts a replica as a service account of the namespace datadog, and waits until it is ready. */
  start(name: string, account?: string): Promise<Replica>;
  stop(failed: boolean): Promise<void>;
}

export async function startNodeSideWorld(): Promise<NodeSideWorld> {
  mkdirSync(logsFolder, { recursive: true });
  const found = await findBinaries();
  if (!found.found) throw new Error(found.reason);
  const plane = await startControlPlane({
    binaries: found.binaries,
    moreControllers: ['endpointslice-controller', 'endpoints-controller'],
  });
  const datadog = new DatadogSimulator({}, { sampleSeconds: 1 });
  const { url: datadogUrl } = await datadog.start();
  await installRights(plane);
  const replicas: Replica[] = [];
  return {
    plane,
    start: async (name, account = 'datadog-cluster-agent') => {
      const kubeconfigPath = await plane.kubeconfigForServiceAccount('datadog', account);
      const replica = await startReplica({ name, kubeconfigPath, datadogUrl, logsFolder });
      replicas.push(replica);
      if (replicas.length === 1) await register(plane, replica.metricsPort);
      await untilReady(replica);
      return replica;
    },
    stop: async (failed) => {
      for (const replica of replicas) await replica.process.stop(20_000);
      await datadog.stop();
      await plane.stop({ keepLogs: failed });
      if (failed)
        console.error(`logs of the replicas: ${logsFolder}; of the control plane: ${plane.logsFolder}`);
    },
  };
}

/** What a replica answers to a node agent, or to whoever has another token. */
export function askReplica(
  replica: Replica,
  path: string,
  token: string = agentsToken,
): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    request(
      {
        host: '127.0.0.1',
        port: replica.commandPort,
        path,
        // As node agents do.
        rejectUnauthorized: false,
        headers: { authorization: `Bearer ${token}` },
      },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
        );
        answer.on('error', reject);
      },
    )
      .on('error', reject)
      .end();
  });
}

/** The services of a node's pods, as a replica tells them: `pod: service service`, in order. */
export async function servicesOn(replica: Replica, node: string, namespace: string): Promise<string> {
  const { body } = await askReplica(replica, `/api/v1/tags/pod/${node}`);
  const { Nodes } = JSON.parse(body) as {
    readonly Nodes: Readonly<
      Record<string, { readonly services: Readonly<Record<string, Readonly<Record<string, object>>>> }>
    >;
  };
  const pods = Object.entries(Nodes[node]?.services[namespace] ?? {});
  return pods.map(([pod, services]) => `${pod}: ${Object.keys(services).join(' ')}`).join(', ');
}

/** Waits until `look` sees `wanted`; throws with what was seen last. Answers how long it took, in ms. */
export async function within2s(what: string, wanted: string, look: () => Promise<string>): Promise<number> {
  const startedAtMs = performance.now();
  let last = '';
  try {
    await until(
      what,
      async () => {
        last = await look();
        return last === wanted ? true : undefined;
      },
      { timeoutMs: 2_000, pollMs: 20 },
    );
  } catch (error: unknown) {
    throw new Error(`${String(error)}: '${wanted}'; seen last: '${last}'`);
  }
  return performance.now() - startedAtMs;
}

/** A command of the product, in the surroundings of a replica that runs. */
export function runBeside(replica: Replica, args: readonly string[]): Promise<CommandResult> {
  return runCommand(process.execPath, [bundlePath, ...args], {
    environment: { ...replica.environment, PATH: process.env['PATH'] ?? '' },
    timeoutMs: 30_000,
  });
}
