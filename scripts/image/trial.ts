import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

/** How the image's program is started here. */
export interface Program {
  readonly file: string;
  readonly args: readonly string[];
  /** All of its environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Another user than ours, which only root can choose. */
  readonly userId: number | undefined;
}

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Trial {
  readonly process: ChildProcessByStdio<null, Readable, Readable>;
  readonly ended: Promise<Outcome>;
  hasEnded(): boolean;
}

/** Starts the program in `/`. It is killed after 40 s, so that no failure leaves it behind. */
export function startTrial({ file, args, environment, userId }: Program): Trial {
  const child = spawn(file, args, {
    cwd: '/',
    env: { ...environment },
    // Group 0 beside an arbitrary user, as OpenShift does it.
    ...(userId === undefined ? {} : { uid: userId, gid: 0 }),
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 40_000,
    killSignal: 'SIGKILL',
  });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      texts[name] += chunk;
    });
  }
  let hasEnded = false;
  const ended = new Promise<Outcome>((resolve, reject) => {
    child.on('error', reject).on('close', (code) => {
      hasEnded = true;
      resolve({ code, ...texts });
    });
  });
  return { process: child, ended, hasEnded: () => hasEnded };
}

/** Waits until `url` answers with `status`; throws when the program ends before, or after 15 s. */
export async function untilAnswer(trial: Trial, url: string, status: number): Promise<void> {
  for (let tries = 0; tries < 150 && !trial.hasEnded(); tries += 1) {
    const answer = await fetch(url).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.status === status) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  trial.process.kill('SIGKILL');
  const { code, stdout, stderr } = await trial.ended;
  throw new Error(`${url} did not answer ${status}; the program ended with ${code}\n${stdout}\n${stderr}`);
}

/** A port that is free now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject).listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** Takes everybody's right to write away, from a folder and all in it; what could be executed still can. */
export function makeReadOnly(folder: string): void {
  for (const path of everythingIn(folder)) {
    const { mode } = lstatSync(path);
    chmodSync(path, (mode & 0o555) | 0o444 | (mode & 0o111 ? 0o111 : 0));
  }
}

/** Gives it back to the owner, so that the folder can be removed. */
export function makeWritable(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) makeWritable(join(folder, entry.name));
}

/** Every file and folder with its size and times: equal before and after means that nothing was written. */
export function fingerprint(folder: string): readonly string[] {
  return everythingIn(folder).map((path) => {
    const { mode, size, mtimeMs, ctimeMs, ino } = lstatSync(path);
    return [path, mode, size, mtimeMs, ctimeMs, ino].join(' ');
  });
}

/** What a user has directly in `folders`, which others use too: whatever it writes there begins with such an entry. */
export function entriesOf(userId: number, folders: readonly string[]): readonly string[] {
  return folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter((path) => lstatSync(path, { throwIfNoEntry: false })?.uid === userId);
}

function everythingIn(folder: string): readonly string[] {
  const inside = readdirSync(folder, { withFileTypes: true, recursive: true });
  return [folder, ...inside.map((entry) => join(entry.parentPath, entry.name))];
}
