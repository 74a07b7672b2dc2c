import { pino } from 'pino';
import type { Scrub } from './scrub.js';

/** The levels that `DD_LOG_LEVEL` names, most talkative first. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'critical', 'off'] as const;
export type LogLevel = (typeof logLevels)[number];

type Write = (fields: object, message: string) => void;

/** A structured log: fields first, then a plain sentence. */
export interface Logger {
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
  /** A log that adds `fields` to each line. */
  child(fields: object): Logger;
}

const pinoLevels = { critical: 'fatal', off: 'silent' } as const;

/** JSON lines to `destination`; each line passes through `scrub` whole, so no field can carry a secret out. */
export function createLogger(
  level: LogLevel,
  scrub: Scrub,
  destination: { write(line: string): unknown } = process.stdout,
): Logger {
  return pino(
    {
      level: level === 'critical' || level === 'off' ? pinoLevels[level] : level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => void destination.write(scrub(line)) },
  );
}

export const silentLog: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLog,
};
