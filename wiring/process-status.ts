import { version as nodeVersion, pid } from 'node:process';
import type { ProcessStatus } from '../cmdapi/status/report.js';
import type { Entry } from '../config/entry.js';
import type { Config } from '../config/load.js';
import type { AppInputs } from './inputs.js';

/** @param started when this replica was built, by the wall clock and by the one that never steps */
export function describeProcess(
  { config, clock, settingsPath }: AppInputs,
  started: { readonly atMs: number; readonly atMonotonicMs: number },
): ProcessStatus {
  return {
    pid,
    nodeVersion,
    startedAt: new Date(started.atMs).toISOString(),
    uptimeSeconds: (clock.monotonicMs() - started.atMonotonicMs) / 1000,
    ...describeHostname(config),
    logLevel: config.process.logLevel,
    settingsFile: settingsPath ?? null,
  };
}

/** Without a host name of its own a replica goes by the name of its pod. */
function describeHostname(config: Config): Pick<ProcessStatus, 'hostname' | 'hostnameFrom'> {
  const { hostname } = config.datadog;
  const path = hostname === undefined ? 'kubernetes.podName' : 'datadog.hostname';
  const entry = config.entries.find((one) => one.path === path);
  return {
    hostname: hostname ?? config.kubernetes.podName,
    hostnameFrom: entry === undefined ? 'unknown' : originOf(entry),
  };
}

function originOf({ setting, origin }: Entry): string {
  const [name] = setting.environment;
  switch (origin.kind) {
    case 'default':
      return `${name}, not set: ${origin.note ?? 'its default'}`;
    case 'file':
      return `${origin.key ?? name} (${origin.path} line ${origin.line})`;
    case 'environment':
      return `${origin.name} (environment)`;
    case 'flag':
      return `--${origin.name} (command line)`;
    case 'derived':
      return `${name} (${origin.reason})`;
  }
}
