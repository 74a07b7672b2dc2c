import type { Http2SecureServer, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';

/** A request over HTTP/2 as it comes, without Node's stand-in for HTTP/1.1's, which costs more than a metric's answer. */
export class StreamRequest {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rawHeaders: readonly string[]) {
    this.stream = stream;
    this.headers = headers;
    this.rawHeaders = rawHeaders;
  }

  get method(): string {
    return this.headers[':method'] ?? '';
  }

  get url(): string {
    return this.headers[':path'] ?? '';
  }
}

/** The response to a `StreamRequest`; it is written to the stream itself. */
export class StreamResponse {
  readonly stream: ServerHttp2Stream;

  constructor(stream: ServerHttp2Stream) {
    this.stream = stream;
  }

  get headersSent(): boolean {
    return this.stream.headersSent;
  }

  once(event: 'close', listener: () => void): void {
    this.stream.once(event, listener);
  }

  off(event: 'close', listener: () => void): void {
    this.stream.off(event, listener);
  }
}

/** Answers a request, or leaves it to the server's request handler by the result `false`, having touched nothing. */
export type StreamHandler = (request: StreamRequest, response: StreamResponse) => boolean;

/**
 * Asks `take` first about each stream of a server. What it does not take goes on to the listeners that the server had,
 * among them Node's own, which makes the objects of request handlers.
 */
export function putFirst(
  server: Http2SecureServer,
  take: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rawHeaders: readonly string[]) => boolean,
): void {
  const others = server.listeners('stream');
  server.removeAllListeners('stream');
  server.on('stream', (stream, headers, flags, rawHeaders: string[] = []) => {
    if (take(stream, headers, rawHeaders)) return;
    for (const other of others) other.call(server, stream, headers, flags, rawHeaders);
  });
}
