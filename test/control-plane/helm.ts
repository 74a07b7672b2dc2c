import { join } from 'node:path';
import { type CommandResult, runCommand } from './commands.js';

/** Runs the real helm; never throws for an exit code. */
export type Helm = (args: readonly string[]) => Promise<CommandResult>;

export interface HelmPlace {
  /** A folder of the test's own, for what helm remembers; it need not exist. */
  readonly home: string;
  /** The cluster; without one, only what needs none works. */
  readonly kubeconfigPath?: string;
}

const TIMEOUT_MS = 60_000;

/** Helm, deaf to the settings, plugins and repositories of whoever runs the tests. */
export function helmFor(file: string, { home, kubeconfigPath }: HelmPlace): Helm {
  const environment = {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    KUBECONFIG: kubeconfigPath ?? join('/dev/null', 'kubeconfig'),
  };
  return (args) => runCommand(file, args, { environment, timeoutMs: TIMEOUT_MS });
}

/** What helm printed; throws with its complaint when it failed. */
export async function outputOfHelm(helm: Helm, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await helm(args);
  if (code !== 0) throw new Error(`helm ${args.join(' ')} ended with ${code}: ${stderr.trim()}`);
  return stdout;
}
