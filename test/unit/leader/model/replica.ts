import { deadline } from '../../../../core/clock.js';
import { untilAborted } from '../../../../core/linked-abort.js';
import { silentLog } from '../../../../core/log.js';
import { createRegistry } from '../../../../core/telemetry.js';
import { AnnotationLockBox } from '../../../../kube/annotation-lock.js';
import type { KubeApi } from '../../../../kube/api.js';
import { LeaseBox } from '../../../../kube/lease.js';
import { Election } from '../../../../leader/election.js';
import { type LockBox, partsOf } from '../../../../leader/lock.js';
import { TwoLocks } from '../../../../leader/two-locks.js';
import { type NetworkPorts, type Road, simulatedApi } from './network.js';
import { RecordElector } from './record-elector.js';
import { SimulatedProcess } from './time.js';

export type Kind = 'lease' | 'configmap' | 'configmapsleases';

export const objectPaths = {
  lease: '/apis/coordination.k8s.io/v1/namespaces/n/leases/lead',
  configmap: '/api/v1/namespaces/n/configmaps/lead',
} as const;

export const openRoad: Road = { lostRequests: 0, lostAnswers: 0, delayMs: 10 };

export interface ReplicaOptions {
  readonly name: string;
  readonly kind: Kind;
  readonly durationSeconds: number;
  /** How fast its clocks go. */
  readonly rate: number;
  /** Whether it elects by the rules of client-go, in place of ours. */
  readonly isForeign: boolean;
  /** What is broken on purpose, to show that it is found. */
  readonly breakage?: Breakage | undefined;
}

export interface Breakage {
  /** How many times longer it believes itself the leader. */
  readonly patience?: number;
  readonly box?: (box: LockBox) => LockBox;
}

/** One life of a replica: the real election and the real boxes, on a simulated process and network. */
export class SimulatedReplica {
  readonly name: string;
  readonly kind: Kind;
  readonly process: SimulatedProcess;
  readonly election: Election | RecordElector;
  road: Road = openRoad;
  hasEvents = true;
  /** Whether it has seen each object of its lock: who never did cannot know that one was deleted. */
  hasSeen = false;
  isLeaving = false;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;

  constructor(ports: NetworkPorts, options: ReplicaOptions) {
    this.name = options.name;
    this.kind = options.kind;
    this.process = new SimulatedProcess(ports.time, options.rate);
    const api = simulatedApi(ports, this.process, () => this.road);
    const clock = this.process.clock();
    const patience = options.breakage?.patience ?? 1;
    const real = this.#watched(ports, buildBox(options.kind, api, this.process));
    const box = options.breakage?.box?.(real) ?? real;
    const identity = { identity: options.name, durationSeconds: options.durationSeconds };
    this.election = options.isForeign
      ? new RecordElector({ box, clock }, identity)
      : new Election(
          {
            box,
            clock: { ...clock, monotonicMs: () => clock.monotonicMs() / patience },
            log: silentLog,
            registry: createRegistry({ withProcessMetrics: false }),
            random: ports.random,
          },
          identity,
        );
    this.#done = this.election.run(this.#stop.signal);
  }

  get leads(): boolean {
    return !this.process.isDead && this.election.isLeader();
  }

  crash(): void {
    this.process.isDead = true;
  }

  /** An orderly end; `then` when it is over. */
  leave(then: () => void): void {
    this.isLeaving = true;
    this.#stop.abort();
    const bound = async (): Promise<void> => {
      const { signal, release } = deadline(this.process.clock(), 5_000, new AbortController().signal);
      await this.election.release(signal);
      release();
      this.process.isDead = true;
      then();
    };
    void this.#done.then(bound);
  }

  /** Looks are noted, and changes are told by the store, late, or not at all. */
  #watched({ time, store, random }: NetworkPorts, box: LockBox): LockBox {
    return {
      read: async (signal) => {
        const read = await box.read(signal);
        if (read.ok && partsOf(read.value).every((part) => part !== undefined)) this.hasSeen = true;
        return read;
      },
      write: (lock, revision, signal) => box.write(lock, revision, signal),
      follow: async (onChange, signal) => {
        const stop = store.watch(() => {
          const isTold = this.hasEvents && random() >= this.road.lostAnswers;
          if (isTold)
            time.at(time.nowMs + random() * this.road.delayMs, () => this.process.deliver(onChange));
        });
        await untilAborted(signal);
        stop();
      },
    };
  }
}

function buildBox(kind: Kind, client: KubeApi, process: SimulatedProcess): LockBox {
  const ports = { client, clock: process.clock(), log: silentLog, random: () => 0 };
  const place = { namespace: 'n', name: 'lead' };
  const lease = (): LockBox => new LeaseBox(ports, place);
  const configmap = (): LockBox => new AnnotationLockBox(ports, { ...place, kind: 'configmap' });
  switch (kind) {
    case 'lease':
      return lease();
    case 'configmap':
      return configmap();
    case 'configmapsleases':
      return new TwoLocks({ first: configmap(), second: lease() });
  }
}
