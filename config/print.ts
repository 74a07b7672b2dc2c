import type { Entry } from './entry.js';
import { mask } from './mask.js';
import { topics } from './schema.js';
import type { Setting } from './setting.js';

const columns = 100;
/** Leaves room for the longest key beside it. */
const longestValue = 55;

/**
 * The effective settings for a person: a line each, by topic, no line over 100 columns. Secrets are masked. Where the
 * origin has no room beside the value, it stands in the next line.
 */
export function printConfig(config: { readonly entries: readonly Entry[] }): string {
  const file = config.entries
    .map(({ origin }) => (origin.kind === 'file' ? origin.path : undefined))
    .find(Boolean);
  const parts = topics().map(([section, topic]) => {
    const rows = config.entries
      .filter((entry) => entry.section === section)
      .map((entry) => toRow(entry, topic.yamlPrefix ?? ''));
    const prefix = topic.yamlPrefix === undefined ? '' : ` (${topic.yamlPrefix}*)`;
    return [`${topic.title}${prefix}`, ...printRows(rows)].join('\n');
  });
  const head = file === undefined ? [] : [shorten(`Settings file: ${file}`, columns)];
  return `${[...head, ...parts].join('\n\n')}\n`;
}

interface Row {
  readonly name: string;
  readonly value: string;
  readonly origin: string;
}

function toRow(entry: Entry, prefix: string): Row {
  const key = entry.setting.yaml[0];
  return {
    name: key.startsWith(prefix) ? key.slice(prefix.length) : key,
    value: entry.isWrong ? '(wrong)' : shorten(valueText(entry.setting, entry.value), longestValue),
    origin: entry.isWrong ? '' : originColumn(entry),
  };
}

function printRows(rows: readonly Row[]): readonly string[] {
  const nameWidth = Math.max(...rows.map(({ name }) => name.length));
  const valueWidth = Math.min(36, Math.max(...rows.map(({ value }) => value.length)));
  return rows.flatMap(({ name, value, origin }) => {
    const start = `  ${name.padEnd(nameWidth)}  ${value}`;
    const aligned = `${start.padEnd(nameWidth + valueWidth + 4)}  ${origin}`.trimEnd();
    const line = aligned.length <= columns ? aligned : `${start}  ${origin}`;
    return line.length <= columns ? [line] : [start, `${' '.repeat(nameWidth + 4)}${origin}`];
  });
}

/** A value with its unit, masked if it is secret. */
function valueText(setting: Setting<unknown>, value: unknown): string {
  if (value === undefined || value === '') return '(not set)';
  if (Array.isArray(value)) return value.length === 0 ? '(none)' : value.join(' ');
  const text = String(value);
  if (setting.secret !== undefined) return mask(text, setting.secret);
  return setting.parser.unit === undefined ? text : `${text} ${setting.parser.unit}`;
}

function originColumn({ origin, value, setting }: Entry): string {
  switch (origin.kind) {
    case 'default': {
      const note = origin.note ?? (value === undefined ? setting.defaultNote : undefined);
      return note === undefined ? 'default' : `default: ${note}`;
    }
    case 'file':
      return `file line ${origin.line}`;
    case 'environment':
      return `env ${origin.name}`;
    case 'flag':
      return `flag ${origin.name}`;
    case 'derived':
      return origin.reason;
  }
}

/** Takes out of the middle: both ends of a path or an address say more than its inside. */
function shorten(text: string, longest: number): string {
  if (text.length <= longest) return text;
  const head = Math.ceil((longest - 1) / 2);
  return `${text.slice(0, head)}…${text.slice(text.length - (longest - 1 - head))}`;
}
