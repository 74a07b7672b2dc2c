import { connect, type TLSSocket } from 'node:tls';

/** Where a port of the product is, and how it proves to be that. */
export interface Place {
  readonly port: number;
  readonly caPem: string;
  readonly serverName: string;
}

export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

const nothing = Buffer.alloc(0);
const headEnd = '\r\n\r\n';

/**
 * A kept-alive HTTP/1.1 connection over verified TLS, for one question at a time. It reads just
 * what the product's answers need, so that the load costs less than what it is to measure.
 */
export class Connection {
  readonly #socket: TLSSocket;
  #received: Buffer = nothing;
  #waiting: Waiting | undefined;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the connection was closed')));
  }

  get isOpen(): boolean {
    return this.#socket.writable;
  }

  /** `request` is a whole one, as `toRequest` makes it. Rejects when the connection breaks. */
  ask(request: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      if (this.isOpen) this.#socket.write(request, 'latin1');
      else this.#fail(new Error('the connection was closed before'));
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const bodyAt = this.#received.indexOf(headEnd) + headEnd.length;
    if (bodyAt < headEnd.length) return;
    const head = this.#received.toString('latin1', 0, bodyAt);
    const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1]);
    if (Number.isNaN(length)) {
      this.#fail(new Error(`an answer without its length: ${head}`));
      return;
    }
    if (this.#received.length < bodyAt + length) return;
    const answer = { status: Number(head.slice(9, 12)), body: this.#received.subarray(bodyAt) };
    this.#received = nothing;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(answer);
  }

  #fail(error: Error): void {
    this.#socket.destroy();
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }
}

/** A new connection, once its handshake is done. Rejects when there is none within 30 s. */
export function dial({ port, caPem, serverName }: Place): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: '127.0.0.1',
      port,
      ca: caPem,
      servername: serverName,
      ALPNProtocols: ['http/1.1'],
    });
    socket.setNoDelay(true);
    socket.setTimeout(30_000, () => socket.destroy(new Error('no TLS handshake within 30 s')));
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      socket.setTimeout(0);
      socket.off('error', reject);
      resolve(new Connection(socket));
    });
  });
}

/** A GET as Go's client writes it, which node agents use. */
export function toRequest(path: string, token: string): string {
  const lines = [
    `GET ${path} HTTP/1.1`,
    'Host: datadog-cluster-agent.datadog.svc',
    'User-Agent: Go-http-client/1.1',
    `Authorization: Bearer ${token}`,
    'Accept-Encoding: gzip',
  ];
  return `${lines.join('\r\n')}${headEnd}`;
}
