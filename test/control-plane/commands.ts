import { spawn } from 'node:child_process';
import { killAtExit } from './leftovers.js';

export interface CommandOptions {
  /** The working folder; this process's own when left out. */
  readonly folder?: string;
  readonly environment?: NodeJS.ProcessEnv;
  /** What the command reads from its standard input; nothing when left out. */
  readonly input?: string;
  /** The command is killed after this long; unbounded when left out. */
  readonly timeoutMs?: number;
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What `code` is when a signal, such as that of the time-out, ended the command. */
const CODE_OF_SIGNAL = 128;

/** Runs a command to its end, whatever its code. Throws only when it cannot be run at all. */
export function runCommand(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd: options.folder,
      env: options.environment ?? process.env,
      timeout: options.timeoutMs,
      killSignal: 'SIGKILL',
    });
    killAtExit(child);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    // A command may end without reading its input; how it ended then tells more than the broken pipe.
    child.stdin.on('error', () => {});
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (signal !== null) stderr += `\n(ended by ${signal})`;
      resolve({ code: code ?? CODE_OF_SIGNAL, stdout, stderr });
    });
    child.stdin.end(options.input ?? '');
  });
}
