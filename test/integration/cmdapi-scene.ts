import { get, type IncomingHttpHeaders } from 'node:http';
import { Agent, request } from 'node:https';
import { type ReplicaChoices, type SimulatedReplica, StandIns, tokens } from '../../simulator/stand-ins.js';
import { until } from './corridor-scene.js';

/** One answer, whole. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Ask {
  readonly method?: string;
  /** That of node agents by default; an empty text is none. */
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Asks one replica over kept-alive HTTP/1.1 connections, and verifies it no more than node agents do. */
export class CommandClient {
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8, rejectUnauthorized: false });

  constructor(port: number) {
    this.#port = port;
  }

  /** `target` is what stands in the request line. Rejects on any reset or cut. */
  ask(target: string, ask: Ask = {}): Promise<Answer> {
    const { method = 'GET', token = tokens.agents, headers = {}, body } = ask;
    const credentials = token === '' ? {} : { authorization: `Bearer ${token}` };
    const options = { host: '127.0.0.1', port: this.#port, agent: this.#agent, method, path: target };
    return new Promise((resolve, reject) => {
      const sent = request({ ...options, headers: { ...credentials, ...headers } }, (received) => {
        let text = '';
        received.setEncoding('utf8');
        received.on('data', (piece: string) => {
          text += piece;
        });
        received.on('error', reject);
        received.on('end', () =>
          resolve({ status: received.statusCode ?? 0, headers: received.headers, text }),
        );
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  /** The JSON of an answer that must be 200. */
  async json(target: string, token: string = tokens.agents): Promise<unknown> {
    const { status, text } = await this.ask(target, { token });
    if (status !== 200) throw new Error(`${target} was answered with ${status} ${text}`);
    return JSON.parse(text);
  }

  close(): void {
    this.#agent.destroy();
  }
}

export interface CommandReplica {
  readonly replica: SimulatedReplica;
  readonly client: CommandClient;
  readonly port: number;
  /** What it has logged from `warn` on, or from the level that was chosen. */
  readonly lines: readonly string[];
}

/** A stand-in cluster and replicas that serve node agents alone. */
export class CommandScene {
  readonly standIns = new StandIns();
  readonly #clients: CommandClient[] = [];

  get cluster(): StandIns['cluster'] {
    return this.standIns.cluster;
  }

  start(): Promise<void> {
    return this.standIns.start();
  }

  /** A replica that listens and, unless `isStarting`, has read the cluster. */
  async replica(
    choices: Partial<ReplicaChoices> = {},
    { isStarting = false }: { readonly isStarting?: boolean } = {},
  ): Promise<CommandReplica> {
    const lines: string[] = [];
    const settings = { DD_EXTERNAL_METRICS_PROVIDER_ENABLED: 'false', ...choices.settings };
    const replica = this.standIns.startReplica({
      name: `dca-${this.#clients.length}`,
      logLevel: 'warn',
      logTo: { write: (line) => lines.push(line) },
      ...choices,
      settings,
    });
    await until('the port for node agents', () => replica.app.commandPort() !== undefined);
    if (!isStarting) await untilReady(replica);
    const port = replica.app.commandPort() ?? 0;
    const client = new CommandClient(port);
    this.#clients.push(client);
    return { replica, client, port, lines };
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.standIns.stop();
  }
}

/** What the readiness probe says, over a connection that is not kept: a stop would wait for it. */
export function readiness(
  replica: SimulatedReplica,
): Promise<{ readonly status: number; readonly text: string }> {
  const port = replica.app.process.healthPort() ?? 0;
  return new Promise((resolve, reject) => {
    const sent = get({ host: '127.0.0.1', port, path: '/ready', agent: false }, (received) => {
      let text = '';
      received.setEncoding('utf8');
      received.on('data', (piece: string) => {
        text += piece;
      });
      received.on('end', () => resolve({ status: received.statusCode ?? 0, text }));
    });
    sent.on('error', reject);
  });
}

/** Resolves when the readiness probe passes; what it said last is in the error when it does not within 8 s. */
async function untilReady(replica: SimulatedReplica): Promise<void> {
  let last = { status: 0, text: '' };
  await until('the port for probes', () => replica.app.process.healthPort() !== undefined);
  await eventually(
    async () => {
      last = await readiness(replica);
    },
    () => last.status === 200,
    () => `${replica.name} was not ready: ${last.text}`,
  );
}

/** Looks again and again until it is so; how long that took, in milliseconds. */
export async function eventually(
  look: () => Promise<void>,
  isSo: () => boolean,
  trouble: () => string,
  timeoutMs = 8_000,
): Promise<number> {
  const startedAtMs = performance.now();
  for (;;) {
    await look();
    const tookMs = performance.now() - startedAtMs;
    if (isSo()) return tookMs;
    if (tookMs > timeoutMs) throw new Error(trouble());
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Resolves to how long it took until a GET was answered with that text, in milliseconds; throws when it takes longer. */
export async function untilText(
  client: CommandClient,
  target: string,
  wanted: string,
  timeoutMs = 2_000,
): Promise<number> {
  let last = '';
  return eventually(
    async () => {
      last = (await client.ask(target)).text;
    },
    () => last === wanted,
    () => `${target} was not ${wanted} within ${timeoutMs} ms, but ${last}`,
    timeoutMs,
  );
}
