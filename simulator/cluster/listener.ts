import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Socket } from 'node:net';

/** What the listener serves TLS with; client certificates are asked for and judged by `clientCaPem`. */
export interface TlsMaterial {
  readonly certPem: string;
  readonly keyPem: string;
  readonly clientCaPem: string;
}

/** Without `tls` it speaks plain HTTP. */
export interface ListenerOptions {
  readonly tls: TlsMaterial | undefined;
}

/** The stand-in's socket on loopback. It can go away and come back on the same port, and break single connections. */
export class Listener {
  readonly #handle: RequestListener;
  readonly #tls: TlsMaterial | undefined;
  /** The bare TCP sockets by their remote port: what lies beneath a TLS connection is the same socket. */
  readonly #sockets = new Map<number, Socket>();
  #server: Server | undefined;
  #connections = 0;

  constructor(ports: { readonly handle: RequestListener }, options: ListenerOptions) {
    this.#handle = ports.handle;
    this.#tls = options.tls;
  }

  /** TCP connections accepted so far. */
  get connections(): number {
    return this.#connections;
  }

  /** Resolves to the port once it accepts; 0 asks for a free one. */
  async open(port: number): Promise<number> {
    const server = this.#create();
    this.#server = server;
    // Longer than any client keeps an idle connection, so that none is closed under a request.
    server.keepAliveTimeout = 600_000;
    server.requestTimeout = 0;
    server.on('connection', (socket: Socket) => this.#watch(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : port;
  }

  /** Refuses connections from now on and breaks those that there are. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of this.#sockets.values()) socket.destroy();
    server.closeAllConnections();
    await closed;
  }

  /** Breaks the connection of a request with a TCP reset. */
  reset(request: IncomingMessage): void {
    const socket = this.#sockets.get(request.socket.remotePort ?? 0);
    if (socket !== undefined) socket.resetAndDestroy();
    request.socket.destroy();
  }

  #create(): Server {
    if (this.#tls === undefined) return createHttpServer(this.#handle);
    const { certPem, keyPem, clientCaPem } = this.#tls;
    const tls = { cert: certPem, key: keyPem, ca: clientCaPem, requestCert: true, rejectUnauthorized: false };
    return createHttpsServer(tls, this.#handle);
  }

  #watch(socket: Socket): void {
    this.#connections += 1;
    const port = socket.remotePort ?? 0;
    this.#sockets.set(port, socket);
    socket.once('close', () => {
      if (this.#sockets.get(port) === socket) this.#sockets.delete(port);
    });
    socket.on('error', () => {
      // A client that breaks off is no concern of the stand-in's.
    });
  }
}
