import { readToken } from '../cmdapi/token-file.js';
import { systemClock } from '../core/clock.js';
import { entryLifetimeMs, Seal } from '../dashboard/seal.js';
import { complain, readConfig, trouble } from './replica.js';
import type { SettingsOptions } from './settings-sources.js';

const what = 'open the page';

/**
 * Prints an address that opens the page of the Cluster Agent on this machine, once and for five minutes. Returns the exit code.
 *
 * @param port the port on the browser's machine, where that is another one than the page's own
 */
export async function launchGui(
  settings: SettingsOptions,
  { port }: { readonly port: string | undefined },
  wantsColor: boolean,
): Promise<number> {
  const failed = (message: string): number => complain(what, trouble(message), wantsColor);
  const config = readConfig(settings);
  if (!config.ok) return complain(what, config.error, wantsColor);
  const { guiPort } = config.value.process;
  if (guiPort === -1) return failed('the page is turned off (DD_GUI_PORT is -1)');
  if (port !== undefined && !/^[1-9]\d{0,4}$/.test(port)) return failed(`--port ${port}: expected a port`);
  const { localTokenPath } = config.value.clusterAgent;
  const token = await readToken(localTokenPath);
  if (!token.ok)
    return failed(
      `the token file ${localTokenPath} ${token.error.message}; run this where the Cluster Agent runs, as its user, ` +
        'with the same settings (DD_AUTH_TOKEN_FILE_PATH)',
    );
  const code = new Seal(token.value, systemClock).make('entry', entryLifetimeMs);
  process.stdout.write(entryText(code, { page: guiPort, browser: Number(port ?? guiPort) }));
  return 0;
}

/** The address comes first, alone on its line, so that it can be taken by a script. */
export function entryText(code: string, ports: { readonly page: number; readonly browser: number }): string {
  return `https://127.0.0.1:${ports.browser}/#code=${code}

Open this within five minutes; it is good once. The browser warns of the certificate, which the cluster's authority made.
The page answers on this machine only. From another one, first: kubectl port-forward pod/POD ${ports.browser}:${ports.page}
`;
}
