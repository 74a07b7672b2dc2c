import { Http2ServerRequest, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../core/clock.js';
import type { Logger } from '../core/log.js';
import { Exchanges, type Request, type RequestHandler, type Response } from './exchanges.js';
import { Http1Connections } from './http1-connections.js';
import type { HttpLimits } from './limits.js';
import { Sessions } from './sessions.js';
import type { StreamHandler } from './stream-exchange.js';
import { StreamExchanges } from './stream-exchanges.js';

/** All connections and requests of one server, in the way that a graceful stop needs to know them. */
export class Traffic {
  readonly #exchanges: Exchanges;
  readonly #streams: StreamExchanges;
  readonly #http1: Http1Connections;
  readonly #sockets = new Set<Socket>();
  readonly #handshaking = new Map<string, Socket>();
  readonly sessions: Sessions;

  constructor(ports: { readonly clock: Clock; readonly log: Logger }, limits: HttpLimits) {
    this.#exchanges = new Exchanges(ports, limits);
    this.#streams = new StreamExchanges(ports, limits);
    this.#http1 = new Http1Connections(ports);
    this.sessions = new Sessions(ports, limits);
  }

  /** Requests that are not answered to the end. */
  get openRequests(): number {
    return this.#exchanges.count + this.#streams.count;
  }

  get openConnections(): number {
    return this.#sockets.size;
  }

  /** A TCP connection was accepted. */
  connected(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }

  /** A TLS handshake begins on an accepted connection. */
  handshaking(socket: Socket): void {
    const peer = peerOf(socket);
    this.#handshaking.set(peer, socket);
    socket.once('close', () => {
      if (this.#handshaking.get(peer) === socket) this.#handshaking.delete(peer);
    });
  }

  /** The handshake has ended well. The secured socket and the one below it are two objects with one peer. */
  secured(socket: TLSSocket): void {
    this.#handshaking.delete(peerOf(socket));
    if (socket.alpnProtocol !== 'h2') this.#http1.add(socket);
  }

  /** The connection speaks HTTP/1.1 from the beginning. */
  speaksHttp1(socket: Socket): void {
    this.#http1.add(socket);
  }

  serve(handler: RequestHandler, request: Request, response: Response): void {
    if (!(request instanceof Http2ServerRequest)) {
      const { socket } = request;
      this.#http1.asked(socket);
      response.once('close', () => this.#http1.answered(socket));
    }
    this.#exchanges.serve(handler, request, response);
  }

  /** Lets `take` answer a stream of HTTP/2; `false` when it leaves it to `serve`. */
  serveStream(
    take: StreamHandler,
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    rawHeaders: readonly string[],
  ): boolean {
    return this.#streams.serve(take, stream, headers, rawHeaders);
  }

  /** One round of care for peers that are silent, idle or stalled; call it every few seconds. */
  tend(): void {
    this.#streams.cutStalled();
    this.sessions.tend();
  }

  /** Tells all peers to send their next request elsewhere. On HTTP/1.1 what still arrives is served. */
  sendAway(): void {
    this.#exchanges.closeAfterAnswers();
    this.sessions.closeAll();
  }

  /**
   * Closes HTTP/1.1 connections on which nothing was asked for `idleMs`, HTTP/2 sessions that came after `sendAway`, and
   * unfinished handshakes; never a connection on which an answer is owed.
   */
  closeIdle(idleMs: number): void {
    this.sessions.closeAll();
    this.#http1.closeIdle(idleMs);
    for (const socket of this.#handshaking.values()) socket.destroy();
  }

  destroyAll(): void {
    this.sessions.destroyAll();
    this.#http1.destroyAll();
    for (const socket of this.#sockets) socket.destroy();
  }
}

function peerOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}
