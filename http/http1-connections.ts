import type { Socket } from 'node:net';
import type { Clock } from '../core/clock.js';

interface Use {
  openRequests: number;
  /** When its last answer left, or when it was opened; on the monotonic clock. */
  idleSinceMs: number;
}

/** The HTTP/1.1 connections of one server. Node tracks them only where the server speaks nothing else. */
export class Http1Connections {
  readonly #clock: Clock;
  readonly #uses = new Map<Socket, Use>();

  constructor(ports: { readonly clock: Clock }) {
    this.#clock = ports.clock;
  }

  add(socket: Socket): void {
    this.#uses.set(socket, { openRequests: 0, idleSinceMs: this.#clock.monotonicMs() });
    socket.once('close', () => this.#uses.delete(socket));
  }

  /** A request has come. */
  asked(socket: Socket): void {
    const use = this.#uses.get(socket);
    if (use !== undefined) use.openRequests += 1;
  }

  /** An answer has left, or was cut. */
  answered(socket: Socket): void {
    const use = this.#uses.get(socket);
    if (use === undefined) return;
    use.openRequests -= 1;
    use.idleSinceMs = this.#clock.monotonicMs();
  }

  /** Closes all on which nothing was asked for so long. A shorter time would cut requests that are on their way. */
  closeIdle(idleMs: number): void {
    const latestMs = this.#clock.monotonicMs() - idleMs;
    for (const [socket, use] of this.#uses) {
      if (use.openRequests === 0 && use.idleSinceMs <= latestMs) socket.destroySoon();
    }
  }

  destroyAll(): void {
    for (const socket of this.#uses.keys()) socket.destroy();
  }
}
