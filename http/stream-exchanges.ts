import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { Clock } from '../core/clock.js';
import type { Logger } from '../core/log.js';
import { type StreamHandler, StreamRequest, StreamResponse } from './stream-exchange.js';

/** The streams of one server that were taken past Node's request objects, and are not answered to the end. */
export class StreamExchanges {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #stallMs: number;
  /** Since when, on the monotonic clock; in the order of their coming. */
  readonly #open = new Map<ServerHttp2Stream, number>();
  /** One listener for all streams, which says by `this` whose event it is: cheaper than one for each. */
  readonly #onClose: (this: ServerHttp2Stream) => void;

  constructor(ports: { readonly clock: Clock; readonly log: Logger }, options: { readonly stallMs: number }) {
    this.#clock = ports.clock;
    this.#log = ports.log;
    this.#stallMs = options.stallMs;
    const open = this.#open;
    this.#onClose = function (this: ServerHttp2Stream): void {
      open.delete(this);
    };
  }

  get count(): number {
    return this.#open.size;
  }

  /** Lets `take` answer a stream; `false` when it leaves it to others. */
  serve(
    take: StreamHandler,
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    rawHeaders: readonly string[],
  ): boolean {
    if (!this.#take(take, new StreamRequest(stream, headers, rawHeaders))) return false;
    this.#open.set(stream, this.#clock.monotonicMs());
    stream.on('close', this.#onClose);
    // A client that resets its request: its 'close' tells all that matters.
    stream.on('error', ignore);
    return true;
  }

  /** Cuts those that have lasted so long that their clients cannot be reading; call it every few seconds. */
  cutStalled(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [stream, sinceMs] of this.#open) {
      if (nowMs - sinceMs < this.#stallMs) return;
      stream.close(constants.NGHTTP2_CANCEL);
    }
  }

  #take(take: StreamHandler, request: StreamRequest): boolean {
    const { stream } = request;
    try {
      return take(request, new StreamResponse(stream));
    } catch (error: unknown) {
      this.#log.error({ err: error, url: request.url }, 'stream handler threw; the stream is closed');
      stream.close(constants.NGHTTP2_INTERNAL_ERROR);
      return true;
    }
  }
}

function ignore(): void {}
