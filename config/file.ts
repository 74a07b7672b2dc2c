import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type YAMLMap,
} from 'yaml';
import { nearestName } from './nearest.js';
import type { Problem } from './problem.js';
import { placedSettings } from './schema.js';
import { unsupportedSettings } from './unsupported.js';

/** A settings file that has been read from disk. */
export interface SettingsFile {
  readonly path: string;
  readonly text: string;
}

/** What stands under one key of the file. The text of a list is its items, joined by spaces. */
export interface FileValue {
  readonly shape: 'scalar' | 'list' | 'mapping';
  readonly text: string;
  readonly line: number;
}

/** The file's values by dotted key, and what is wrong with its form. Unknown keys are warnings. */
export interface FileReading {
  readonly values: ReadonlyMap<string, FileValue>;
  readonly problems: readonly Problem[];
}

/** Reads the YAML of a settings file; keys without a value count as absent. No problem quotes the file's content. */
export function readSettingsFile(file: SettingsFile): FileReading {
  const lines = new LineCounter();
  const document = parseDocument(file.text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
  const lineAt = (offset: number): number => Math.max(1, lines.linePos(offset).line);
  const problemAt = (line: number, problem: Omit<Problem, 'origin'>): Problem => ({
    ...problem,
    origin: { kind: 'file', path: file.path, line },
  });
  const errors = [...document.errors, ...danglingAliases(document)];
  if (errors.length > 0) {
    return {
      values: new Map(),
      problems: errors.map((error) => problemAt(lineAt(error.pos[0]), notYaml(error))),
    };
  }

  const resolve: Resolve = (node) => {
    const target = isAlias(node) ? node.resolve(document) : node;
    return isMap(target) || isSeq(target) || isScalar(target) ? target : undefined;
  };
  const root = resolve(document.contents);
  if (root === undefined || isEmpty(root)) return { values: new Map(), problems: [] };
  if (!isMap(root)) return { values: new Map(), problems: [problemAt(1, notMapping('settings file'))] };

  const values = new Map<string, FileValue>();
  const problems: Problem[] = [];
  for (const { key, offset, node } of places(root, '', resolve)) {
    const line = lineAt(offset);
    if (leafKeys.has(key)) {
      const value = node && toFileValue(node, resolve);
      if (value !== undefined) values.set(key, { ...value, line });
    } else if (!branchKeys.has(key)) {
      problems.push(problemAt(line, unknownKey(key)));
    } else if (node !== undefined && !isEmpty(node)) {
      problems.push(problemAt(line, notMapping(key)));
    }
  }
  return { values, problems };
}

/** Follows an alias to its anchor; `undefined` for anything that is no value. */
type Resolve = (node: unknown) => Node | undefined;

/** A key of the file that is not followed further down, and what stands under it. */
interface Place {
  readonly key: string;
  readonly offset: number;
  readonly node: Node | undefined;
}

/** Goes down only where settings lie further down, so an anchor that holds itself cannot trap it. */
function* places(map: YAMLMap, prefix: string, resolve: Resolve): Generator<Place> {
  for (const pair of map.items) {
    const keyNode = resolve(pair.key);
    const key = `${prefix}${isScalar(keyNode) ? String(keyNode.value) : '?'}`;
    const node = resolve(pair.value);
    if (branchKeys.has(key) && isMap(node)) yield* places(node, `${key}.`, resolve);
    else yield { key, offset: keyNode?.range?.[0] ?? 0, node };
  }
}

const leafKeys: ReadonlySet<string> = new Set([
  ...placedSettings().flatMap(({ setting }) => setting.yaml),
  ...unsupportedSettings.map(({ yaml }) => yaml),
]);

/** `a` and `a.b` for a leaf `a.b.c`: the keys under which a mapping is expected. */
const branchKeys: ReadonlySet<string> = new Set(
  [...leafKeys].flatMap((key) => {
    const parts = key.split('.');
    return parts.slice(1).map((_, depth) => parts.slice(0, depth + 1).join('.'));
  }),
);

function unknownKey(key: string): Omit<Problem, 'origin'> {
  const isShowable = /^[A-Za-z0-9_.-]{1,120}$/.test(key);
  const near = isShowable ? nearestName(key, [...leafKeys, ...branchKeys]) : undefined;
  const hint = near === undefined ? '' : `; did you mean ${near}?`;
  return {
    severity: 'warning',
    setting: isShowable ? key : `a key of ${key.length} characters`,
    message: `not a setting of this program, ignored${hint}`,
  };
}

/** What is wrong with the YAML, and where. */
interface FormError {
  readonly code: string;
  readonly pos: readonly [offset: number, ...rest: number[]];
}

/** The parser's own message may quote a value, so only its code is passed on. */
function notYaml(error: FormError): Omit<Problem, 'origin'> {
  const message = `not valid YAML (${error.code.toLowerCase().replaceAll('_', ' ')})`;
  return { severity: 'error', setting: 'settings file', message };
}

/** An alias without an anchor is no error to the parser, which reads it as nothing. */
function danglingAliases(document: Document): readonly FormError[] {
  const found: FormError[] = [];
  visit(document, {
    Alias: (_, alias) => {
      if (alias.resolve(document) === undefined)
        found.push({ code: 'BAD_ALIAS', pos: [alias.range?.[0] ?? 0] });
    },
  });
  return found;
}

function notMapping(setting: string): Omit<Problem, 'origin'> {
  return { severity: 'error', setting, message: 'expected a mapping of settings to values' };
}

function isEmpty(node: Node): boolean {
  return isScalar(node) && (node.value === null || node.value === '');
}

function toFileValue(node: Node, resolve: Resolve): Omit<FileValue, 'line'> | undefined {
  if (isEmpty(node)) return undefined;
  if (isScalar(node)) return { shape: 'scalar', text: scalarText(node) };
  if (isSeq(node)) {
    const items = node.items.map(resolve);
    const isFlat = items.every((item) => isScalar(item));
    return isFlat
      ? { shape: 'list', text: items.map((item) => (isScalar(item) ? scalarText(item) : '')).join(' ') }
      : { shape: 'mapping', text: '' };
  }
  return { shape: 'mapping', text: '' };
}

/** The text as written: a key of digits only must not pass through a number, which would change it. */
function scalarText(node: { readonly value: unknown; readonly source?: string }): string {
  return (node.source ?? String(node.value)).trim();
}
