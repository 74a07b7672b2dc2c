import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { advertisedVersion } from '../cmdapi/process-routes.js';
import { readToken } from '../cmdapi/token-file.js';
import { type Config, readSettings, secretsOf } from '../config/load.js';
import { systemClock } from '../core/clock.js';
import { messageOf } from '../core/fault.js';
import { fail, ok, type Result } from '../core/result.js';
import { createDocumentScrub } from '../core/scrub.js';
import { type Flare, sendFlare } from '../datadog/flare.js';
import { createDispatcher } from '../datadog/transport.js';
import { buildInfo } from './build-info.js';
import { makeFlare } from './flare/make.js';
import { terminalQuestioner } from './flare/question.js';
import { askReplica, askTelemetry } from './replica.js';
import { gatherSources, type SettingsOptions } from './settings-sources.js';

export interface FlareOptions {
  readonly caseId: string | undefined;
  readonly email: string | undefined;
  /** Without asking. */
  readonly send: boolean;
  /** Left on disk, and nothing asked. */
  readonly local: boolean;
  /** Where the archive is written; in the temporary folder when left out, and to standard output by `-`. */
  readonly output: string | undefined;
}

/**
 * Makes an archive for whoever is to find out what is wrong, without secrets, and sends it to Datadog's support after a
 * question. Returns the exit code: 1 when it could not be made, or not sent though that was wanted.
 */
export async function flare(settings: SettingsOptions, options: FlareOptions): Promise<number> {
  if (options.caseId !== undefined && !/^[A-Za-z0-9_-]{1,64}$/.test(options.caseId))
    return failed(`the case "${options.caseId.slice(0, 64)}" cannot be one: expected its number`);
  const { sources, problems } = gatherSources(settings);
  const { config, errors } = readSettings(sources);
  const hostname = config.datadog.hostname ?? config.kubernetes.podName;
  const signal = new AbortController().signal;
  const made = await makeFlare(
    {
      ask: (path) => askReplica(settings, path),
      telemetry: (path) => askTelemetry(settings, path),
      clock: systemClock,
      environment: process.env,
      scrub: createDocumentScrub([...secretsOf(config), ...(await tokensOf(config))]),
      onPart: (path) => say(`  ${path}`),
    },
    { config, errors: [...problems, ...errors], hostname, ...buildInfo() },
    signal,
  );
  if (made.replicaTrouble !== undefined)
    say(`No replica answered (${made.replicaTrouble}): made of what this command itself can have.`);
  for (const path of made.leftOut) say(`left out, since the archive would be too large: ${path}`);
  const written = write(made.bytes, options.output);
  if (!written.ok) return failed(written.error);
  const path = written.value;
  say(`The flare has ${made.files.length - made.leftOut.length} files and ${made.bytes.length} bytes.`);
  return options.local ? 0 : await send(config, { ...options, zip: made.bytes, path, hostname }, signal);
}

/** The value says where it is. */
function write(bytes: Buffer, output: string | undefined): Result<string, string> {
  if (output === '-') {
    process.stdout.write(bytes);
    return ok('standard output');
  }
  const path = output ?? join(tmpdir(), fileName(systemClock.nowMs()));
  try {
    // Never over a file, or through a link, that somebody else has put there.
    writeFileSync(path, bytes, { mode: 0o600, flag: 'wx' });
  } catch (error: unknown) {
    return fail(
      `${path} cannot be written: ${messageOf(error)}; name another place by --output, or - for standard output`,
    );
  }
  process.stdout.write(`${path}\n`);
  return ok(path);
}

interface Sending extends FlareOptions {
  readonly zip: Buffer;
  readonly path: string;
  readonly hostname: string;
}

async function send(config: Config, sending: Sending, signal: AbortSignal): Promise<number> {
  const { apiKey, url, site } = config.datadog;
  const key = apiKey ?? config.externalMetrics.apiKey;
  if (key === undefined) return failed(`not sent: DD_API_KEY is not set; the file stays at ${sending.path}`);
  const email = sending.email ?? (sending.send ? '' : await terminalQuestioner.ask('Your email address: '));
  if (!/^[^\s@]+@[^\s@]+$/.test(email))
    return failed(`not sent: an email address is needed (--email); the file stays at ${sending.path}`);
  const isOwn = config.entries.some(
    ({ path, origin }) => path === 'datadog.url' && origin.kind !== 'derived',
  );
  const baseUrl = isOwn ? url : supportUrl(site);
  if (!sending.send && !(await isWanted(baseUrl))) {
    say(`Not sent. The file stays at ${sending.path}`);
    return 0;
  }
  const { version } = buildInfo();
  const dispatcher = createDispatcher(config.proxy);
  say(`Sending to ${new URL(baseUrl).host} …`);
  const sent = await sendFlare(
    { dispatcher, clock: systemClock },
    toFlare(sending, email, version),
    { baseUrl, apiKey: key, userAgent: `datadog-cluster-agent/${version}` },
    signal,
  );
  await dispatcher.close();
  if (!sent.ok) return failed(`not sent: ${sent.error}; the file stays at ${sending.path}`);
  say(`Your logs were successfully uploaded. For future reference, your internal case id is ${sent.value}`);
  return 0;
}

function toFlare({ zip, caseId, hostname }: Sending, email: string, version: string): Flare {
  return { zip, fileName: 'datadog-agent.zip', caseId, email, agentVersion: version, hostname };
}

/** The host that takes the flares of the original agent whose API this one has. */
function supportUrl(site: string): string {
  const { Major, Minor, Patch } = advertisedVersion(buildInfo());
  return `https://${Major}-${Minor}-${Patch}-flare.agent.${site}`;
}

async function isWanted(baseUrl: string): Promise<boolean> {
  const answer = await terminalQuestioner.ask(`Send this flare to ${new URL(baseUrl).host}? [y/N] `);
  return /^y(es)?$/i.test(answer);
}

async function tokensOf({ clusterAgent }: Config): Promise<readonly (string | undefined)[]> {
  const paths = [clusterAgent.localTokenPath, clusterAgent.authTokenPath];
  const read = await Promise.all(paths.map((path) => readToken(path)));
  return read.map((token) => (token.ok ? token.value : undefined));
}

function fileName(nowMs: number): string {
  return `datadog-agent-${new Date(nowMs).toISOString().replaceAll(/[:.]/g, '-')}.zip`;
}

/** Progress is for people, and stands beside the one line for scripts. */
function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

function failed(message: string): 1 {
  say(`Could not finish the flare: ${message}`);
  return 1;
}
