import { constants, type ServerHttp2Session } from 'node:http2';
import type { Clock } from '../core/clock.js';
import type { HttpLimits } from './limits.js';
import { careOf } from './session-care.js';

interface Held {
  openStreams: number;
  idleSinceMs: number;
  heardAtMs: number;
  pingedAtMs: number | undefined;
  isRetired: boolean;
}

/** The highest stream id there is: "I am going away, yet whatever you have sent already is served". */
const everyStream = 2 ** 31 - 1;

/** The HTTP/2 sessions of one server: keeps watch on their peers and sends them away in good order. */
export class Sessions {
  readonly #clock: Clock;
  readonly #limits: HttpLimits;
  readonly #held = new Map<ServerHttp2Session, Held>();
  #isRetiring: boolean = false;

  constructor(ports: { readonly clock: Clock }, limits: HttpLimits) {
    this.#clock = ports.clock;
    this.#limits = limits;
  }

  get count(): number {
    return this.#held.size;
  }

  add(session: ServerHttp2Session): void {
    const nowMs = this.#clock.monotonicMs();
    const held: Held = {
      openStreams: 0,
      idleSinceMs: nowMs,
      heardAtMs: nowMs,
      pingedAtMs: undefined,
      isRetired: false,
    };
    this.#held.set(session, held);
    session.once('close', () => this.#held.delete(session));
    session.on('stream', (stream) => {
      held.openStreams += 1;
      held.heardAtMs = this.#clock.monotonicMs();
      stream.once('close', () => {
        held.openStreams -= 1;
        held.idleSinceMs = this.#clock.monotonicMs();
      });
    });
    if (this.#isRetiring) retire(session, held);
  }

  /** One round of care; call it every few seconds. */
  tend(): void {
    for (const [session, held] of this.#held) {
      switch (careOf(held, this.#clock.monotonicMs(), this.#limits)) {
        case 'leave':
          break;
        case 'ping':
          this.#ping(session, held);
          break;
        case 'retire':
          retire(session, held);
          break;
        case 'close':
          session.close();
          break;
        case 'drop':
          session.destroy();
          break;
      }
    }
  }

  /** Tells every peer, and each that still comes, to send its next request elsewhere. All that arrive are served. */
  retireAll(): void {
    this.#isRetiring = true;
    for (const [session, held] of this.#held) retire(session, held);
  }

  /** Ends every session as soon as the answers under way on it have left. Later requests are refused, to be sent elsewhere. */
  closeAll(): void {
    for (const session of this.#held.keys()) session.close();
  }

  destroyAll(): void {
    for (const session of this.#held.keys()) session.destroy();
  }

  #ping(session: ServerHttp2Session, held: Held): void {
    if (session.destroyed) return;
    held.pingedAtMs = this.#clock.monotonicMs();
    session.ping((error) => {
      // An error means that the session is going away, which its 'close' event tells.
      if (error !== null) return;
      held.pingedAtMs = undefined;
      held.heardAtMs = this.#clock.monotonicMs();
    });
  }
}

/**
 * The first of two GOAWAYs, as RFC 9113 §6.8 advises: it names the highest id, so that a request that crosses it on
 * the wire is served. The final one, which `close` sends, names the last request taken.
 */
function retire(session: ServerHttp2Session, held: Held): void {
  if (held.isRetired || session.destroyed || session.closed) return;
  held.isRetired = true;
  session.goaway(constants.NGHTTP2_NO_ERROR, everyStream);
}
