import type { X509Certificate } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { StreamRequest, StreamResponse } from '../http/stream-exchange.js';

/** A request of either HTTP version, as `http2.createSecureServer({ allowHTTP1: true })` hands it over, or as a stream. */
export type AnyRequest = IncomingMessage | Http2ServerRequest | StreamRequest;
/** The response to an `AnyRequest`. */
export type AnyResponse = ServerResponse | Http2ServerResponse | StreamResponse;

/**
 * What stands for the peer's connection as long as it lives: the session of HTTP/2, whose streams' sockets are
 * throw-away stand-ins, or the socket of HTTP/1.1. `undefined` once it is gone.
 */
export function connectionOf(request: AnyRequest): object | undefined {
  return 'stream' in request ? request.stream?.session : request.socket;
}

/** The certificates that the peer presented, its own first; none over plain HTTP or from a peer without any. */
export function presentedBy(request: AnyRequest): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let next = ownCertificate(request);
  while (next !== undefined && chain.length < maxPresented) {
    const current = next;
    if (chain.some((earlier) => earlier.fingerprint256 === current.fingerprint256)) break;
    chain.push(current);
    next = current.issuerCertificate;
  }
  return chain;
}

const maxPresented = 10;

function ownCertificate(request: AnyRequest): X509Certificate | undefined {
  const socket: Socket | TLSSocket | undefined =
    'stream' in request ? request.stream?.session?.socket : request.socket;
  return socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
}
