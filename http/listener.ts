import { constants } from 'node:crypto';
import { createSecureServer, type Http2SecureServer } from 'node:http2';
import type { SecureContextOptions } from 'node:tls';
import type { Clock } from '../core/clock.js';
import type { Component, Health } from '../core/component.js';
import { messageOf } from '../core/fault.js';
import { untilAborted } from '../core/linked-abort.js';
import type { Logger } from '../core/log.js';
import type { RequestHandler } from './exchanges.js';
import { defaultLimits, type HttpLimits } from './limits.js';
import type { ListenerMetrics } from './listener-metrics.js';
import { http1Settings, type ListenerOptions, type ListenerReport, ServerLife } from './server-life.js';
import {
  type CertificateFeed,
  certificateHealth,
  describeCertificate,
  type ShownCertificate,
} from './shown-certificate.js';
import { putFirst, type StreamHandler } from './stream-exchange.js';
import { Traffic } from './traffic.js';

export interface TlsListenerPorts {
  readonly certificate: CertificateFeed;
  readonly handler: RequestHandler;
  /** Asked about each request over HTTP/2 before `handler` is, past the objects that Node makes for that. */
  readonly streamHandler?: StreamHandler;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics?: ListenerMetrics;
  /** False while clients had better ask another replica: HTTP/2 sessions are then ended in good order. */
  readonly isWanted?: () => boolean;
}

export interface TlsListenerOptions extends ListenerOptions {
  /** Default true. A browser that is asked bothers its user with a choice of certificates. */
  readonly asksForClientCertificate?: boolean;
}

/**
 * HTTPS with HTTP/2 and HTTP/1.1 on one port. It asks clients for a certificate and verifies none: who a client is, is
 * the handler's judgement. It listens once there is a certificate and takes a new one into use at the next handshake,
 * without touching open connections. No session is resumed, so that each connection shows its client's certificate.
 * `run` rejects, with the remedy, when the port cannot be had.
 */
export class TlsListener implements Component {
  readonly name: string;
  readonly #ports: TlsListenerPorts;
  readonly #limits: HttpLimits;
  readonly #asksForClientCertificate: boolean;
  readonly #traffic: Traffic;
  readonly #life: ServerLife;
  #shown: ShownCertificate | undefined;
  #refusal: string | undefined;

  constructor(ports: TlsListenerPorts, options: TlsListenerOptions) {
    this.name = options.name;
    this.#ports = ports;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#asksForClientCertificate = options.asksForClientCertificate ?? true;
    this.#traffic = new Traffic(ports, this.#limits);
    this.#life = new ServerLife({ ...ports, traffic: this.#traffic }, options);
  }

  /** The port while it listens; for the option 0, the one that the system chose. */
  address(): { readonly port: number } | undefined {
    return this.#life.port === undefined ? undefined : { port: this.#life.port };
  }

  /** For a status page. */
  describe(): ListenerReport {
    const connections = this.#traffic.openConnections;
    return { name: this.name, port: this.#life.port ?? null, connections };
  }

  health(): Health {
    if (this.#life.isStopping) return { state: 'unready', detail: 'stopping' };
    if (this.#shown === undefined)
      return { state: 'starting', detail: this.#refusal ?? 'waits for a serving certificate' };
    if (this.#life.port === undefined) return { state: 'starting', detail: 'not listening yet' };
    const health = certificateHealth(this.#shown, this.#ports.clock.nowMs());
    return health.state === 'ready' && this.#refusal !== undefined
      ? { state: 'degraded', detail: this.#refusal }
      : health;
  }

  async run(signal: AbortSignal): Promise<void> {
    const server = this.#createServer();
    const isShown = new AbortController();
    const take = (): void => {
      this.#takeCertificate(server);
      if (this.#shown !== undefined) isShown.abort();
    };
    const unsubscribe = this.#ports.certificate.onChange(take);
    try {
      take();
      await untilAborted(AbortSignal.any([isShown.signal, signal]));
      if (!signal.aborted) await this.#life.run(server, signal);
    } finally {
      unsubscribe();
    }
  }

  #createServer(): Http2SecureServer {
    const limits = this.#limits;
    const server = createSecureServer({
      ...tlsRules,
      allowHTTP1: true,
      requestCert: this.#asksForClientCertificate,
      rejectUnauthorized: false,
      handshakeTimeout: limits.handshakeMs,
      keepAlive: true,
      keepAliveInitialDelay: limits.pingAfterMs,
      noDelay: true,
      // A user may be in hundreds of groups, each a header of its own; their size is what bounds them.
      maxHeaderListPairs: Math.floor(limits.maxHeaderBytes / 8),
      settings: {
        maxConcurrentStreams: limits.maxStreamsPerSession,
        maxHeaderListSize: limits.maxHeaderBytes,
      },
    });
    // For HTTP/1.1 on an HTTP/2 server, Node 20 takes these as properties only. A header count of 0 stands for
    // "no limit": headers beyond one would be dropped in silence.
    Object.assign(server, http1Settings(limits), { maxHeadersCount: 0 });
    server.maxConnections = limits.maxConnections;
    this.#follow(server);
    return server;
  }

  #follow(server: Http2SecureServer): void {
    const { log, handler, streamHandler, metrics } = this.#ports;
    const traffic = this.#traffic;
    server.on('connection', (socket) => {
      traffic.connected(socket);
      traffic.handshaking(socket);
    });
    server.on('secureConnection', (socket) => traffic.secured(socket));
    server.on('session', (session) => traffic.sessions.add(session));
    server.on('request', (request, response) => traffic.serve(handler, request, response));
    if (streamHandler !== undefined)
      putFirst(server, (stream, headers, rawHeaders) =>
        traffic.serveStream(streamHandler, stream, headers, rawHeaders),
      );
    // The aggregator opens several connections at once and drops all but one: a failure here is seldom news.
    server.on('tlsClientError', (error) => {
      metrics?.handshakeErrors.inc({ listener: this.name });
      log.debug({ listener: this.name, reason: messageOf(error) }, 'TLS handshake failed');
    });
    server.on('sessionError', (error) =>
      log.debug({ listener: this.name, reason: messageOf(error) }, 'HTTP/2 session failed'),
    );
    metrics?.follow(this.name, traffic);
  }

  /** A certificate that cannot be used leaves the one before it in use. */
  #takeCertificate(server: Http2SecureServer): void {
    const { certificate, log, metrics } = this.#ports;
    const next = certificate.current();
    if (next === undefined) return;
    try {
      const shown = describeCertificate(next.certPem);
      server.setSecureContext({ ...tlsRules, cert: next.certPem, key: next.keyPem });
      this.#shown = shown;
      this.#refusal = undefined;
      metrics?.swaps.inc({ listener: this.name });
      metrics?.notAfterSeconds.set({ listener: this.name }, shown.notAfterMs / 1000);
      const notAfter = new Date(shown.notAfterMs).toISOString();
      log.info(
        { listener: this.name, serial: colonSeparated(shown.serial), notAfter },
        'serving certificate in use',
      );
    } catch (error: unknown) {
      const reason = messageOf(error);
      this.#refusal = `the newest serving certificate cannot be used: ${reason}; expected a PEM chain and its own private key`;
      log.error(
        { listener: this.name, reason },
        'serving certificate refused; the one before it, if any, stays in use',
      );
    }
  }
}

const tlsRules = {
  minVersion: 'TLSv1.2',
  secureOptions: constants.SSL_OP_NO_TICKET,
} as const satisfies SecureContextOptions;

/** As certificate tools print serials; bare, one looks like a key of Datadog's and would be masked. */
function colonSeparated(serial: string): string {
  return serial.replaceAll(/..(?=.)/g, '$&:');
}
