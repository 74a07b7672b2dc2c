import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

interface Backend {
  readonly port: number;
  readonly healthUrl: string;
  isReady: boolean;
  /** What the last probe said; it takes effect a moment later. */
  wasReady: boolean;
}

/** How often kubelet would probe, and how long the news takes to every node; both shorter than in life. */
const probeMs = 300;
const propagationMs = 300;

/**
 * What kubelet and kube-proxy are to a Service: each new TCP connection goes to one of the replicas whose last readiness
 * probe succeeded, in turn. As there, the news comes late, and connections that stand are left alone.
 */
export class Balancer {
  readonly #backends = new Map<string, Backend>();
  readonly #sockets = new Set<Socket>();
  readonly #stopping = new AbortController();
  readonly #onChange: () => void;
  #server: Server | undefined;
  #turn = 0;
  #port = 0;

  /** @param ports `onChange`: told when another set of replicas is ready */
  constructor(ports: { readonly onChange: () => void }) {
    this.#onChange = ports.onChange;
  }

  async start(): Promise<number> {
    const server = createServer((client) => this.#pass(client));
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the balancer has no port');
    this.#port = address.port;
    return address.port;
  }

  /** Where the Service leads; 0 before the start. */
  get port(): number {
    return this.#port;
  }

  /** Takes a replica into rotation, once it is ready; a known name is replaced. */
  add(name: string, target: { readonly port: number; readonly healthUrl: string }): void {
    const backend = { ...target, isReady: false, wasReady: false };
    this.#backends.set(name, backend);
    void this.#probe(name, backend);
  }

  /** Takes a replica out, as the deletion of its pod does. */
  remove(name: string): void {
    this.#backends.delete(name);
    this.#onChange();
  }

  ready(): readonly string[] {
    return [...this.#backends].filter(([, { isReady }]) => isReady).map(([name]) => name);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#backends.clear();
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server?.close(resolve) ?? resolve(undefined));
  }

  async #probe(name: string, backend: Backend): Promise<void> {
    while (this.#backends.get(name) === backend && !this.#stopping.signal.aborted) {
      const isReady = await answersReady(backend.healthUrl);
      if (isReady !== backend.wasReady) {
        backend.wasReady = isReady;
        await sleep(propagationMs);
        backend.isReady = isReady;
        this.#onChange();
      }
      await sleep(probeMs);
    }
  }

  #pass(client: Socket): void {
    const ready = [...this.#backends.values()].filter(({ isReady }) => isReady);
    this.#turn += 1;
    const backend = ready[this.#turn % Math.max(1, ready.length)];
    this.#keep(client);
    if (backend === undefined) return void client.resetAndDestroy();
    const server = connect(backend.port, '127.0.0.1');
    this.#keep(server);
    client.pipe(server).pipe(client);
    // A break on one side is a break on the other, of the same kind: kube-proxy rewrites packets and ends nothing.
    client.on('error', () => server.resetAndDestroy());
    server.on('error', () => client.resetAndDestroy());
    client.on('close', () => server.destroy());
    server.on('close', () => client.destroy());
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
  }
}

async function answersReady(healthUrl: string): Promise<boolean> {
  try {
    const answer = await fetch(`${healthUrl}/ready`, { signal: AbortSignal.timeout(1_000) });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false; // no answer is an answer to a probe
  }
}
