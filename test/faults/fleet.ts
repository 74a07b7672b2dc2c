import { readFile } from 'node:fs/promises';
import type { ControlPlane } from '../control-plane/control-plane.js';
import { until } from '../control-plane/waiting.js';
import { type Replica, startReplica, untilReady } from '../e2e/replica.js';
import { ApiProxy } from './api-proxy.js';
import type { Balancer } from './balancer.js';
import { asHpaController, Client, pem } from './client.js';
import type { Datadogs } from './datadogs.js';
import type { Phase, Recorder, Traffic } from './recorder.js';

export interface FleetPorts {
  readonly plane: ControlPlane;
  readonly datadogs: Datadogs;
  readonly balancer: Balancer;
  readonly recorder: Recorder;
}

export interface FleetOptions {
  readonly logsFolder: string;
  readonly settings: Readonly<Record<string, string>>;
}

export interface StartChoices {
  /** Beside those of the fleet; they win. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly nodeOptions?: readonly string[];
  /** Whether to return at once, before it is ready. */
  readonly isAtOnce?: boolean;
}

interface Member {
  readonly name: string;
  readonly proxy: ApiProxy;
  readonly kubeconfigPath: string;
  replica: Replica;
  phase: Phase;
  client: Client | undefined;
  /** Bytes of its log that belong to earlier scenarios. */
  logMark: number;
}

/** The replicas, as processes: each behind a proxy of its own to kube-apiserver and with a Datadog of its own. */
export class Fleet {
  readonly #ports: FleetPorts;
  readonly #options: FleetOptions;
  readonly #members = new Map<string, Member>();
  #caPem = '';

  constructor(ports: FleetPorts, options: FleetOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  /** Starts a replica, or one of a known name anew, as kubelet does with a container that ended. */
  async start(name: string, choices: StartChoices = {}): Promise<void> {
    const { datadogs, balancer } = this.#ports;
    const known = this.#members.get(name);
    const proxy = known?.proxy ?? (await this.#newProxy());
    const kubeconfigPath = known?.kubeconfigPath ?? (await this.#kubeconfig(proxy));
    const replica = await startReplica({
      name,
      kubeconfigPath,
      datadogUrl: await datadogs.for(name),
      logsFolder: this.#options.logsFolder,
      settings: { ...this.#options.settings, ...choices.settings },
      // Inspectors are opened on demand, each on a port of its own.
      nodeOptions: ['--inspect-port=0', ...(choices.nodeOptions ?? [])],
    });
    known?.client?.close();
    const member: Member = {
      name,
      proxy,
      kubeconfigPath,
      replica,
      phase: 'starting',
      client: undefined,
      logMark: known?.logMark ?? 0,
    };
    this.#members.set(name, member);
    this.#enter(member, 'starting');
    balancer.add(name, { port: replica.metricsPort, healthUrl: replica.healthUrl });
    if (choices.isAtOnce !== true) await this.untilRunning(name);
  }

  /** From now on it owes an answer to every read. */
  async untilRunning(name: string): Promise<void> {
    const member = this.#member(name);
    await untilReady(member.replica);
    if (member.phase === 'starting') this.#enter(member, 'running');
  }

  /** kill -9; returns when the process is gone. Its pod stays, so that the balancer learns of it by its probes only. */
  async kill(name: string): Promise<void> {
    const member = this.#member(name);
    this.#enter(member, 'gone');
    process.kill(member.replica.process.pid, 'SIGKILL');
    await this.#untilEnded(member);
  }

  freeze(name: string): void {
    const member = this.#member(name);
    process.kill(member.replica.process.pid, 'SIGSTOP');
    this.#enter(member, 'frozen');
  }

  thaw(name: string): void {
    const member = this.#member(name);
    process.kill(member.replica.process.pid, 'SIGCONT');
    this.#enter(member, 'running');
  }

  /** SIGTERM, as at the deletion of its pod; resolves to how the process ended. */
  async terminate(name: string): Promise<string> {
    const member = this.#member(name);
    this.#enter(member, 'stopping');
    process.kill(member.replica.process.pid, 'SIGTERM');
    const ending = await this.#untilEnded(member);
    this.#enter(member, 'gone', ending);
    this.#ports.balancer.remove(name);
    return ending;
  }

  /** Records processes that ended by themselves. */
  look(): void {
    for (const member of this.#members.values()) {
      const ending = member.replica.process.ending();
      if (ending !== undefined && member.phase !== 'gone' && member.phase !== 'stopping')
        this.#enter(member, 'gone', ending);
    }
  }

  /** All that were ever started and are not gone. */
  names(): readonly string[] {
    return [...this.#members.values()].filter(({ phase }) => phase !== 'gone').map(({ name }) => name);
  }

  all(): readonly string[] {
    return [...this.#members.keys()];
  }

  phase(name: string): Phase {
    return this.#member(name).phase;
  }

  replica(name: string): Replica {
    return this.#member(name).replica;
  }

  proxy(name: string): ApiProxy {
    return this.#member(name).proxy;
  }

  /** To ask the replica itself as kube-apiserver does; `undefined` while it owes no answer. */
  client(name: string): Client | undefined {
    const member = this.#members.get(name);
    if (member === undefined || this.#caPem === '') return undefined;
    if (member.phase !== 'running' && member.phase !== 'frozen') return undefined;
    member.client ??= this.#newClient(member.replica.metricsPort);
    return member.client;
  }

  /** What clients trust from now on, and how they prove themselves; read anew. */
  trust(caPem: string): void {
    if (caPem === this.#caPem) return;
    this.#caPem = caPem;
    this.renewClients();
  }

  /** Lets direct readers begin with the present certificate of the aggregation layer. */
  renewClients(): void {
    for (const member of this.#members.values()) {
      // Not closed: what is under way ends by itself.
      member.client = undefined;
    }
  }

  /** What was sent and logged since the scenario began; requests and calls since the very start. */
  async traffic(): Promise<readonly Traffic[]> {
    return Promise.all(
      [...this.#members.values()].map(async ({ name, proxy, replica, logMark }) => ({
        replica: name,
        apiRequests: proxy.requests,
        datadogCalls: this.#ports.datadogs.callsOf(name),
        log: (await readFile(replica.process.logFile)).subarray(logMark).toString(),
      })),
    );
  }

  /** A new scenario begins: what the logs hold belongs to earlier ones. */
  async markLogs(): Promise<void> {
    for (const member of this.#members.values())
      member.logMark = (await readFile(member.replica.process.logFile)).length;
  }

  async stop(): Promise<void> {
    for (const { client, replica, proxy, phase } of this.#members.values()) {
      client?.close();
      if (phase === 'frozen') process.kill(replica.process.pid, 'SIGCONT');
      await replica.process.stop(3_000);
      await proxy.stop();
    }
  }

  #enter(member: Member, phase: Phase, ending?: string): void {
    member.phase = phase;
    if (phase === 'gone') member.client = undefined;
    const change = { replica: member.name, atMs: Date.now(), phase };
    this.#ports.recorder.phase(ending === undefined ? change : { ...change, ending });
  }

  #untilEnded(member: Member): Promise<string> {
    return until(`${member.name} to end`, async () => member.replica.process.ending(), {
      timeoutMs: 60_000,
      pollMs: 20,
    });
  }

  #member(name: string): Member {
    const member = this.#members.get(name);
    if (member === undefined) throw new Error(`there is no replica ${name}`);
    return member;
  }

  async #newProxy(): Promise<ApiProxy> {
    const { plane } = this.#ports;
    const proxy = new ApiProxy({
      upstreamUrl: plane.url,
      caPem: pem(plane.clusterCaFile),
      ...plane.serverCertificate(),
    });
    return proxy;
  }

  async #kubeconfig(proxy: ApiProxy): Promise<string> {
    const { url } = await proxy.start();
    return this.#ports.plane.kubeconfigForServiceAccount('datadog', 'datadog-cluster-agent', { url });
  }

  #newClient(port: number): Client {
    const { certificateFile, keyFile } = this.#ports.plane.frontProxy;
    return new Client({
      port,
      servername: 'datadog-custom-metrics-server.datadog.svc',
      ca: this.#caPem,
      credentials: {
        kind: 'certificate',
        cert: pem(certificateFile),
        key: pem(keyFile),
        headers: asHpaController,
      },
    });
  }
}
