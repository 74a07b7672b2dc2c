import type { Clock } from '../core/clock.js';
import type { Response } from '../http/exchanges.js';

/** What is told to pages that listen. */
export type StreamEvent = 'state' | 'change' | 'sample' | 'beat';

/** Pages that are open at once; each further one asks again and again in place of listening. */
export const mostStreams = 8;
/** A page that hears nothing for longer takes the connection for dead; proxies close idle ones after a minute. */
export const beatMs = 15_000;
/** A page that reads so slowly that this much waits for it is cut, and comes back. */
const mostWaitingBytes = 8_000_000;

/** The pages that listen, by server-sent events. */
export class Streams {
  readonly #clock: Clock;
  readonly #open = new Set<Response>();
  #isClosed = false;
  #toldAtMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get count(): number {
    return this.#open.size;
  }

  /** Takes a page in, with what it is to know first; false: no room, or this replica is stopping. */
  add(response: Response, first: unknown): boolean {
    if (this.#isClosed || this.#open.size >= mostStreams) return false;
    this.#open.add(response);
    response.once('close', () => this.#open.delete(response));
    // Cut by a page that goes away; it comes back by itself.
    response.on('error', () => this.#open.delete(response));
    response.statusCode = 200;
    response.setHeader('Content-Type', 'text/event-stream; charset=utf-8');
    write(response, frame('state', first));
    return true;
  }

  tell(event: StreamEvent, data: unknown): void {
    if (this.#open.size === 0) return;
    this.#toldAtMs = this.#clock.monotonicMs();
    const bytes = frame(event, data);
    for (const response of this.#open) {
      if (response.writableLength > mostWaitingBytes) response.destroy();
      else write(response, bytes);
    }
  }

  /** Says that it is still there, if nothing was told for long. */
  beat(nowMs: number): void {
    if (this.#clock.monotonicMs() - this.#toldAtMs >= beatMs) this.tell('beat', { nowMs });
  }

  /** Ends all, for good: they come back when there is a server again. */
  close(): void {
    this.#isClosed = true;
    for (const response of this.#open) response.end();
    this.#open.clear();
  }
}

function frame(event: StreamEvent, data: unknown): Buffer {
  return Buffer.from(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

/** HTTP/2's response shares the stream's type only in part. */
function write(response: Response, bytes: Buffer): void {
  if ('stream' in response) response.write(bytes);
  else response.write(bytes);
}
