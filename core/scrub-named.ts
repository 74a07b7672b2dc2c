/** What a name holds whose value is a secret, as in the original's scrubber; any case, with or without a dash or underscore. */
const telling =
  '(?:pass|pwd|token|secret|auth[_-]?key|priv(?:ate)?[_-]?key|api[_-]?key|app[_-]?key|application[_-]?key|community[_-]?string|credential)';

/** `name: value` in a line of its own, as in YAML; a list's dash may stand before it. */
const yamlLine = new RegExp(
  `^([ \\t]*(?:- +)*["']?[\\w./-]{0,100}?${telling}[\\w./-]{0,100}["']?[ \\t]*:[ \\t]+)(\\S.*)$`,
  'i',
);
/** A block that follows, such as `|` or `>-`. */
const yamlBlock = /^[|>][+-]?\d?[ \t]*(?:#.*)?$/;
/** A name whose value is what stands indented below it: a list of passwords, say, or a text that goes on. */
const yamlHead = new RegExp(
  `^([ \\t]*(?:- +)*["']?[\\w./-]{0,100}?${telling}[\\w./-]{0,100}["']?[ \\t]*:)[ \\t]*$`,
  'i',
);
/** `"name": "value"`, also where the whole stands in a text of JSON again, so that its quotes have backslashes. */
const jsonText = new RegExp(
  `((\\\\{0,40})"[^"\\\\\\n]{0,100}?${telling}[^"\\\\\\n]{0,100}\\2"\\s*:\\s*)(?:\\2"[\\s\\S]*?(?:(?<!\\\\)\\2"|(?<!\\\\)(?=")|$)|-?\\d[\\d.eE+-]*)`,
  'gi',
);
const jsonList = new RegExp(
  `((\\\\{0,40})"[^"\\\\\\n]{0,100}?${telling}[^"\\\\\\n]{0,100}\\2"\\s*:\\s*)\\[[^\\]]*\\]`,
  'gi',
);
/** An environment variable of a pod: the name in one field, the value in the next. */
const jsonPair = new RegExp(
  `((\\\\{0,40})"name\\2"\\s*:\\s*\\2"[^"\\\\\\n]{0,100}?${telling}[^"\\\\\\n]{0,100}\\2"\\s*,\\s*\\2"value\\2"\\s*:\\s*)\\2"[\\s\\S]*?(?:(?<!\\\\)\\2"|(?<!\\\\)(?=")|$)`,
  'gi',
);
/** YAML that stands in a text of JSON, its line breaks written as `\\n`. */
const escapedYaml = new RegExp(
  `((?:\\\\n|")[ \\t-]*[\\w./-]{0,100}?${telling}[\\w./-]{0,100}:[ \\t]+)[^"\\\\\\n*][^"\\\\\\n]*`,
  'gi',
);
const yamlPair = new RegExp(
  `^([ \\t]*(?:- +)?name:[ \\t]*["']?[\\w./-]{0,100}?${telling}[\\w./-]{0,100}["']?[ \\t]*\\n[ \\t]*value:[ \\t]*).+$`,
  'gim',
);
const assignment = new RegExp(
  `\\b([\\w.-]{0,100}?${telling}[\\w.-]{0,100}=)(?:\\\\{0,40}"[^"\\n]*"|'[^'\\n]*'|[^&\\s"',;}]+)`,
  'gi',
);
/** `user:password@host` without a scheme; an image's digest is none. */
const bareCredentials =
  /(^|[\s"'=,(])([A-Za-z0-9_.-]{1,100}):([^\s"'@/:]{3,256})@(?!sha(?:256|512):)(?=[A-Za-z0-9[])/gm;

/** Replaces each value whose name says that it is a secret, in YAML, in JSON (at any depth of quoting) and in assignments. */
export function hideNamedValues(text: string, hidden: string): string {
  const quoted = (_whole: string, head: string, slashes: string): string =>
    `${head}${slashes}"${hidden}${slashes}"`;
  return inYaml(
    text
      .replace(jsonPair, quoted)
      .replace(jsonText, quoted)
      .replace(
        jsonList,
        (_whole, head: string, slashes: string) => `${head}[${slashes}"${hidden}${slashes}"]`,
      ),
    hidden,
  )
    .replace(escapedYaml, `$1${hidden}`)
    .replace(yamlPair, `$1${hidden}`)
    .replace(assignment, `$1${hidden}`)
    .replace(bareCredentials, `$1$2:${hidden}@`);
}

function inYaml(text: string, hidden: string): string {
  const kept: string[] = [];
  /** While a secret's block goes on: how far its name is indented. */
  let blockIndent: number | undefined;
  for (const line of text.split('\n')) {
    if (blockIndent !== undefined && (line.trim() === '' || indentOf(line) > blockIndent)) continue;
    blockIndent = undefined;
    const match = yamlLine.exec(line) ?? yamlHead.exec(line);
    if (match === null || isHidden(match[2], hidden)) {
      kept.push(line);
      continue;
    }
    const [, head = '', value = '|'] = match;
    if (value === '|' || yamlBlock.test(value)) blockIndent = indentOf(line);
    // JSON's own punctuation stands: what was hidden in it is hidden already.
    kept.push(`${head.trimEnd()} ${hidden}`);
  }
  return kept.join('\n');
}

/** What the rules for JSON have hidden keeps its form; what opens an object or is no text holds no secret itself. */
function isHidden(value: string | undefined, hidden: string): boolean {
  if (value === undefined) return false;
  return (
    value.replace(/^\[?\\*"/, '').startsWith(hidden) || /^(?:true|false|null|[[{]|\[\]|\{\}),?$/.test(value)
  );
}

function indentOf(line: string): number {
  return /^[ \t-]*/.exec(line)?.[0].length ?? 0;
}
