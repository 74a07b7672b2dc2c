/** What the refresher has done and has been told, in monotonic milliseconds. */
export interface Agenda {
  /** When the last refresh of everything began, if ever while leading. */
  readonly lastFullAtMs: number | undefined;
  /** When metrics without a value were last asked for. */
  readonly lastNewAtMs: number | undefined;
  /** Since when some wanted metric has had no record that was ever decided, if one has. */
  readonly newSinceMs: number | undefined;
}

export interface AgendaOptions {
  readonly refreshPeriodMs: number;
  readonly batchWindowMs: number;
}

export interface Step {
  readonly scope: 'all' | 'new';
  readonly atMs: number;
}

/** Autoscalers that are applied together arrive within this time, and are asked for together. */
const gatherMs = 100;

/**
 * What to ask next, and when: everything once a period; a new metric at once when none was asked for within the
 * batch window, together with its followers at the window's end otherwise.
 */
export function nextStep(agenda: Agenda, options: AgendaOptions, nowMs: number): Step {
  const fullAtMs = agenda.lastFullAtMs === undefined ? nowMs : agenda.lastFullAtMs + options.refreshPeriodMs;
  if (agenda.newSinceMs === undefined) return { scope: 'all', atMs: fullAtMs };
  const windowEndMs = agenda.lastNewAtMs === undefined ? nowMs : agenda.lastNewAtMs + options.batchWindowMs;
  const newAtMs = Math.max(windowEndMs, agenda.newSinceMs + gatherMs);
  return newAtMs < fullAtMs ? { scope: 'new', atMs: newAtMs } : { scope: 'all', atMs: fullAtMs };
}
