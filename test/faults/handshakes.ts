import { X509Certificate } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { until } from '../control-plane/waiting.js';
import { check } from './expect.js';
import type { ServingSecret } from './serving-secret.js';
import type { FaultWorld } from './world.js';

/** One new connection to a replica, verified as kube-apiserver would. */
interface Handshake {
  readonly replica: string;
  readonly atMs: number;
  readonly serial: string | undefined;
  /** Why it was not trusted. */
  readonly problem: string | undefined;
}

const everyMs = 50;

interface HandshakesPorts {
  readonly world: FaultWorld;
  readonly secret: ServingSecret;
}

/** Connects all the time while `work` lasts, and throws unless every connection was good. */
export async function whileConnecting<T>(
  ports: HandshakesPorts,
  work: (handshakes: Handshakes) => Promise<T>,
  options: { readonly replicas?: readonly string[] } = {},
): Promise<T> {
  const handshakes = new Handshakes(ports, options);
  handshakes.start();
  const outcome = await work(handshakes).finally(() => handshakes.stop());
  handshakes.judge();
  return outcome;
}

/** Connects to each running replica anew, all the time, trusting what the APIService said just before. */
export class Handshakes {
  readonly #world: FaultWorld;
  readonly #secret: ServingSecret;
  readonly #replicas: readonly string[] | undefined;
  readonly #stopping = new AbortController();
  readonly #seen: Handshake[] = [];
  #loop: Promise<void> = Promise.resolve();

  /** To all that run where `replicas` is left out. */
  constructor({ world, secret }: HandshakesPorts, options: { readonly replicas?: readonly string[] } = {}) {
    this.#world = world;
    this.#secret = secret;
    this.#replicas = options.replicas;
  }

  start(): void {
    this.#loop = this.#run();
  }

  /** How many there were. */
  get count(): number {
    return this.#seen.length;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
  }

  /** Throws when one failed. */
  judge(): void {
    const bad = this.#seen.filter(({ problem }) => problem !== undefined);
    check(
      bad.length === 0,
      () => `new connections failed: ${JSON.stringify([bad.length, ...bad.slice(0, 3)])}`,
    );
  }

  /** Waits until each running replica shows `certPem` to new connections; the answer is in seconds from `fromMs` on. */
  async untilShown(certPem: string, fromMs: number): Promise<number> {
    const wanted = new X509Certificate(certPem).serialNumber;
    const atMs = await until(
      'all replicas to show the new certificate',
      async () => {
        const firsts = this.#running().map(
          (name) => this.#seen.find(({ replica, serial }) => replica === name && serial === wanted)?.atMs,
        );
        return firsts.some((first) => first === undefined) ? undefined : Math.max(...firsts.map(Number));
      },
      { timeoutMs: 20_000, pollMs: 20 },
    );
    return (atMs - fromMs) / 1000;
  }

  #running(): readonly string[] {
    const { fleet } = this.#world;
    return (this.#replicas ?? fleet.names()).filter((name) => fleet.phase(name) === 'running');
  }

  async #run(): Promise<void> {
    for (; !this.#stopping.signal.aborted; await sleep(everyMs)) {
      const published = await this.#secret.published().catch((error: unknown) => String(error));
      if (typeof published === 'string') {
        this.#seen.push({ replica: '', atMs: Date.now(), serial: undefined, problem: published });
        continue;
      }
      const { caPem } = published;
      const shaken = this.#running().map(async (replica) => {
        const outcome = await shake(this.#world.fleet.replica(replica).metricsPort, caPem);
        this.#seen.push({ replica, atMs: Date.now(), ...outcome });
      });
      await Promise.all(shaken);
    }
  }
}

function shake(port: number, ca: string): Promise<Pick<Handshake, 'serial' | 'problem'>> {
  return new Promise((resolve) => {
    const servername = 'datadog-custom-metrics-server.datadog.svc';
    const socket = connect({ host: '127.0.0.1', port, ca, servername, timeout: 5_000 });
    const end = (outcome: Pick<Handshake, 'serial' | 'problem'>): void => {
      resolve(outcome);
      socket.destroy();
    };
    socket.once('secureConnect', () =>
      end({ serial: socket.getPeerCertificate().serialNumber, problem: undefined }),
    );
    socket.once('timeout', () => end({ serial: undefined, problem: 'no handshake in 5 s' }));
    socket.once('error', (error) => end({ serial: undefined, problem: String(error) }));
  });
}
