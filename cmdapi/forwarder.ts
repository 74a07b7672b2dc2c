import type { Counter } from 'prom-client';
import { type Dispatcher, Pool } from 'undici';
import { type Clock, deadline } from '../core/clock.js';
import { messageOf } from '../core/fault.js';
import type { Logger } from '../core/log.js';
import { counter, type Registry } from '../core/telemetry.js';
import type { Request } from '../http/exchanges.js';
import { collect } from './collect.js';
import { carriedHeaders, isForwarded, returnedHeaders } from './forwarded-headers.js';
import { laterReply, type Reply, textReply } from './reply.js';

/** Who leads. Not knowing is an answer of its own, and never "this replica". */
export interface Leadership {
  leader():
    | { readonly who: 'me' }
    | { readonly who: 'other'; readonly name: string }
    | { readonly who: 'unknown' };
}

/** Where replicas are reached now. */
export interface ReplicaAddresses {
  addressOf(name: string): { readonly host: string; readonly port: number } | undefined;
}

/** By which authorities a replica is known. */
export interface ReplicaTrust {
  current(): { readonly caPem: string | undefined } | undefined;
}

export interface ForwarderPorts {
  readonly leadership: Leadership;
  readonly addresses: ReplicaAddresses;
  readonly trust: ReplicaTrust;
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: Registry;
}

export interface ForwarderOptions {
  /** The Service whose endpoints `addresses` knows, for messages. */
  readonly service: string;
  /** The name that every replica's certificate holds. */
  readonly serverName: string;
  /** Requests under way to the leader; more are refused at once. Default 100. */
  readonly maxInFlight?: number;
  /** For the leader's answer to begin. Default 5 s. */
  readonly answerMs?: number;
  /** For everything. Default 10 s. */
  readonly totalMs?: number;
  /** Default 1 MiB. */
  readonly maxBodyBytes?: number;
}

const defaults = { maxInFlight: 100, answerMs: 5_000, totalMs: 10_000, maxBodyBytes: 1024 * 1024 };

/** Connections to one address, whose certificate must be one of our own authority. */
interface Line {
  readonly key: string;
  readonly pool: Pool;
}

/**
 * Passes what only the leader can answer on to it: in one hop, over a connection that has proved to lead to a replica of
 * ours before the caller's token is sent, and with a bound for everything.
 */
export class Forwarder {
  readonly #ports: ForwarderPorts;
  readonly #options: Required<ForwarderOptions>;
  readonly #forwarded: Counter<'handler'>;
  #line: Line | undefined;
  #inFlight = 0;

  constructor(ports: ForwarderPorts, options: ForwarderOptions) {
    this.#ports = ports;
    this.#options = { ...defaults, ...options };
    this.#forwarded = counter(ports.registry, 'forwarded_requests', 'Requests passed on to the leader', [
      'handler',
    ]);
  }

  /** The leader's reply, or why there is none; `undefined`: this replica leads, and is to answer itself. */
  async forward(request: Request, handler: string): Promise<Reply | undefined> {
    const leader = this.#ports.leadership.leader();
    if (leader.who === 'me') return undefined;
    if (isForwarded(request.headers)) {
      return textReply(
        508,
        'this request was passed on once and this replica does not lead; it goes no further',
      );
    }
    const way = this.#wayToLeader();
    if ('status' in way) return way;
    return await this.#within(async (signal) => {
      // Before a place is taken: who sends slowly shall keep nobody else waiting.
      const body = await collect(request, this.#options.maxBodyBytes, signal);
      if (body === undefined)
        return textReply(413, `the body is longer than ${this.#options.maxBodyBytes} bytes`);
      const { url = '/', method = 'GET', headers } = request;
      const passage = { path: url, method, headers: carriedHeaders(headers), body, signal };
      return await this.#pass(passage, way, handler);
    });
  }

  /** Asks the leader something of this replica's own, with the token that all replicas share; as `forward` besides. */
  async ask(path: string, token: string, handler: string): Promise<Reply | undefined> {
    if (this.#ports.leadership.leader().who === 'me') return undefined;
    const way = this.#wayToLeader();
    if ('status' in way) return way;
    const headers = carriedHeaders({ authorization: `Bearer ${token}` });
    return await this.#within((signal) =>
      this.#pass({ path, method: 'GET', headers, body: Buffer.alloc(0), signal }, way, handler),
    );
  }

  #wayToLeader(): WayToLeader | Reply {
    const leader = this.#ports.leadership.leader();
    if (leader.who !== 'other') return laterReply('no leader is known at present');
    const line = this.#lineTo(leader.name);
    return typeof line === 'string' ? laterReply(line) : { name: leader.name, line };
  }

  async #pass(passage: Passage, { name, line }: WayToLeader, handler: string): Promise<Reply> {
    if (this.#inFlight >= this.#options.maxInFlight)
      return laterReply(`${this.#inFlight} requests wait for the leader already`);
    this.#forwarded.inc({ handler });
    this.#inFlight += 1;
    try {
      return await this.#send(passage, line);
    } catch (error: unknown) {
      const reason = messageOf(error);
      this.#ports.log.warn({ leader: name, reason }, 'a request could not be passed on to the leader');
      return laterReply(`the leader ${name} could not be asked: ${reason}`);
    } finally {
      this.#inFlight -= 1;
    }
  }

  /** Ends the connections. */
  async close(): Promise<void> {
    await this.#line?.pool.destroy();
    this.#line = undefined;
  }

  /** Looked up for each request, so that the one who is shown to lead and the one who is asked cannot differ. */
  #lineTo(name: string): Line | string {
    const { addresses, trust } = this.#ports;
    const { service, serverName } = this.#options;
    const address = addresses.addressOf(name);
    if (address === undefined)
      return `failed to retrieve leader ip: the Service ${service} has no endpoint of the pod ${name}`;
    const caPem = trust.current()?.caPem;
    if (caPem === undefined)
      return 'leader forwarder is not available: no authority is known by which to verify the leader; mount ca.crt beside tls.crt';
    const origin = `https://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
    const key = `${origin} ${caPem}`;
    if (this.#line?.key === key) return this.#line;
    void this.#line?.pool.close();
    const { maxInFlight, answerMs, totalMs } = this.#options;
    const pool = new Pool(origin, {
      connections: maxInFlight,
      headersTimeout: answerMs,
      bodyTimeout: totalMs,
      connect: { ca: caPem, servername: serverName, timeout: answerMs },
    });
    this.#line = { key, pool };
    return this.#line;
  }

  async #within(work: (signal: AbortSignal) => Promise<Reply>): Promise<Reply> {
    const limit = deadline(this.#ports.clock, this.#options.totalMs, new AbortController().signal);
    try {
      return await work(limit.signal);
    } catch (error: unknown) {
      return textReply(408, `the request did not come whole: ${messageOf(error)}`);
    } finally {
      limit.release();
    }
  }

  async #send({ path, method, headers, body, signal }: Passage, line: Line): Promise<Reply> {
    const { maxBodyBytes } = this.#options;
    const answer = await line.pool.request({
      // Both as they came: a path that is parsed and written again may become another one.
      path,
      method: method as Dispatcher.HttpMethod,
      headers,
      body: body.length === 0 ? null : body,
      signal,
    });
    const content = await collect(answer.body, maxBodyBytes, signal);
    if (content === undefined) throw new Error(`its answer is longer than ${maxBodyBytes} bytes`);
    return { status: answer.statusCode, headers: returnedHeaders(answer.headers), body: content };
  }
}

interface WayToLeader {
  readonly name: string;
  readonly line: Line;
}

/** A request on its way to the leader. */
interface Passage {
  readonly path: string;
  readonly method: string;
  readonly headers: Record<string, string | string[]>;
  readonly body: Buffer;
  readonly signal: AbortSignal;
}
