import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const running = new Set<ChildProcess>();
let isGuarded = false;

/** However this process ends (but by SIGKILL), the child does not outlive it. */
export function killAtExit(child: ChildProcess): void {
  guard();
  running.add(child);
  child.once('exit', () => running.delete(child));
  child.once('error', () => running.delete(child));
}

function guard(): void {
  if (isGuarded) return;
  isGuarded = true;
  process.on('exit', killAll);
  for (const signal of SIGNALS) {
    process.once(signal, () => {
      killAll();
      // A listener takes away the signal's own effect; give it back unless somebody else listens too.
      if (process.listenerCount(signal) === 0) process.exit(128 + constants.signals[signal]);
    });
  }
}

function killAll(): void {
  for (const child of running) child.kill('SIGKILL');
}
