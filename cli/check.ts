import { readSettings, secretsOf } from '../config/load.js';
import { systemClock } from '../core/clock.js';
import { createScrub } from '../core/scrub.js';
import { buildInfo } from './build-info.js';
import { examine } from './check/examine.js';
import { findingsReport, findingsText, isSound } from './check/finding.js';
import { emit, jsonText, type OutputOptions, outputPaint } from './output.js';
import { complain, trouble } from './replica.js';
import { gatherSources, type SettingsOptions } from './settings-sources.js';

export interface CheckOptions extends OutputOptions {
  /** Whose rights are looked at: `namespace/name` of a service account, or a user name. */
  readonly as: string | undefined;
}

/**
 * Prints what an installation needs and whether it is there, with what to do where it is not. Returns the exit code: 1 when
 * something has failed. Nothing is written to the cluster.
 */
export async function check(
  settings: SettingsOptions,
  { format, file, as }: CheckOptions,
  wantsColor: boolean,
): Promise<number> {
  const { sources, problems } = gatherSources(settings);
  const { config, errors } = readSettings(sources);
  const findings = await examine(
    { clock: systemClock, environment: process.env },
    {
      config,
      errors: [...problems, ...errors],
      user: as === undefined ? undefined : userOf(as),
      version: buildInfo().version,
    },
    new AbortController().signal,
  );
  const text =
    format === 'text'
      ? findingsText(findings, outputPaint(file, wantsColor))
      : jsonText(findingsReport(findings), format);
  const written = emit(createScrub(secretsOf(config))(text), file);
  if (!written.ok) return complain('tell what was found', trouble(written.error), wantsColor);
  return isSound(findings) ? 0 : 1;
}

/** Kubernetes' user name of a service account that is named as `namespace/name`. */
function userOf(as: string): string {
  const [namespace, name, ...more] = as.split('/');
  return name === undefined || more.length > 0 ? as : `system:serviceaccount:${namespace}:${name}`;
}
