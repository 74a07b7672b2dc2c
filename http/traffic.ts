import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Exchanges } from './exchanges.js';
import type { Sessions } from './sessions.js';

/**
 * The connections of one server. Node tracks HTTP/1.1 connections only in its own HTTP/1.1 servers, and the public API
 * of its HTTP/2 server closes neither those nor sessions in the way a graceful stop needs.
 */
export class Traffic {
  readonly exchanges: Exchanges;
  readonly sessions: Sessions;
  readonly #sockets = new Set<Socket>();
  readonly #handshaking = new Map<string, Socket>();
  readonly #http1 = new Set<Socket>();
  #isClosingIdle: boolean = false;

  constructor(parts: { readonly exchanges: Exchanges; readonly sessions: Sessions }) {
    this.exchanges = parts.exchanges;
    this.sessions = parts.sessions;
  }

  /** Open TCP connections, whatever they speak. */
  get connections(): number {
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
    if (socket.alpnProtocol !== 'h2') this.speaksHttp1(socket);
  }

  speaksHttp1(socket: Socket): void {
    if (this.#isClosingIdle) {
      socket.destroySoon();
      return;
    }
    this.#http1.add(socket);
    socket.once('close', () => this.#http1.delete(socket));
  }

  /** Tells all peers to send their next request elsewhere; what still arrives is served. */
  sendAway(): void {
    this.exchanges.closeAfterAnswers();
    this.sessions.retireAll();
  }

  /** Closes all connections on which no answer is owed, and each other one when its answer has left. */
  closeIdle(): void {
    this.#isClosingIdle = true;
    this.sessions.closeAll();
    for (const socket of this.#handshaking.values()) socket.destroy();
    for (const socket of this.#http1) {
      if (!this.exchanges.uses(socket)) socket.destroySoon();
    }
  }

  destroyAll(): void {
    for (const socket of this.#http1) socket.destroy();
    this.sessions.destroyAll();
    for (const socket of this.#sockets) socket.destroy();
  }
}

function peerOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}
