import { type ClientRequest, type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import { readToken } from '../cmdapi/token-file.js';
import { type Config, readSettings } from '../config/load.js';
import type { Problem } from '../config/problem.js';
import { messageOf } from '../core/fault.js';
import { fail, ok, type Result } from '../core/result.js';
import { gatherSources, type SettingsOptions } from './settings-sources.js';
import { printProblems } from './terminal.js';

/** What the running replica answered. */
export interface ReplicaAnswer {
  readonly status: number;
  readonly body: string;
}

/** Why there is no answer: settings that lead nowhere, or one sentence with what to do. */
export type Failure =
  | { readonly kind: 'settings'; readonly problems: readonly Problem[] }
  | { readonly kind: 'trouble'; readonly message: string };

const timeoutMs = 30_000;

/**
 * Asks the Cluster Agent on this machine, on the port of its commands. Its certificate is not verified: the authority behind
 * it is known to kube-apiserver and not to this command, and what answers on this machine's own loopback address is as
 * trustworthy as the file that the token came from.
 */
export async function askReplica(
  settings: SettingsOptions,
  path: string,
): Promise<Result<ReplicaAnswer, Failure>> {
  const config = readConfig(settings);
  if (!config.ok) return config;
  const { commandPort, localTokenPath } = config.value.clusterAgent;
  const token = await readToken(localTokenPath);
  if (!token.ok) {
    return unanswered(
      `the token file ${localTokenPath} ${token.error.message}; run this where the Cluster Agent runs, as its user, ` +
        'with the same settings (DD_AUTH_TOKEN_FILE_PATH)',
    );
  }
  const headers = { authorization: `Bearer ${token.value}` };
  return await ask(`https://127.0.0.1:${commandPort}`, 'DD_CLUSTER_AGENT_CMD_PORT', (where, onAnswer) =>
    requestTls(`${where}${path}`, { headers, rejectUnauthorized: false, timeout: timeoutMs }, onAnswer),
  );
}

/** Asks the Cluster Agent on this machine for its own metrics, which need no token. */
export async function askTelemetry(
  settings: SettingsOptions,
  path: string,
): Promise<Result<ReplicaAnswer, Failure>> {
  const config = readConfig(settings);
  if (!config.ok) return config;
  const { telemetryPort } = config.value.process;
  return await ask(`http://127.0.0.1:${telemetryPort}`, 'DD_EXPVAR_PORT', (where, onAnswer) =>
    requestPlain(`${where}${path}`, { timeout: timeoutMs }, onAnswer),
  );
}

/** What an answer that is not the wanted one says, with what to do where that is known. */
export function refusalText({ status, body }: ReplicaAnswer): string {
  const hint =
    status === 401 || status === 403
      ? '; the token file is another one than the running Cluster Agent has read'
      : '';
  return `the Cluster Agent answered ${status}: ${body.trim().slice(0, 300)}${hint}`;
}

/**
 * Says on stderr why a command has nothing to show, and returns its exit code.
 *
 * @param what the command is to do, as in "Could not …"
 */
export function complain(what: string, failure: Failure, wantsColor: boolean): 1 {
  if (failure.kind === 'settings') printProblems(failure.problems, wantsColor);
  else process.stderr.write(`Could not ${what}: ${failure.message}\n`);
  return 1;
}

export function trouble(message: string): Failure {
  return { kind: 'trouble', message };
}

/** What was written wrongly would send the question elsewhere; what is missing (a key, say) is no matter here. */
export function readConfig(settings: SettingsOptions): Result<Config, Failure> {
  const { sources, problems } = gatherSources(settings);
  const { config, errors } = readSettings(sources);
  const wrong = [...problems, ...errors.filter(({ origin }) => origin !== undefined)];
  return wrong.length > 0 ? fail({ kind: 'settings', problems: wrong }) : ok(config);
}

function ask(
  where: string,
  setting: string,
  send: (where: string, onAnswer: (answer: IncomingMessage) => void) => ClientRequest,
): Promise<Result<ReplicaAnswer, Failure>> {
  return new Promise((resolve) => {
    const asked = send(where, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () =>
        resolve(ok({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString() })),
      );
      answer.on('error', (error) => resolve(unanswered(`${where}: ${messageOf(error)}`)));
    });
    asked.on('timeout', () => asked.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
    asked.on('error', (error) =>
      resolve(
        unanswered(`${where}: ${messageOf(error)}; is the Cluster Agent running here, with this ${setting}?`),
      ),
    );
    asked.end();
  });
}

function unanswered(message: string): Result<never, Failure> {
  return fail(trouble(message));
}
