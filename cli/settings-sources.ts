import { readFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import type { SettingsFile } from '../config/file.js';
import type { Problem } from '../config/problem.js';
import type { Sources } from '../config/resolve.js';
import type { Surroundings } from '../config/setting.js';

const defaultPath = '/etc/datadog-agent/datadog-cluster.yaml';
const fileName = 'datadog-cluster.yaml';
const serviceAccountNamespacePath = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';

/** What the command line says about settings. */
export interface SettingsOptions {
  /** A settings file, or a folder that holds a `datadog-cluster.yaml`. */
  readonly cfgpath?: string;
  /** Options that are settings, by their long name without dashes. */
  readonly flags: Readonly<Record<string, string | undefined>>;
}

/**
 * Gathers all that settings may come from: file, environment, options, and what is found around the process.
 * A missing file is a problem only if it was asked for; one that cannot be read always is.
 */
export function gatherSources(options: SettingsOptions): {
  readonly sources: Sources;
  readonly problems: readonly Problem[];
} {
  const { file, problems } = readFile(options.cfgpath);
  const sources: Sources = {
    ...(file === undefined ? {} : { file }),
    environment: process.env,
    flags: options.flags,
    surroundings: surroundings(file?.path ?? defaultPath),
  };
  return { sources, problems };
}

function readFile(asked: string | undefined): {
  readonly file?: SettingsFile;
  readonly problems: readonly Problem[];
} {
  const given = asked ?? defaultPath;
  try {
    const path = statSync(given).isDirectory() ? join(given, fileName) : given;
    return { file: { path, text: readFileSync(path, 'utf8') }, problems: [] };
  } catch (error: unknown) {
    const code = codeOf(error);
    const isMissing = code === 'ENOENT' || code === 'ENOTDIR';
    if (isMissing && asked === undefined) return { problems: [] };
    const message = `cannot read ${given} (${code}), expected a settings file or a folder with a ${fileName}`;
    const setting = asked === undefined ? 'settings file' : '--cfgpath';
    return { problems: [{ severity: 'error', setting, message }] };
  }
}

function surroundings(settingsPath: string): Surroundings {
  const namespace = readNamespace();
  const folder = dirname(settingsPath);
  return {
    hostName: hostname(),
    authTokenPath: join(folder, 'auth_token'),
    clusterAgentTokenPath: join(folder, 'cluster_agent.auth_token'),
    ...(namespace === undefined ? {} : { namespace }),
  };
}

function readNamespace(): string | undefined {
  try {
    return readFileSync(serviceAccountNamespacePath, 'utf8').trim();
  } catch {
    // Outside a cluster there is none, and the setting has another default.
    return undefined;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}
