import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { killAtExit } from './leftovers.js';

/** What to run; both of its output streams go to `logFile`. */
export interface ProcessSpec {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly logFile: string;
}

/** A process of ours; it is killed at the latest when this process ends. */
export interface RunningProcess {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** How it ended ("exit code 1", "signal SIGTERM"), or undefined while it runs. */
  ending(): string | undefined;
  /** SIGTERM, then SIGKILL after the bound; returns when the process is gone. */
  stop(boundMs: number): Promise<void>;
  /** SIGKILL; returns when the process is gone. */
  kill(): Promise<void>;
}

const STOP_POLL_MS = 20;

/** Starts a process; throws when the file cannot be run at all. */
export async function startProcess(spec: ProcessSpec): Promise<RunningProcess> {
  const log = openSync(spec.logFile, 'a');
  const child = spawn(spec.file, spec.args, { env: spec.environment, stdio: ['ignore', log, log] });
  closeSync(log);
  killAtExit(child);
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => reject(new Error(`${spec.name} cannot be run: ${error.message}`)));
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${spec.name} was started without a pid`);
  return {
    name: spec.name,
    pid,
    logFile: spec.logFile,
    ending: () => endingOf(child),
    stop: (boundMs) => end(child, boundMs),
    kill: () => kill(child),
  };
}

/** The last lines of a log file; says so when there is none. */
export async function tailOf(logFile: string, lines: number): Promise<string> {
  try {
    const text = await readFile(logFile, 'utf8');
    return text.trimEnd().split('\n').slice(-lines).join('\n');
  } catch (error: unknown) {
    return `(no log: ${String(error)})`;
  }
}

function endingOf(child: ChildProcess): string | undefined {
  if (child.exitCode !== null) return `exit code ${child.exitCode}`;
  if (child.signalCode !== null) return `signal ${child.signalCode}`;
  return undefined;
}

async function end(child: ChildProcess, boundMs: number): Promise<void> {
  child.kill('SIGTERM');
  for (let waitedMs = 0; waitedMs < boundMs && endingOf(child) === undefined; waitedMs += STOP_POLL_MS) {
    await sleep(STOP_POLL_MS);
  }
  await kill(child);
}

async function kill(child: ChildProcess): Promise<void> {
  if (endingOf(child) === undefined) child.kill('SIGKILL');
  while (endingOf(child) === undefined) await sleep(STOP_POLL_MS);
}
