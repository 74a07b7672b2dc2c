import { createHash } from 'node:crypto';
import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import type { Clock } from '../core/clock.js';
import { Fault, messageOf } from '../core/fault.js';
import type { Logger } from '../core/log.js';
import { fail, ok, type Result } from '../core/result.js';
import type { Credentials, TlsMaterial } from './credentials.js';
import type { KubeTarget } from './target.js';
import { startTimeLimit } from './time-limit.js';

/** What a request needs to be sent now. */
export interface Line {
  readonly dispatcher: Dispatcher;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ConnectionPorts {
  readonly target: KubeTarget;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface ConnectionOptions {
  /** How long credentials are used before they are read again. */
  readonly refreshMs: number;
}

/** The line in use, and what it was made from. */
interface Current {
  readonly line: Line;
  readonly tls: TlsMaterial;
  readonly tlsDigest: string;
  readonly readAtMs: number;
}

/** A watch holds one connection for itself, so this bounds watches and requests in flight together. */
const maxConnections = 128;
const connectTimeoutMs = 10_000;
/** Below the 90 s after which an API server closes an idle connection, and most load balancers' 60 s. */
const idleConnectionMs = 45_000;
const credentialsTimeoutMs = 30_000;
const rereadMs = 5_000;

/**
 * The one pool of kept-alive connections to the API server, and the headers to send. Credentials are read
 * again every `refreshMs` (token rotation); new TLS files make a new pool, and the old one ends with its last
 * answer.
 */
export class Connection {
  readonly #ports: ConnectionPorts;
  readonly #options: ConnectionOptions;
  #current: Current | undefined;
  #reading: Promise<Result<Line, Fault>> | undefined;
  #wasRefused = false;
  #complaint: string | undefined;
  readonly #pools = new Set<Dispatcher>();
  #isClosed: boolean = false;

  constructor(ports: ConnectionPorts, options: ConnectionOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  /**
   * The line to use now. Faults: `kube.unreachable` when there were never any credentials to be read, or
   * after `close`.
   */
  async line(): Promise<Result<Line, Fault>> {
    if (this.#isClosed) return fail(new Fault('kube.unreachable', 'the client of the API server is closed'));
    const current = this.#current;
    const isFresh =
      current !== undefined && this.#ports.clock.monotonicMs() - current.readAtMs < this.#options.refreshMs;
    if (isFresh && !this.#wasRefused) return ok(current.line);
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return await this.#reading;
  }

  /**
   * The API server answered 401: the next `line` reads the credentials again, and asks a plugin again. False
   * when they were read just now, so that a plugin is not run at each request for as long as we are refused.
   */
  refused(): boolean {
    const ageMs = this.#ports.clock.monotonicMs() - (this.#current?.readAtMs ?? 0);
    if (ageMs < Math.min(rereadMs, this.#options.refreshMs)) return false;
    this.#wasRefused = true;
    return true;
  }

  /**
   * Nothing came over a line for as long as was waited. It may be dead without having ended, as when something in
   * between has forgotten it, and then all its kept-alive connections are: the next request opens new ones. What is
   * under way on the old may still end.
   */
  silent(line: Line): void {
    const current = this.#current;
    if (current === undefined || current.line.dispatcher !== line.dispatcher) return;
    this.#current = { ...current, line: { ...current.line, dispatcher: this.#open(current.tls) } };
    void this.#retire(line.dispatcher);
  }

  /** Ends all connections at once, and with them what is still under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#current = undefined;
    await Promise.all([...this.#pools].map((pool) => pool.destroy()));
    this.#pools.clear();
  }

  async #read(): Promise<Result<Line, Fault>> {
    const afresh = this.#wasRefused;
    this.#wasRefused = false;
    const readAtMs = this.#ports.clock.monotonicMs();
    try {
      const credentials = await this.#credentials(afresh);
      this.#complaint = undefined;
      return this.#isClosed ? await this.line() : ok(this.#use(credentials, readAtMs));
    } catch (error: unknown) {
      return this.#useOld(messageOf(error), readAtMs);
    }
  }

  /** A plugin that hangs must not hold up every request for ever. */
  async #credentials(afresh: boolean): Promise<Credentials> {
    const limit = startTimeLimit(this.#ports.clock, credentialsTimeoutMs, new AbortController().signal);
    const timeout = new Promise<never>((_resolve, reject) => {
      limit.signal.addEventListener('abort', () =>
        reject(new Error(`no credentials within ${credentialsTimeoutMs} ms`)),
      );
    });
    try {
      return await Promise.race([this.#ports.target.credentials(afresh), timeout]);
    } finally {
      limit.release();
    }
  }

  #use(credentials: Credentials, readAtMs: number): Line {
    const tlsDigest = createHash('sha256').update(JSON.stringify(credentials.tls)).digest('hex');
    const old = this.#current;
    const isSamePool = old !== undefined && old.tlsDigest === tlsDigest;
    const dispatcher = isSamePool ? old.line.dispatcher : this.#open(credentials.tls);
    const line = { dispatcher, headers: credentials.headers };
    this.#current = { line, tls: credentials.tls, tlsDigest, readAtMs };
    if (old !== undefined && !isSamePool) {
      this.#ports.log.info({}, 'certificates for the API server have changed; connecting anew');
      void this.#retire(old.line.dispatcher);
    }
    return this.#current.line;
  }

  /** During a rotation a file may be missing for a moment: what was read before is used on. */
  #useOld(reason: string, readAtMs: number): Result<Line, Fault> {
    const fault = new Fault(
      'kube.unreachable',
      `cannot read the credentials for the API server (${this.#ports.target.source}): ${reason}`,
    );
    if (this.#complaint !== reason)
      this.#ports.log.warn({ reason: fault.message }, 'credentials could not be read');
    this.#complaint = reason;
    if (this.#current === undefined) return fail(fault);
    this.#current = { ...this.#current, readAtMs };
    return ok(this.#current.line);
  }

  #open(tls: TlsMaterial): Dispatcher {
    const { proxyUrl } = this.#ports.target;
    const connect = { ...tls, timeout: connectTimeoutMs, keepAlive: true, keepAliveInitialDelay: 30_000 };
    const bounds = {
      connections: maxConnections,
      keepAliveTimeout: idleConnectionMs,
      headersTimeout: 0,
      bodyTimeout: 0,
    };
    const pool =
      proxyUrl === undefined
        ? new Agent({ ...bounds, connect })
        : new ProxyAgent({
            ...bounds,
            uri: proxyUrl,
            requestTls: connect,
            connect: { timeout: connectTimeoutMs },
          });
    this.#pools.add(pool);
    return pool;
  }

  async #retire(pool: Dispatcher): Promise<void> {
    try {
      await pool.close();
    } catch {
      // It was destroyed by `close` meanwhile.
    }
    this.#pools.delete(pool);
  }
}
