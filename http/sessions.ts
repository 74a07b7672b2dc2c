import type { ServerHttp2Session } from 'node:http2';
import type { Clock } from '../core/clock.js';
import type { HttpLimits } from './limits.js';
import { careOf } from './session-care.js';

interface Use {
  openStreams: number;
  idleSinceMs: number;
  heardAtMs: number;
  pingedAtMs: number | undefined;
  closedAtMs: number | undefined;
}

/** The HTTP/2 sessions of one server: keeps watch on their peers and ends them in good order. */
export class Sessions {
  readonly #clock: Clock;
  readonly #limits: HttpLimits;
  readonly #uses = new Map<ServerHttp2Session, Use>();

  constructor(ports: { readonly clock: Clock }, limits: HttpLimits) {
    this.#clock = ports.clock;
    this.#limits = limits;
  }

  add(session: ServerHttp2Session): void {
    const nowMs = this.#clock.monotonicMs();
    const use: Use = {
      openStreams: 0,
      idleSinceMs: nowMs,
      heardAtMs: nowMs,
      pingedAtMs: undefined,
      closedAtMs: undefined,
    };
    this.#uses.set(session, use);
    session.once('close', () => this.#uses.delete(session));
    // One listener for all streams of the session: each closes once.
    const onStreamClose = (): void => {
      use.openStreams -= 1;
      use.idleSinceMs = this.#clock.monotonicMs();
    };
    session.on('stream', (stream) => {
      use.openStreams += 1;
      use.heardAtMs = this.#clock.monotonicMs();
      stream.on('close', onStreamClose);
    });
  }

  /** One round of care; call it every few seconds. */
  tend(): void {
    for (const [session, use] of this.#uses) {
      switch (careOf(use, this.#clock.monotonicMs(), this.#limits)) {
        case 'leave':
          break;
        case 'ping':
          this.#ping(session, use);
          break;
        case 'close':
          use.closedAtMs ??= this.#clock.monotonicMs();
          session.close();
          break;
        case 'drop':
          session.destroy();
          break;
      }
    }
  }

  /**
   * Ends every session as soon as the answers under way on it have left. GOAWAY names the last request that was taken,
   * so a client knows of each one that crossed it on the wire that it may be sent elsewhere, whatever it does.
   * (RFC 9113 §6.8 also knows a notice ahead of that; nghttp2 has it, Node offers it not: after any GOAWAY that `goaway()`
   * sends, new requests are ignored.)
   */
  closeAll(): void {
    for (const session of this.#uses.keys()) session.close();
  }

  destroyAll(): void {
    for (const session of this.#uses.keys()) session.destroy();
  }

  #ping(session: ServerHttp2Session, use: Use): void {
    if (session.destroyed) return;
    use.pingedAtMs = this.#clock.monotonicMs();
    session.ping((error) => {
      // An error means that the session is going away, which its 'close' event tells.
      if (error !== null) return;
      use.pingedAtMs = undefined;
      use.heardAtMs = this.#clock.monotonicMs();
    });
  }
}
