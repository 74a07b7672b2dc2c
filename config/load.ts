import { fail, ok, type Result } from '../core/result.js';
import { checkTogether } from './checks.js';
import { derive } from './derive.js';
import type { Entry } from './entry.js';
import { type FileReading, readSettingsFile } from './file.js';
import { secretParts } from './mask.js';
import { nearestName } from './nearest.js';
import { booleanParser } from './parser.js';
import type { Problem } from './problem.js';
import { resolveSetting, type Sources } from './resolve.js';
import { placedSettings, type SettingPath, type Values } from './schema.js';
import { unsupportedSettings } from './unsupported.js';

/**
 * The effective settings: defaults < file < environment < flags, and what follows from them. Durations are in
 * seconds, as their names say. `externalMetrics` has the address and keys that count, whether its own or the general ones.
 */
export type Config = Values & {
  readonly externalMetrics: { readonly endpoint: string };
  readonly datadog: { readonly url: string };
  /** Every setting with its value and origin, for printing. */
  readonly entries: readonly Entry[];
  /** Questionable settings, to be said once at start. */
  readonly warnings: readonly Problem[];
};

/** All settings as far as they can be told, and all that is wrong with them. */
export interface Reading {
  readonly config: Config;
  readonly errors: readonly Problem[];
}

/**
 * Reads all settings. Every problem is reported, errors first, then warnings; none holds a secret. With warnings
 * only, there is a configuration, which holds them.
 */
export function loadConfig(sources: Sources): Result<Config, readonly Problem[]> {
  const { config, errors } = readSettings(sources);
  return errors.length === 0 ? ok(config) : fail([...errors, ...config.warnings]);
}

/** As `loadConfig`, but a wrong setting has its default, so that the others can still be shown. */
export function readSettings(sources: Sources): Reading {
  const file: FileReading =
    sources.file === undefined ? { values: new Map(), problems: [] } : readSettingsFile(sources.file);
  const resolved = placedSettings().map((placed) => resolveSetting(placed, sources, file));
  const given = resolved.map(({ entry }) => entry);
  const derived = derive(toValues(given), finder(given));
  const entries = given.map((entry) => {
    const change = derived.find(({ path }) => path === entry.path);
    if (change === undefined) return entry;
    return {
      ...entry,
      value: change.value,
      origin: { kind: 'derived', reason: change.reason },
    } satisfies Entry;
  });
  const values = toValues(entries);
  const problems = [
    ...file.problems,
    ...resolved.flatMap((one) => one.problems),
    ...derived.flatMap(({ problem }) => problem ?? []),
    ...checkTogether(values, finder(entries)),
    ...unsupported(sources, file),
    ...unknownVariables(sources.environment),
  ];
  return {
    config: toConfig(
      values,
      entries,
      problems.filter(({ severity }) => severity === 'warning'),
    ),
    errors: problems.filter(({ severity }) => severity === 'error'),
  };
}

/** Every secret among the settings, for the scrubber of the log. */
export function secretsOf(config: Config): readonly string[] {
  return config.entries.flatMap(({ setting, value }) =>
    setting.secret === undefined || typeof value !== 'string' ? [] : secretParts(value, setting.secret),
  );
}

/** The entries as a tree. Each value came out of the parser of its own row, which the schema's types describe. */
function toValues(entries: readonly Entry[]): Values {
  const tree: Record<string, Record<string, unknown>> = {};
  for (const { section, name, value } of entries) tree[section] = { ...tree[section], [name]: value };
  return tree as unknown as Values;
}

/** `derive` has seen to it that there is an endpoint. */
function toConfig(values: Values, entries: readonly Entry[], warnings: readonly Problem[]): Config {
  return { ...values, entries, warnings } as Config;
}

function finder(entries: readonly Entry[]): (path: SettingPath) => Entry {
  const byPath = new Map(entries.map((entry) => [entry.path, entry]));
  return (path) => {
    const entry = byPath.get(path);
    if (entry === undefined) throw new Error(`no setting ${path}`);
    return entry;
  };
}

/** Warns of what the original would do and this program does not, if it is switched on. */
function unsupported(sources: Sources, file: FileReading): readonly Problem[] {
  return unsupportedSettings.flatMap(({ environment, yaml, message }): Problem[] => {
    const isOn = (text: string | undefined): boolean => booleanParser.parse(text?.trim() ?? '') === true;
    const inFile = file.values.get(yaml);
    if (isOn(sources.environment[environment])) {
      const origin = { kind: 'environment', name: environment } as const;
      return [{ severity: 'warning', setting: environment, origin, message }];
    }
    if (!isOn(inFile?.text)) return [];
    const origin = {
      kind: 'file',
      path: sources.file?.path ?? '',
      line: inFile?.line ?? 1,
      key: yaml,
    } as const;
    return [{ severity: 'warning', setting: yaml, origin, message }];
  });
}

const ownPrefixes = /^DD_(EXTERNAL_METRICS|CLUSTER_AGENT|LEADER|KUBERNETES_INFORMERS)/;

/** A misspelt variable would otherwise do nothing, silently. Its value is never shown. */
function unknownVariables(environment: Sources['environment']): readonly Problem[] {
  const known = placedSettings().flatMap(({ setting }) => setting.environment);
  return Object.keys(environment)
    .filter((name) => ownPrefixes.test(name) && !known.includes(name))
    .toSorted((a, b) => a.localeCompare(b, 'en'))
    .map((name): Problem => {
      const near = nearestName(name, known);
      const hint = near === undefined ? '' : `; did you mean ${near}?`;
      return {
        severity: 'warning',
        setting: name,
        origin: { kind: 'environment', name },
        message: `not a setting of this program, ignored${hint}`,
      };
    });
}
