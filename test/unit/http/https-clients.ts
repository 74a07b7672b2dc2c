import {
  type ClientHttp2Session,
  connect,
  type IncomingHttpHeaders,
  type SecureClientSessionOptions,
} from 'node:http2';
import { Agent, type RequestOptions, request } from 'node:https';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';

/** One answer, whole. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Of the certificate that the server showed on this connection. */
  readonly serial: string;
}

export interface Target {
  readonly port: number;
  readonly ca: string;
  readonly path?: string;
  readonly headers?: Record<string, string | string[]>;
}

/** The name that kube-apiserver's aggregation layer verifies. */
export const servername = 'metrics.datadog.svc';

/** A GET over HTTP/1.1; rejects on any reset or cut. Without an agent it opens a connection of its own. */
export function getHttp1(target: Target, agent?: Agent, more: RequestOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { port, ca, path = '/', headers = {} } = target;
    const options: RequestOptions = {
      host: '127.0.0.1',
      port,
      ca,
      path,
      headers,
      servername,
      agent: agent ?? false,
    };
    const sent = request({ ...options, ...more }, (received) => {
      const { serialNumber } = (received.socket as TLSSocket).getPeerCertificate();
      let body = '';
      received.setEncoding('utf8');
      received.on('data', (piece: string) => {
        body += piece;
      });
      received.on('error', reject);
      received.on('end', () =>
        resolve({
          status: received.statusCode ?? 0,
          headers: received.headers,
          body,
          serial: serialNumber,
        }),
      );
    });
    sent.on('error', reject);
    sent.end();
  });
}

export function keepAliveAgent(): Agent {
  return new Agent({ keepAlive: true, maxSockets: 4 });
}

/** An HTTP/2 connection that is ready for requests. */
export function openHttp2(
  { port, ca }: Target,
  more: SecureClientSessionOptions = {},
): Promise<ClientHttp2Session> {
  return new Promise((resolve, reject) => {
    const session = connect(`https://127.0.0.1:${port}`, { ca, servername, ...more });
    session.once('error', reject);
    session.once('connect', () => {
      session.off('error', reject);
      session.on('error', () => {
        // Each request on it is told, too.
      });
      resolve(session);
    });
  });
}

/** A GET on an open HTTP/2 connection; rejects on any reset or cut. */
export function getHttp2(
  session: ClientHttp2Session,
  target: Omit<Target, 'port' | 'ca'> = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': target.path ?? '/', ...target.headers });
    let headers: IncomingHttpHeaders = {};
    let body = '';
    let hasEnded = false;
    stream.setEncoding('utf8');
    stream.on('response', (received) => {
      headers = received;
    });
    stream.on('data', (piece: string) => {
      body += piece;
    });
    stream.on('end', () => {
      hasEnded = true;
    });
    stream.on('error', reject);
    stream.on('close', () => {
      const status = Number(headers[':status'] ?? 0);
      if (!hasEnded || status === 0)
        return reject(new Error(`stream closed before its answer, code ${stream.rstCode}`));
      resolve({ status, headers, body, serial: serialOf(session) });
    });
    stream.end();
  });
}

/** A GET on an HTTP/2 connection of its own. */
export async function getHttp2Once(target: Target): Promise<Answer> {
  const session = await openHttp2(target);
  try {
    return await getHttp2(session, target);
  } finally {
    session.close();
  }
}

export function serialOf(session: ClientHttp2Session): string {
  return (session.socket as TLSSocket).getPeerCertificate().serialNumber;
}

/** A TLS connection on which nothing is sent. */
export function openTls({ port, ca }: Target, protocol: 'h2' | 'http/1.1'): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = tlsConnect({ host: '127.0.0.1', port, ca, servername, ALPNProtocols: [protocol] }, () =>
      resolve(socket),
    );
    socket.once('error', reject);
  });
}

/** Resolves when the socket is closed, however. */
export function closed(socket: {
  once(event: 'close' | 'error', listener: () => void): unknown;
  readonly destroyed: boolean;
}): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) return resolve();
    socket.once('error', () => {
      // 'close' follows.
    });
    socket.once('close', () => resolve());
  });
}
