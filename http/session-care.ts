import type { HttpLimits } from './limits.js';

/** What is known of one HTTP/2 session; instants on the monotonic clock. */
export interface SessionView {
  readonly openStreams: number;
  /** When its last request ended, or when it was opened. */
  readonly idleSinceMs: number;
  /** When it last opened a request or answered a ping. */
  readonly heardAtMs: number;
  /** When the ping that it has not answered yet was sent. */
  readonly pingedAtMs: number | undefined;
  /** When it was first told that it is closed for being idle. */
  readonly closedAtMs: number | undefined;
}

/** `ping`: ask whether it lives. `close`: it is idle. `drop`: it is dead, or does not let itself be closed. */
export type SessionCare = 'leave' | 'ping' | 'close' | 'drop';

/**
 * What a session needs now. Node's HTTP/2 server neither pings nor closes idle sessions by itself, so a peer that
 * vanished without a FIN would be kept for as long as the kernel retries.
 */
export function careOf(session: SessionView, nowMs: number, limits: HttpLimits): SessionCare {
  if (session.pingedAtMs !== undefined && nowMs - session.pingedAtMs >= limits.pingAnswerMs) return 'drop';
  if (session.openStreams === 0 && nowMs - session.idleSinceMs >= limits.idleMs) {
    // One that goes on with half a header section would be waited for without end.
    const isOverdue = session.closedAtMs !== undefined && nowMs - session.closedAtMs >= limits.pingAnswerMs;
    return isOverdue ? 'drop' : 'close';
  }
  if (session.pingedAtMs === undefined && nowMs - session.heardAtMs >= limits.pingAfterMs) return 'ping';
  return 'leave';
}
