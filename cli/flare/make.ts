import { noPaint } from '../../cmdapi/status/layout.js';
import type { Config } from '../../config/load.js';
import { printConfig } from '../../config/print.js';
import type { Problem } from '../../config/problem.js';
import type { Clock } from '../../core/clock.js';
import { silentLog } from '../../core/log.js';
import type { Scrub } from '../../core/scrub.js';
import { KubeClient } from '../../kube/client.js';
import { loadKubeTarget } from '../../kube/target.js';
import { allowedEnvironment } from '../../wiring/flare.js';
import { examine } from '../check/examine.js';
import { findingsText } from '../check/finding.js';
import { clusterParts } from './cluster-parts.js';
import { gather, type Part } from './part.js';
import { type AskedReplica, failureText, replicaParts } from './replica-parts.js';
import { writeZip, type Zip, type ZipFile } from './zip.js';

export interface MakePorts extends AskedReplica {
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly scrub: Scrub;
  /** Hears which part is being read. */
  onPart(path: string): void;
}

export interface MakeOptions {
  readonly config: Config;
  readonly errors: readonly Problem[];
  readonly version: string;
  readonly commit: string;
  /** The root folder, and how Datadog knows this replica. */
  readonly hostname: string;
}

export interface MadeFlare extends Zip {
  /** Why the running replica told nothing; `undefined`: it has answered. */
  readonly replicaTrouble: string | undefined;
  readonly files: readonly ZipFile[];
}

/** Below what mail and Datadog's support take. */
export const maxZipBytes = 20_000_000;
const requestTimeoutMs = 10_000;

/**
 * Gathers all that helps to find out what is wrong with this installation, into one archive. What the running replica would
 * tell is told by files that say why it is missing, where none answers.
 */
export async function makeFlare(
  ports: MakePorts,
  options: MakeOptions,
  signal: AbortSignal,
): Promise<MadeFlare> {
  const replicaTrouble = await troubleOf(ports);
  const target = loadKubeTarget({
    kubeconfigPath: options.config.kubernetes.kubeconfigPath,
    environment: ports.environment,
  });
  const client = target.ok
    ? new KubeClient(
        { target: target.value, clock: ports.clock, log: silentLog },
        { requestTimeoutMs, userAgent: `datadog-cluster-agent/${options.version}` },
      )
    : undefined;
  const parts = [
    introduction(ports, options, replicaTrouble),
    ...ownParts(ports, options, signal),
    ...(replicaTrouble === undefined
      ? replicaParts(ports)
      : [absent('local', `No replica answered: ${replicaTrouble}`)]),
    ...(client === undefined
      ? [absent('kubernetes/absent', target.ok ? '' : target.error)]
      : clusterParts(client, options.config, signal)),
  ];
  const root = folderName(options.hostname);
  const { scrub, onPart } = ports;
  const files = await gather(parts, { root, scrub, onPart });
  await client?.close();
  const zip = writeZip(files, { maxBytes: maxZipBytes, nowMs: ports.clock.nowMs() });
  return { ...zip, files, replicaTrouble };
}

async function troubleOf({ ask }: AskedReplica): Promise<string | undefined> {
  const answer = await ask('/status/health');
  return answer.ok ? undefined : failureText(answer.error);
}

function introduction(
  { clock }: MakePorts,
  { version, commit, hostname }: MakeOptions,
  replicaTrouble: string | undefined,
): Part {
  return {
    path: 'flare.txt',
    read: () =>
      [
        `datadog-cluster-agent ${version}, commit ${commit}: an independent implementation`,
        `made at ${new Date(clock.nowMs()).toISOString()} for ${hostname}`,
        replicaTrouble === undefined
          ? 'the running replica has told its part'
          : `made without a running replica, of what the command itself can have: ${replicaTrouble}`,
        'Secrets were replaced in every file. A part that could not be had is a file that says why.',
        '',
      ].join('\n'),
  };
}

/** What the command itself can have, with its own settings and rights. */
function ownParts(
  { clock, environment }: MakePorts,
  { config, errors, version }: MakeOptions,
  signal: AbortSignal,
): readonly Part[] {
  return [
    { path: 'config.log', read: () => printConfig(config) },
    { path: 'envvars.log', read: () => `${allowedEnvironment(environment).join('\n')}\n` },
    {
      path: 'check.log',
      read: async () =>
        findingsText(
          await examine({ clock, environment }, { config, errors, user: undefined, version }, signal),
          noPaint,
        ),
    },
  ];
}

function absent(path: string, why: string): Part {
  return { path, read: () => `${why}\n` };
}

/** A folder's name from any host name. */
function folderName(hostname: string): string {
  const name = hostname.replaceAll(/[^A-Za-z0-9._-]/g, '-').replace(/^\.+/, '');
  return name === '' ? 'unknown-host' : name;
}
