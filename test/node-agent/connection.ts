import { Agent } from 'node:https';
import type { Clock } from '../../core/clock.js';
import { messageOf } from '../../core/fault.js';
import { type Parser, parseVersion } from './answers.js';
import { exchange, type Question } from './exchange.js';
import type { Manners } from './manners.js';
import type { Version } from './version.js';

/** The Cluster Agent answered, but not with 200. */
export class UnexpectedStatus extends Error {
  override readonly name = 'UnexpectedStatus';
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

export interface ConnectionOptions {
  /** As `findEndpoint` gives it. */
  readonly endpoint: string;
  readonly token: string;
  readonly manners: Manners;
  /** The address that cluster checks are run from. */
  readonly realIp?: string;
}

/** A TCP connection that is kept, and what was said over it of the version. */
interface Wire {
  readonly agent: Agent;
  readonly version: Version;
}

/**
 * The one kept-alive HTTP/1.1 connection of a node agent to its Cluster Agent. Each TCP connection that is made on
 * purpose is asked for its `/version` before it is used for anything else. For one call at a time.
 */
export class Connection {
  readonly #ports: { readonly clock: Clock };
  readonly #options: ConnectionOptions;
  #wire: Wire | undefined;
  #triedAtMs = 0;
  #opened = 0;
  #failedRenewals = 0;

  constructor(ports: { readonly clock: Clock }, options: ConnectionOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  /** TCP connections that came about, for whatever reason. */
  get connectionsOpened(): number {
    return this.#opened;
  }

  /** How often a new connection was due and did not answer, so that the old one was kept. */
  get failedRenewals(): number {
    return this.#failedRenewals;
  }

  /** Connects where that is due; what the Cluster Agent said then of its version. Rejects while it never answered. */
  async ready(signal: AbortSignal): Promise<Version> {
    return (await this.#current(signal)).version;
  }

  /** The parsed JSON answer to a GET. */
  async query<T>(path: string, parse: Parser<T>, signal: AbortSignal): Promise<T> {
    return this.#decode(path, parse, await this.get(path, signal));
  }

  /** The parsed JSON answer to a POST. */
  async submit<T>(path: string, body: Uint8Array, parse: Parser<T>, signal: AbortSignal): Promise<T> {
    return this.#decode(path, parse, await this.post(path, body, signal));
  }

  /** The body of the answer to a GET of a path without its first slash. Rejects unless the status is 200. */
  async get(path: string, signal: AbortSignal): Promise<string> {
    const { agent } = await this.#current(signal);
    return this.#ask(agent, 'GET', path, undefined, signal);
  }

  /** As `get`. */
  async post(path: string, body: Uint8Array, signal: AbortSignal): Promise<string> {
    const { agent } = await this.#current(signal);
    return this.#ask(agent, 'POST', path, body, signal);
  }

  /** Ends the connection; a later call makes a new one. */
  close(): void {
    this.#wire?.agent.destroy();
    this.#wire = undefined;
  }

  async #current(signal: AbortSignal): Promise<Wire> {
    const kept = this.#wire;
    if (kept === undefined) return this.#connect(signal);
    if (!this.#isRenewalDue()) return kept;
    try {
      return await this.#connect(signal);
    } catch {
      // Agents log it, go on with the connection that they have, and try again a period later.
      signal.throwIfAborted();
      this.#failedRenewals += 1;
      return kept;
    }
  }

  #isRenewalDue(): boolean {
    const { reconnectMs } = this.#options.manners;
    return reconnectMs !== undefined && this.#ports.clock.monotonicMs() - this.#triedAtMs >= reconnectMs;
  }

  async #connect(signal: AbortSignal): Promise<Wire> {
    this.#triedAtMs = this.#ports.clock.monotonicMs();
    const agent = this.#createAgent();
    try {
      const body = await this.#ask(agent, 'GET', 'version', undefined, signal);
      const wire = { agent, version: this.#decode('version', parseVersion, body) };
      this.close();
      this.#wire = wire;
      return wire;
    } catch (error: unknown) {
      agent.destroy();
      throw error;
    }
  }

  #createAgent(): Agent {
    const { newestTls, idleMs } = this.#options.manners;
    return new Agent({
      keepAlive: true,
      maxSockets: 1,
      ALPNProtocols: ['http/1.1'],
      maxVersion: newestTls,
      // Node agents verify no certificate of a Cluster Agent, so one that nobody signed has to do; that is under test.
      rejectUnauthorized: false,
      ...(idleMs === undefined ? {} : { timeout: idleMs }),
    });
  }

  async #ask(
    agent: Agent,
    method: 'GET' | 'POST',
    path: string,
    body: Uint8Array | undefined,
    signal: AbortSignal,
  ): Promise<string> {
    const { endpoint, manners } = this.#options;
    const url = `${endpoint}/${path}`;
    const question = { method, url, headers: this.#headers(body), ...(body === undefined ? {} : { body }) };
    const { status, body: text } = await this.#exchange(agent, question, signal);
    if (status !== 200) throw new UnexpectedStatus(manners.refused(url, status), status);
    return text;
  }

  async #exchange(agent: Agent, question: Question, signal: AbortSignal) {
    const { manners } = this.#options;
    const onConnect = (): void => {
      this.#opened += 1;
    };
    try {
      return await exchange({ agent, clock: this.#ports.clock, onConnect }, question, manners, signal);
    } catch (error: unknown) {
      signal.throwIfAborted();
      const text = manners.unanswered(question.url, question.method, messageOf(error));
      throw new Error(text, { cause: error });
    }
  }

  /** As Go sends them: a body has a length and no type. */
  #headers(body: Uint8Array | undefined): Record<string, string> {
    const { token, realIp = '', manners } = this.#options;
    return {
      'User-Agent': 'Go-http-client/1.1',
      ...(body === undefined ? {} : { 'Content-Length': String(body.length) }),
      Authorization: `Bearer ${token}`,
      ...(manners.sendsRealIp ? { 'X-Real-Ip': realIp } : {}),
      'Accept-Encoding': 'gzip',
    };
  }

  #decode<T>(path: string, parse: Parser<T>, body: string): T {
    const { manners } = this.#options;
    let value: unknown;
    try {
      value = JSON.parse(body);
    } catch (error: unknown) {
      throw new Error(manners.garbled(path, messageOf(error), body), { cause: error });
    }
    const parsed = parse(value);
    if (!parsed.ok) throw new Error(manners.garbled(path, parsed.error, body));
    return parsed.value;
  }
}
