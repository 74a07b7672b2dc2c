import { readSettings } from '../config/load.js';
import { printConfig } from '../config/print.js';
import { gatherSources, type SettingsOptions } from './settings-sources.js';
import { printProblems } from './terminal.js';

/**
 * Prints the effective settings on stdout, secrets masked, and all problems on stderr. Returns the exit code:
 * 1 if something is wrong, in which case the rest is still printed.
 */
export function showConfig(options: SettingsOptions, wantsColor: boolean): number {
  const { sources, problems } = gatherSources(options);
  const { config, errors } = readSettings(sources);
  const allErrors = [...problems, ...errors];
  process.stdout.write(printConfig(config));
  printProblems([...allErrors, ...config.warnings], wantsColor);
  return allErrors.length === 0 ? 0 : 1;
}
