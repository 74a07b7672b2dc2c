import { Server } from 'node:net';
import type { Clock } from '../core/clock.js';
import type { Traffic } from './traffic.js';

/** How long the parts of a graceful stop may take. */
export interface DrainTimes {
  /**
   * How long an HTTP/1.1 connection must have been idle to be closed: the time to hear of the stop by asking once more.
   * At most half of `drainMs` is taken.
   */
  readonly lingerMs: number;
  /** After so long, counted from the beginning, whatever is left is destroyed. */
  readonly drainMs: number;
}

/** How often connections are looked at that became idle too late for the look before. */
const lookEveryMs = 50;

/**
 * Closes `server` without cutting an answer short: it accepts no new connection; HTTP/2 peers get GOAWAY, HTTP/1.1 peers
 * `Connection: close` with their next answer, and those that ask nothing for `lingerMs` are closed; the answers under way
 * have until `drainMs`. Resolves when everything is closed, with the number of requests that had to be cut.
 */
export async function drain(
  server: Server,
  traffic: Traffic,
  times: DrainTimes,
  clock: Clock,
): Promise<number> {
  const endMs = clock.monotonicMs() + times.drainMs;
  const lingerMs = Math.min(times.lingerMs, times.drainMs / 2);
  const closed = new AbortController();
  const isClosed = stopAccepting(server).then(() => closed.abort());

  traffic.sendAway();
  await clock.sleep(lingerMs, closed.signal);
  while (!closed.signal.aborted && clock.monotonicMs() < endMs) {
    // Timers come before sockets: after a long turn of the event loop, what has arrived is still to be read.
    await clock.sleep(1, closed.signal);
    traffic.closeIdle(lingerMs);
    await clock.sleep(Math.min(lookEveryMs, endMs - clock.monotonicMs()), closed.signal);
  }

  const cut = traffic.openRequests;
  traffic.destroyAll();
  await isClosed;
  // It no longer runs, as the callback would say; this takes away the timers that HTTP servers keep besides.
  server.close(() => {});
  return cut;
}

/**
 * The `close` of Node's HTTP servers also closes idle connections and sends final GOAWAYs, in another way in each
 * version of Node. The one below it only stops accepting.
 */
function stopAccepting(server: Server): Promise<void> {
  return new Promise((resolve) => {
    Server.prototype.close.call(server, () => resolve());
  });
}
