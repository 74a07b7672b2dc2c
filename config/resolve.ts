import type { Entry } from './entry.js';
import type { FileReading, SettingsFile } from './file.js';
import { type Origin, type Problem, quoted } from './problem.js';
import type { PlacedSetting } from './schema.js';
import type { Setting, Surroundings } from './setting.js';

/** Everything that settings may come from. Nothing else is looked at. */
export interface Sources {
  readonly file?: SettingsFile;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Values of command line options, by the option's name without dashes. */
  readonly flags: Readonly<Record<string, string | undefined>>;
  readonly surroundings?: Surroundings;
}

/** A value that some source holds for a setting. */
interface Found {
  readonly name: string;
  readonly text: string;
  readonly origin: Origin;
  readonly shape: 'scalar' | 'list' | 'mapping';
}

/**
 * Decides one setting: flags over environment over the variables of other programs over the file over the default.
 * Values of sources that are overridden are not judged.
 */
export function resolveSetting(
  placed: PlacedSetting,
  sources: Sources,
  file: FileReading,
): { readonly entry: Entry; readonly problems: readonly Problem[] } {
  const { setting } = placed;
  for (const found of levels(setting, sources, file)) {
    if (found.length > 0) return judge(placed, found, sources);
  }
  return { entry: defaultEntry(placed, sources.surroundings, false), problems: [] };
}

function* levels(
  setting: Setting<unknown>,
  sources: Sources,
  file: FileReading,
): Generator<readonly Found[]> {
  const flag = setting.flag?.name;
  yield flag === undefined
    ? []
    : fromText(`--${flag}`, sources.flags[flag], { kind: 'flag', name: `--${flag}` });
  yield setting.environment.flatMap((name) => fromEnvironment(name, sources));
  // Programs agree on these names but not on one spelling of them, so the first counts and no conflict is seen.
  yield (setting.commonEnvironment ?? []).flatMap((name) => fromEnvironment(name, sources)).slice(0, 1);
  yield setting.yaml.flatMap((key): Found[] => {
    const value = file.values.get(key);
    if (value === undefined) return [];
    const origin: Origin = { kind: 'file', path: sources.file?.path ?? '', line: value.line, key };
    return [{ name: key, text: value.text, shape: value.shape, origin }];
  });
}

function fromEnvironment(name: string, sources: Sources): readonly Found[] {
  return fromText(name, sources.environment[name], { kind: 'environment', name });
}

/** An empty value counts as unset: templates leave such things behind. */
function fromText(name: string, text: string | undefined, origin: Origin): readonly Found[] {
  const trimmed = text?.trim() ?? '';
  return trimmed === '' ? [] : [{ name, text: trimmed, origin, shape: 'scalar' }];
}

function judge(
  placed: PlacedSetting,
  found: readonly Found[],
  sources: Sources,
): { readonly entry: Entry; readonly problems: readonly Problem[] } {
  const { setting } = placed;
  const values = found.map((one) => ({ one, value: readValue(setting, one) }));
  const problems = values.flatMap(({ one, value }) =>
    value === undefined ? [unacceptable(setting, one)] : [],
  );
  const conflict = problems.length === 0 ? conflictAmong(setting, values) : undefined;
  if (conflict !== undefined) problems.push(conflict);
  const first = values[0];
  if (problems.length > 0 || first === undefined) {
    return { entry: defaultEntry(placed, sources.surroundings, true), problems };
  }
  return { entry: { ...placed, value: first.value, origin: first.one.origin, isWrong: false }, problems };
}

function readValue(setting: Setting<unknown>, found: Found): unknown {
  if (found.shape === 'mapping' || (found.shape === 'list' && setting.parser.isList !== true))
    return undefined;
  return setting.parser.parse(found.text);
}

function unacceptable(setting: Setting<unknown>, found: Found): Problem {
  return {
    severity: 'error',
    setting: found.name,
    origin: found.origin,
    message: `got ${shownText(setting, found)}, expected ${setting.parser.expected}`,
  };
}

/** A secret that is not acceptable is still a secret: a typing error leaves most of it readable. */
function shownText(setting: Setting<unknown>, found: Found): string {
  if (found.shape !== 'scalar') return `a ${found.shape}`;
  const isOpen =
    setting.secret === undefined || (setting.secret === 'credentials' && hostOnly.test(found.text));
  return isOpen ? quoted(found.text) : `a value of ${found.text.length} characters, not shown`;
}

/** An address in which there is no room for credentials. */
const hostOnly = /^([a-z0-9]+:\/\/)?[a-z0-9.:[\]-]+\/?$/i;

/** Two names of one setting may both be set, but only to the same value. */
function conflictAmong(
  setting: Setting<unknown>,
  values: readonly { readonly one: Found; readonly value: unknown }[],
): Problem | undefined {
  const first = values[0];
  const other = values.find(({ value }) => JSON.stringify(value) !== JSON.stringify(first?.value));
  if (first === undefined || other === undefined) return undefined;
  const shown = [first.one, other.one].map((one) => shownText(setting, one)).join(' and ');
  return {
    severity: 'error',
    setting: `${first.one.name} and ${other.one.name}`,
    origin: other.one.origin,
    message: `got ${shown} for one setting that has two names; set only ${first.one.name}`,
  };
}

function defaultEntry(
  placed: PlacedSetting,
  surroundings: Surroundings | undefined,
  isWrong: boolean,
): Entry {
  const { setting } = placed;
  const from = setting.defaultFrom;
  const around = from === undefined ? undefined : surroundings?.[from];
  if (from === undefined || around === undefined || around === '') {
    return { ...placed, value: setting.default, origin: { kind: 'default' }, isWrong };
  }
  return { ...placed, value: around, origin: { kind: 'default', note: surroundingNames[from] }, isWrong };
}

const surroundingNames: Readonly<Record<keyof Surroundings, string>> = {
  namespace: "the pod's service account",
  hostName: 'the host name',
  authTokenPath: 'beside the settings file',
  clusterAgentTokenPath: 'beside the settings file',
};
