/**
 * What a listener lets its clients take. The defaults are those of a generic Kubernetes API server written in Go
 * where it has one.
 */
export interface HttpLimits {
  /** Connections at once; more are closed as they come. Each takes some 40 kB, whoever holds it. */
  readonly maxConnections: number;
  /** Requests under way at once on one HTTP/2 connection. */
  readonly maxStreamsPerSession: number;
  /** The header section of one request, whole. More is answered with 431 (HTTP/1.1) or a reset stream (HTTP/2). */
  readonly maxHeaderBytes: number;
  /** For the TLS handshake. */
  readonly handshakeMs: number;
  /** From the first byte of an HTTP/1.1 request, or the opening of its connection, to the end of its header section. */
  readonly headerReadMs: number;
  /** For a whole HTTP/1.1 request, body and all. */
  readonly requestReadMs: number;
  /** An exchange in which not a byte moves for so long is cut, in either protocol: a client that never reads its answer. */
  readonly stallMs: number;
  /** A connection without a request for so long is closed. */
  readonly idleMs: number;
  /** An HTTP/2 peer that was silent for so long is pinged. */
  readonly pingAfterMs: number;
  /** An HTTP/2 peer that leaves a ping unanswered for so long is taken for dead. */
  readonly pingAnswerMs: number;
}

/**
 * Streams, idle time and header time as in Go's generic API server. Go allows header sections of 1 MiB; here it is
 * 64 KiB: the longest single header that the HTTP/2 library accepts, and room for over a thousand group headers.
 */
export const defaultLimits: HttpLimits = {
  maxConnections: 2_000,
  maxStreamsPerSession: 100,
  maxHeaderBytes: 64 * 1024,
  handshakeMs: 10_000,
  headerReadMs: 32_000,
  requestReadMs: 60_000,
  stallMs: 120_000,
  idleMs: 90_000,
  pingAfterMs: 30_000,
  pingAnswerMs: 15_000,
};
