import { writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { readToken } from '../cmdapi/token-file.js';
import { readSettings } from '../config/load.js';
import { messageOf } from '../core/fault.js';
import { fail, ok, type Result } from '../core/result.js';
import { type MetadataMap, metadataMapText, parseMetadataMap } from './metadata-map.js';
import { gatherSources, type SettingsOptions } from './settings-sources.js';
import { printProblems } from './terminal.js';

export interface MetamapOptions {
  /** All nodes when left out. */
  readonly node: string | undefined;
  readonly format: 'text' | 'json' | 'pretty-json';
  /** Where to write; standard output when left out. */
  readonly file: string | undefined;
}

const timeoutMs = 30_000;

/**
 * Prints which services lead to which pods, as the Cluster Agent on this machine knows it. Returns the exit code: 1 when it
 * cannot be asked, 2 when it answers with an error.
 */
export async function metamap(
  settings: SettingsOptions,
  options: MetamapOptions,
  wantsColor: boolean,
): Promise<number> {
  const { sources, problems } = gatherSources(settings);
  const { config, errors } = readSettings(sources);
  // What was written wrongly would send the question elsewhere; what is missing (a key, say) is no matter here.
  const wrong = [...problems, ...errors.filter(({ origin }) => origin !== undefined)];
  if (wrong.length > 0) {
    printProblems(wrong, wantsColor);
    return 1;
  }
  const { clusterAgent } = config;
  const token = await readToken(clusterAgent.localTokenPath);
  if (!token.ok) {
    complain(
      `the token file ${clusterAgent.localTokenPath} ${token.error.message}; run this where the Cluster Agent runs, as its user, ` +
        'with the same settings (DD_AUTH_TOKEN_FILE_PATH)',
    );
    return 1;
  }
  const query = options.node === undefined ? '' : `?node=${encodeURIComponent(options.node)}`;
  const answer = await ask(clusterAgent.commandPort, `/api/v1/tags/pod${query}`, token.value);
  if (!answer.ok) {
    complain(answer.error);
    return 1;
  }
  return show(answer.value, options);
}

function show(map: MetadataMap, { format, file }: MetamapOptions): number {
  const text =
    format === 'text'
      ? metadataMapText(map)
      : `${JSON.stringify(map, undefined, format === 'pretty-json' ? 2 : undefined)}\n`;
  if (file === undefined) process.stdout.write(text);
  else {
    try {
      writeFileSync(file, text, { mode: 0o600 });
    } catch (error: unknown) {
      complain(`${file} cannot be written: ${messageOf(error)}`);
      return 1;
    }
  }
  return map.Errors === undefined ? 0 : 2;
}

/**
 * The server's certificate is not verified: the authority behind it is known to kube-apiserver and not to this command, and
 * what answers on this machine's own loopback address is as trustworthy as the file that the token came from.
 */
function ask(port: number, path: string, token: string): Promise<Result<MetadataMap, string>> {
  const where = `https://127.0.0.1:${port}`;
  return new Promise((resolve) => {
    const asked = request(
      `${where}${path}`,
      { headers: { authorization: `Bearer ${token}` }, rejectUnauthorized: false, timeout: timeoutMs },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () => resolve(toMap(answer.statusCode ?? 0, Buffer.concat(chunks).toString())));
        answer.on('error', (error) => resolve(fail(`${where}: ${messageOf(error)}`)));
      },
    );
    asked.on('timeout', () => asked.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
    asked.on('error', (error) =>
      resolve(
        fail(
          `${where}: ${messageOf(error)}; is the Cluster Agent running here, with this DD_CLUSTER_AGENT_CMD_PORT?`,
        ),
      ),
    );
    asked.end();
  });
}

function toMap(status: number, body: string): Result<MetadataMap, string> {
  const map = parseMetadataMap(body);
  if (map !== undefined) return ok(map);
  const hint =
    status === 401 || status === 403
      ? '; the token file is another one than the running Cluster Agent has read'
      : '';
  return fail(`the Cluster Agent answered ${status}: ${body.trim().slice(0, 300)}${hint}`);
}

function complain(message: string): void {
  process.stderr.write(`Could not run the service mapper: ${message}\n`);
}
