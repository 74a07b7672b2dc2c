import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatadogSimulator } from '../../simulator/datadog.js';
import { findBinaries } from '../control-plane/binaries.js';
import { type ControlPlane, startControlPlane } from '../control-plane/control-plane.js';
import { outputOf } from '../control-plane/kubectl.js';
import { until } from '../control-plane/waiting.js';
import { administrator } from '../faults/administrator.js';
import { Client } from '../faults/client.js';
import { projectRoot } from '../project-root.js';
import { type Replica, startReplica, untilReady } from './replica.js';
import { logsFolder as allLogs, installRights } from './world.js';

export const leaseSeconds = 5;
const eventsRights = join(projectRoot, 'deploy', 'events', 'rbac.yaml');
const namespace = 'burst';
const logsFolder = join(allLogs, 'events');

/** A real control plane, a stand-in Datadog, and replicas of the product that collect events. */
export class EventsWorld {
  readonly plane: ControlPlane;
  readonly datadog: DatadogSimulator;
  readonly #datadogUrl: string;
  readonly #cluster: Client;
  readonly #replicas: Replica[] = [];
  #started = 0;

  private constructor(plane: ControlPlane, datadog: DatadogSimulator, datadogUrl: string, cluster: Client) {
    this.plane = plane;
    this.datadog = datadog;
    this.#datadogUrl = datadogUrl;
    this.#cluster = cluster;
  }

  static async start(): Promise<EventsWorld> {
    rmSync(logsFolder, { recursive: true, force: true });
    mkdirSync(logsFolder, { recursive: true });
    const found = await findBinaries();
    if (!found.found) throw new Error(found.reason);
    const plane = await startControlPlane({ binaries: found.binaries });
    await installRights(plane);
    await plane.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    const datadog = new DatadogSimulator({}, { maxRecords: 100_000 });
    const { url } = await datadog.start();
    const world = new EventsWorld(plane, datadog, url, new Client(administrator(plane)));
    await world.grantEvents();
    return world;
  }

  /** The rights that the project ships for the collection of events. */
  async grantEvents(): Promise<void> {
    await outputOf(this.plane.kubectl, ['apply', '-f', eventsRights]);
  }

  /** A service account with the shipped rights, but to events of core v1 alone, as Datadog's own Cluster Agent has them. */
  async grantCoreEvents(account: string): Promise<void> {
    const [apiGroup, apiVersion] = ['rbac.authorization.k8s.io', 'rbac.authorization.k8s.io/v1'];
    const subjects = [{ kind: 'ServiceAccount', name: account, namespace: 'datadog' }];
    const bind = (kind: string, role: string, place: object) => ({
      apiVersion,
      kind: `${kind}Binding`,
      metadata: { name: `${account}-${role.replaceAll(':', '-')}`, ...place },
      roleRef: { apiGroup, kind, name: role },
      subjects,
    });
    await this.plane.apply(
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: account, namespace: 'datadog' } },
      {
        apiVersion,
        kind: 'ClusterRole',
        metadata: { name: account },
        rules: [{ apiGroups: [''], resources: ['events'], verbs: ['list', 'watch'] }],
      },
      bind('ClusterRole', account, {}),
      bind('ClusterRole', 'datadog-cluster-agent', {}),
      bind('ClusterRole', 'datadog-cluster-agent:certificate', {}),
      bind('Role', 'datadog-cluster-agent', { namespace: 'datadog' }),
      bind('Role', 'datadog-cluster-agent:certificate', { namespace: 'datadog' }),
      bind('Role', 'datadog-cluster-agent:events', { namespace: 'datadog' }),
    );
  }

  /** Starts a replica, as a service account with the shipped rights unless told otherwise, and waits until it is ready. */
  async replica(
    choices: { readonly account?: string; readonly settings?: Readonly<Record<string, string>> } = {},
  ): Promise<Replica> {
    const kubeconfigPath = await this.plane.kubeconfigForServiceAccount(
      'datadog',
      choices.account ?? 'datadog-cluster-agent',
    );
    this.#started += 1;
    const replica = await startReplica({
      name: `events-${this.#started}`,
      kubeconfigPath,
      datadogUrl: this.#datadogUrl,
      logsFolder,
      settings: {
        DD_EXTERNAL_METRICS_PROVIDER_ENABLED: 'false',
        DD_COLLECT_KUBERNETES_EVENTS: 'true',
        DD_LEADER_LEASE_DURATION: String(leaseSeconds),
        ...choices.settings,
      },
    });
    this.#replicas.push(replica);
    await untilReady(replica);
    return replica;
  }

  /** The replica that leads, as its own metrics say. */
  leader(): Promise<Replica> {
    return until('a leader', async () => {
      for (const replica of this.#replicas.filter(({ process }) => process.ending() === undefined)) {
        const text = await telemetryOf(replica);
        if (/^leader_election_is_leader\{.*is_leader="true"\} 1$/m.test(text)) return replica;
      }
      return undefined;
    });
  }

  /** SIGKILL, and another replica in its place, as a ReplicaSet makes one. */
  async replaceLeader(): Promise<string> {
    const leader = await this.leader();
    await leader.process.kill();
    await this.replica();
    return leader.name;
  }

  /** Creates events from the number `from` on, in so many milliseconds, spread evenly; each says its number. */
  async write(from: number, count: number, ms: number): Promise<void> {
    const startedAtMs = performance.now();
    const at = 20;
    for (let done = 0; done < count; done += at) {
      const numbers = Array.from({ length: Math.min(at, count - done) }, (_, index) => from + done + index);
      await Promise.all(numbers.map((number) => this.#create(number)));
      const dueMs = (ms * (done + at)) / count - (performance.now() - startedAtMs);
      if (dueMs > 0) await sleep(dueMs);
    }
  }

  async #create(number: number): Promise<void> {
    await this.create(`number-${number}`, {
      involvedObject: { kind: 'Pod', namespace, name: `pod-${number % 500}`, uid: `uid-${number % 500}` },
      reason: 'Counted',
      message: `event number ${number}`,
      type: number % 7 === 0 ? 'Warning' : 'Normal',
      source: { component: 'kubelet', host: `node-${number % 9}` },
    });
  }

  /** Creates an event of core v1, as a kubelet does. */
  async create(name: string, event: object): Promise<void> {
    const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
    const body = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { namespace, name },
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
      ...event,
    };
    const path = `/api/v1/namespaces/${namespace}/events`;
    const { status, body: answer } = await this.#cluster.send('POST', path, { body, timeoutMs: 20_000 });
    if (status !== 201) throw new Error(`an event was not created: ${status} ${answer}`);
  }

  /** How often Datadog was told of each number. */
  told(): ReadonlyMap<number, number> {
    const times = new Map<number, number>();
    for (const { text } of this.datadog.intake.events)
      for (const [, number] of String(text).matchAll(/event number (\d+)\n/g))
        times.set(Number(number), (times.get(Number(number)) ?? 0) + 1);
    return times;
  }

  /** Removes all history from etcd, so that no watch goes on from before now. */
  async compact(): Promise<void> {
    const call = async (path: string, body: object): Promise<Record<string, unknown>> => {
      const answer = await fetch(`${this.plane.etcdUrl}${path}`, {
        method: 'POST',
        body: JSON.stringify(body),
      });
      if (!answer.ok) throw new Error(`etcd ${path}: ${answer.status} ${await answer.text()}`);
      return (await answer.json()) as Record<string, unknown>;
    };
    const range = await call('/v3/kv/range', { key: btoa('/nothing') });
    const revision = (range['header'] as { readonly revision?: string }).revision;
    await call('/v3/kv/compaction', { revision, physical: true });
  }

  /** What all replicas have logged, also those that are gone. */
  async logs(): Promise<string> {
    return (await Promise.all(this.#replicas.map((replica) => replica.log()))).join('\n');
  }

  async stop(failed: boolean): Promise<void> {
    await this.endReplicas();
    this.#cluster.close();
    await this.datadog.stop();
    await this.plane.stop({ keepLogs: failed });
    if (failed)
      console.error(`logs of the replicas: ${logsFolder}; of the control plane: ${this.plane.logsFolder}`);
  }

  /** Ends those that run. */
  async endReplicas(): Promise<void> {
    await Promise.all(this.#replicas.map((replica) => replica.process.stop(20_000)));
  }
}

export async function telemetryOf(replica: Replica): Promise<string> {
  const answer = await fetch(replica.telemetryUrl).catch(() => undefined);
  return answer?.text() ?? '';
}

/** What a replica says of one of its parts on its probe port, `undefined` when that is well. */
export async function troubleOf(replica: Replica, part: string): Promise<string | undefined> {
  const answer = await fetch(`${replica.healthUrl}/ready`);
  const report = (await answer.json()) as { readonly Details?: Readonly<Record<string, string>> };
  return report.Details?.[part];
}
