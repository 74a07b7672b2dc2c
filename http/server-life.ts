import type { Server } from 'node:net';
import { type Clock, every } from '../core/clock.js';
import type { Logger } from '../core/log.js';
import { drain } from './drain.js';
import type { HttpLimits } from './limits.js';
import { type ListenAddress, listen } from './listen.js';
import type { ListenerMetrics } from './listener-metrics.js';
import type { Traffic } from './traffic.js';

/** What is chosen for a listener, whether plain or TLS. */
export interface ListenerOptions extends ListenAddress {
  readonly name: string;
  /** From the moment that accepting ends: how long requests under way may take before they are cut. */
  readonly drainMs: number;
  /**
   * How long to go on as ever, though unready, between the abort and the end of accepting: the time that the news of
   * this replica's end takes to reach every node. Default 0.
   */
  readonly noticeMs?: number;
  /** How long an idle HTTP/1.1 connection is kept while stopping, so that its client can learn of it. Default 1 s. */
  readonly lingerMs?: number;
  readonly limits?: Partial<HttpLimits>;
}

/** A listener as a status page tells of it. */
export interface ListenerReport {
  readonly name: string;
  /** `null` while it does not listen. */
  readonly port: number | null;
  /** Open now. */
  readonly connections: number;
}

/** The most talkative that the log gets about refused connections. */
const tellRefusedEveryMs = 60_000;

interface ServerLifePorts {
  readonly traffic: Traffic;
  /** False while clients had better ask another replica; by default always true. */
  readonly isWanted?: () => boolean;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics?: ListenerMetrics;
}

/** How often HTTP/2 peers are looked after. */
const tendEveryMs = 1_000;
const checkHttp1EveryMs = 5_000;
const defaultLingerMs = 1_000;

/** The life of a server from listening to closed. */
export class ServerLife {
  readonly #ports: ServerLifePorts;
  readonly #options: ListenerOptions;
  #port: number | undefined;
  #isStopping = false;
  #toldRefusedAtMs = Number.NEGATIVE_INFINITY;

  constructor(ports: ServerLifePorts, options: ListenerOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  /** The port while it listens. */
  get port(): number | undefined {
    return this.#port;
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** Listens until `signal` aborts, then closes in good order. Rejects, with the remedy, when it cannot listen. */
  async run(server: Server, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#ports;
    const { name } = this.#options;
    this.#port = await listen(name, server, this.#options);
    server.on('error', (error) =>
      log.warn({ listener: name, err: error }, 'a connection could not be accepted'),
    );
    server.on('drop', () => this.#refused(server.maxConnections));
    log.info({ listener: name, port: this.#port }, 'listening');

    await every(clock, tendEveryMs, async () => this.#tend(), signal);
    this.#isStopping = true;
    await clock.sleep(this.#options.noticeMs ?? 0, new AbortController().signal);
    await this.#close(server);
    this.#port = undefined;
  }

  /**
   * kube-apiserver keeps its connection for good, also to a replica that is no longer ready: only new connections go by
   * the endpoints of a Service. GOAWAY makes it open one, and loses no request.
   */
  #tend(): void {
    const { traffic, isWanted } = this.#ports;
    if (isWanted?.() === false) traffic.sessions.closeAll();
    traffic.tend();
  }

  #refused(maxConnections: number): void {
    const { clock, log, metrics } = this.#ports;
    const { name } = this.#options;
    metrics?.refusedConnections.inc({ listener: name });
    if (clock.monotonicMs() - this.#toldRefusedAtMs < tellRefusedEveryMs) return;
    this.#toldRefusedAtMs = clock.monotonicMs();
    log.warn({ listener: name, maxConnections }, 'connections are refused: too many are open; add replicas');
  }

  async #close(server: Server): Promise<void> {
    const { clock, log, traffic } = this.#ports;
    const { name, drainMs, lingerMs = defaultLingerMs } = this.#options;
    const cut = await drain(server, traffic, { lingerMs, drainMs }, clock);
    if (cut === 0) log.info({ listener: name }, 'closed; every request was answered');
    else
      log.warn(
        { listener: name, cut, drainMs },
        'closed; requests that took longer than the drain time were cut',
      );
  }
}

/** The time-outs and sizes that Node's servers read from these options or properties for HTTP/1.1 connections. */
export function http1Settings(limits: HttpLimits) {
  return {
    headersTimeout: limits.headerReadMs,
    requestTimeout: limits.requestReadMs,
    keepAliveTimeout: limits.idleMs,
    connectionsCheckingInterval: Math.min(checkHttp1EveryMs, limits.headerReadMs / 2),
    maxHeaderSize: limits.maxHeaderBytes,
  };
}
