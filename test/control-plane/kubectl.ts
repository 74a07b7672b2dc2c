import { join } from 'node:path';
import { type CommandResult, runCommand } from './commands.js';

/** Runs the real kubectl as one user; never throws for an exit code. */
export type Kubectl = (args: readonly string[], input?: string) => Promise<CommandResult>;

/** Bounds a call that hangs, well above any `kubectl wait` of a test. */
const TIMEOUT_MS = 120_000;

/** kubectl for the user of a kubeconfig, deaf to the settings of whoever runs the tests. */
export function kubectlFor(
  binary: string,
  kubeconfigPath: string,
  environment: Readonly<Record<string, string>>,
): Kubectl {
  const own = {
    ...environment,
    KUBECONFIG: kubeconfigPath,
    KUBERC: 'off',
    // A folder that cannot be: nothing is remembered, so that each call sees the API server's present answers.
    KUBECACHEDIR: join('/dev/null', 'cache'),
  };
  return (args, input) =>
    runCommand(binary, args, {
      environment: own,
      timeoutMs: TIMEOUT_MS,
      ...(input === undefined ? {} : { input }),
    });
}

/** What kubectl printed; throws with its complaint when it failed. */
export async function outputOf(kubectl: Kubectl, args: readonly string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await kubectl(args, input);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${code}: ${stderr.trim()}`);
  return stdout;
}

/** Creates or changes objects by server-side apply; what other field managers set is taken over. */
export async function applyObjects(kubectl: Kubectl, objects: readonly object[]): Promise<void> {
  const list = { apiVersion: 'v1', kind: 'List', items: objects };
  await outputOf(kubectl, ['apply', '--server-side', '--force-conflicts', '-f', '-'], JSON.stringify(list));
}
