import { setMaxListeners } from 'node:events';
import type {
  ClientRequest,
  IncomingHttpHeaders,
  IncomingMessage,
  OutgoingHttpHeaders,
  ServerResponse,
} from 'node:http';
import { Agent, createServer, type Server, request as send } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRecorded, isWatch, isWrite, madeBy, type ProxiedRequest } from './proxied-request.js';

export type { ProxiedRequest } from './proxied-request.js';

export interface ApiProxyOptions {
  /** The API server, `https://host:port`. */
  readonly upstreamUrl: string;
  /** Who vouches for the API server. */
  readonly caPem: string;
  /** What the proxy shows to its client. */
  readonly certificatePem: string;
  readonly keyPem: string;
}

type Match = (method: string, path: string) => boolean;

interface Reply {
  readonly status: number;
  readonly body: object;
}

/** One connection of the client's, with one of its own to the API server. */
interface Line {
  readonly socket: Socket;
  readonly upstream: Agent;
  /** No byte passes ever again. */
  isFrozen: boolean;
  /** The API server has closed its side. */
  isBroken: boolean;
  underWay: number;
}

/** One request on its way. */
interface Exchange {
  readonly line: Line;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: Buffer;
  /** Filled in as the exchange goes on. */
  readonly entry: { -readonly [field in keyof ProxiedRequest]: ProxiedRequest[field] };
}

/**
 * Stands between one client and the API server on 127.0.0.1, HTTP/1.1 over TLS on both sides, and breaks what
 * it is told to. Watches pass event by event. When the API server refuses or breaks a connection, so does the
 * proxy: it never makes up an answer of its own accord. A write that was held back is delivered when the way
 * is free again, though its client has given it up: networks do that, and a fenced-off leader must cope. One that is
 * merely delayed is dropped then, as kube-apiserver does with what waits in its queues.
 */
export class ApiProxy {
  readonly #options: ApiProxyOptions;
  readonly #lines = new Map<Socket, Line>();
  readonly #requests: ProxiedRequest[] = [];
  readonly #answers = new Set<{ readonly match: Match; readonly reply: Reply }>();
  readonly #asked = new Set<ClientRequest>();
  readonly #seen = new WeakSet<Socket>();
  readonly #stopped = new AbortController();
  #server: Server | undefined;
  #frozen: { readonly thawed: Promise<void>; readonly thaw: () => void } | undefined;
  #delayMs = 0;
  #openWatches = 0;

  constructor(options: ApiProxyOptions) {
    this.#options = options;
  }

  /** Every request so far, oldest first; those under way change still. */
  get requests(): readonly ProxiedRequest[] {
    return this.#requests;
  }

  async start(): Promise<{ readonly url: string }> {
    const { certificatePem, keyPem } = this.#options;
    // All delayed requests listen to it; that is no leak.
    setMaxListeners(0, this.#stopped.signal);
    // No time limit of the proxy's own: how long something may take is between its two sides.
    const limits = { keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 };
    const server = createServer({ cert: certificatePem, key: keyPem, ...limits });
    server.on('secureConnection', (socket: Socket) => this.#open(socket));
    server.on('tlsClientError', () => {});
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.#serve(request, response).catch(() => request.socket.destroy());
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    this.#server = server;
    return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}` };
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    const closed = new Promise((resolve) => this.#server?.close(resolve) ?? resolve(undefined));
    this.#server?.closeAllConnections();
    this.cut();
    for (const asked of this.#asked) asked.destroy();
    await closed;
  }

  /**
   * On the connections that are open now no byte passes any more in either direction, silently and for ever,
   * whatever is under way on them; new ones work.
   */
  freezeOpen(): void {
    for (const line of this.#lines.values()) line.isFrozen = true;
  }

  /** Nothing passes on any connection, old or new, though TCP and TLS are accepted, until `thaw`. */
  freeze(): void {
    if (this.#frozen !== undefined) return;
    let thaw = (): void => {};
    const thawed = new Promise<void>((resolve) => {
      thaw = resolve;
    });
    this.#frozen = { thawed, thaw };
  }

  /** What was held back goes on. */
  thaw(): void {
    this.#frozen?.thaw();
    this.#frozen = undefined;
  }

  /** Each request from now on is forwarded so much later; 0 ends it. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /** Breaks all open connections, also frozen ones. */
  cut(): void {
    for (const { socket } of this.#lines.values()) socket.destroy();
  }

  /**
   * Answers in the API server's place where `match` says so, until the returned function is called. `match` is
   * asked once a request, in the order of arrival, so that it may count.
   */
  answer(match: Match, reply: Reply): () => void {
    const answer = { match, reply };
    this.#answers.add(answer);
    return () => this.#answers.delete(answer);
  }

  /** Watches that the API server has accepted and that have not ended for the client. */
  openWatches(): number {
    return this.#openWatches;
  }

  #open(socket: Socket): void {
    const { caPem } = this.#options;
    const upstream = new Agent({ ca: caPem, keepAlive: true, maxSockets: 1 });
    this.#lines.set(socket, { socket, upstream, isFrozen: false, isBroken: false, underWay: 0 });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#lines.delete(socket);
      upstream.destroy();
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const line = this.#lines.get(request.socket);
    if (line === undefined) return;
    const { method = '', url: path = '' } = request;
    const entry = {
      startedAtMs: Date.now(),
      monotonicMs: performance.now(),
      method,
      path,
      status: undefined,
    };
    this.#requests.push(entry);
    const delayMs = this.#delayMs;
    const answer = [...this.#answers].find(({ match }) => match(method, path));
    line.underWay += 1;
    const exchange: Exchange = { line, request, response, body: await bodyOf(request), entry };
    if (delayMs > 0) await sleep(delayMs, undefined, { signal: this.#stopped.signal });
    const isGivenUp = line.socket.destroyed;
    await this.#pass(line);
    if (answer !== undefined) await this.#makeUp(exchange, answer.reply);
    else if (!isGivenUp && (!line.socket.destroyed || isWrite(method))) await this.#forward(exchange);
    line.underWay -= 1;
    if (line.isBroken) line.socket.destroy();
  }

  /** Returns when a byte may pass on this connection; for a frozen one, never. */
  async #pass(line: Line): Promise<void> {
    while (this.#frozen !== undefined) await this.#frozen.thawed;
    if (line.isFrozen) await new Promise<never>(() => {});
  }

  async #makeUp({ response, entry }: Exchange, { status, body }: Reply): Promise<void> {
    entry.status = status;
    entry.isMadeUp = true;
    response.writeHead(status, { 'content-type': 'application/json' });
    await ended(response, `${JSON.stringify(body)}\n`);
    entry.endedAtMs = Date.now();
  }

  async #forward(exchange: Exchange): Promise<void> {
    const { line, response, entry } = exchange;
    try {
      const reply = await this.#ask(exchange);
      entry.status = reply.statusCode;
      if (isWatch(entry.path) && reply.statusCode === 200) this.#countWatch(response);
      if (isRecorded(entry.method, entry.path)) await this.#passWhole(exchange, reply);
      else await this.#passOn(exchange, reply);
      entry.endedAtMs = Date.now();
    } catch {
      // Refused or broken by the API server, or given up by the client: either way both sides end.
      line.isBroken = true;
      await this.#pass(line);
    }
  }

  #ask({ line, request, response, body, entry }: Exchange): Promise<IncomingMessage> {
    const { upstreamUrl, caPem } = this.#options;
    const isLate = line.socket.destroyed;
    return new Promise((resolve, reject) => {
      const asked = send(`${upstreamUrl}${entry.path}`, {
        method: entry.method,
        headers: { ...passedOn(request.headers), host: new URL(upstreamUrl).host },
        ca: caPem,
        agent: isLate ? false : line.upstream,
      });
      this.#asked.add(asked);
      asked.once('close', () => this.#asked.delete(asked));
      asked.once('response', resolve);
      asked.on('error', reject);
      asked.once('socket', (socket) => this.#mirror(socket, line));
      if (!isLate) response.once('close', () => response.writableFinished || asked.destroy());
      asked.end(body);
    });
  }

  /** When the API server closes a connection that nothing is under way on, the client's is closed too. */
  #mirror(upstream: Socket, line: Line): void {
    if (this.#seen.has(upstream)) return;
    this.#seen.add(upstream);
    upstream.once('close', async () => {
      line.isBroken = true;
      await this.#pass(line);
      if (line.underWay === 0) line.socket.destroy();
    });
  }

  /** An answer that is recorded: what it says is known here also when it cannot pass to the client. */
  async #passWhole({ line, response, entry }: Exchange, reply: IncomingMessage): Promise<void> {
    const answer = await bodyOf(reply);
    if (reply.statusCode === 200 || reply.statusCode === 201) Object.assign(entry, madeBy(answer.toString()));
    await this.#pass(line);
    response.writeHead(reply.statusCode ?? 0, passedOn(reply.headers));
    await ended(response, answer);
  }

  /** Byte by byte, as they come. */
  async #passOn({ line, response, entry }: Exchange, reply: IncomingMessage): Promise<void> {
    await this.#pass(line);
    response.writeHead(reply.statusCode ?? 0, passedOn(reply.headers));
    response.flushHeaders();
    for await (const chunk of reply as AsyncIterable<Buffer>) {
      if (isWatch(entry.path) && chunk.includes('"type":"ERROR"') && chunk.includes('"code":410'))
        entry.isGone = true;
      await this.#pass(line);
      if (!response.write(chunk)) await drained(response);
    }
    await this.#pass(line);
    await ended(response);
  }

  #countWatch(response: ServerResponse): void {
    if (response.destroyed) return;
    this.#openWatches += 1;
    response.once('close', () => {
      this.#openWatches -= 1;
    });
  }
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** What belongs to one connection only is each side's own matter. */
function passedOn(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const { connection: _connection, 'keep-alive': _keepAlive, ...rest } = headers;
  return rest;
}

/** A client that has gone makes no difference here. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      response.off('drain', go);
      response.off('close', go);
      resolve();
    };
    response.on('drain', go);
    response.on('close', go);
    if (response.destroyed) go();
  });
}

function ended(response: ServerResponse, body?: string | Buffer): Promise<void> {
  return new Promise((resolve) => {
    if (response.destroyed) resolve();
    response.once('close', resolve);
    response.end(body, () => resolve());
  });
}
