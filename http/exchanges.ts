import type { IncomingMessage, ServerResponse } from 'node:http';
import { constants, Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { Logger } from '../core/log.js';
import type { StreamResponse } from './stream-exchange.js';

export type Request = IncomingMessage | Http2ServerRequest;
export type Response = ServerResponse | Http2ServerResponse;

/** Whether nobody can read the response any more. */
export function isGone(response: Response | StreamResponse): boolean {
  // HTTP/2's response does not say so itself at run time, though its declared type does.
  return 'stream' in response ? response.stream.destroyed || response.stream.closed : response.destroyed;
}

/** Answers one request, over either protocol. It handles its own errors; a throw is a bug and becomes a bare 500. */
export type RequestHandler = (request: Request, response: Response) => void;

/** The requests of one server that have come and are not answered to the end. */
export class Exchanges {
  readonly #log: Logger;
  readonly #stallMs: number;
  readonly #open = new Map<Response, Request>();
  #isClosing: boolean = false;

  constructor(ports: { readonly log: Logger }, options: { readonly stallMs: number }) {
    this.#log = ports.log;
    this.#stallMs = options.stallMs;
  }

  get count(): number {
    return this.#open.size;
  }

  /** Takes a request in, counts it until its answer has left or its connection is gone, and lets `handler` answer. */
  serve(handler: RequestHandler, request: Request, response: Response): void {
    this.#open.set(response, request);
    response.once('close', () => this.#open.delete(response));
    cutWhenStalled(request, this.#stallMs);
    if (this.#isClosing) askToClose(request, response);
    try {
      handler(request, response);
    } catch (error: unknown) {
      this.#log.error({ err: error, url: request.url }, 'request handler threw; answered with 500');
      if (response.headersSent) {
        response.destroy();
      } else {
        response.statusCode = 500;
        response.end();
      }
    }
  }

  /** From now on each HTTP/1.1 connection ends with the answer under way on it, or with its next one. */
  closeAfterAnswers(): void {
    this.#isClosing = true;
    for (const [response, request] of this.#open) askToClose(request, response);
  }
}

/** HTTP/2 has no such header: its sessions are told by GOAWAY. */
function askToClose(request: Request, response: Response): void {
  if (request instanceof Http2ServerRequest || response.headersSent) return;
  response.setHeader('Connection', 'close');
}

/** On HTTP/1.1 the server destroys a socket that times out; Node takes the timer off when the answer is finished. */
function cutWhenStalled(request: Request, stallMs: number): void {
  if (request instanceof Http2ServerRequest) {
    const { stream } = request;
    stream.setTimeout(stallMs, () => stream.close(constants.NGHTTP2_CANCEL));
  } else {
    request.socket.setTimeout(stallMs);
  }
}
