import { parseAllDocuments } from 'yaml';

/** One object of a rendering, as the API server will see it. */
export interface Manifest {
  readonly kind: string;
  readonly name: string;
  /** Absent for cluster-wide objects. */
  readonly namespace?: string;
  readonly content: unknown;
}

/** The objects of a YAML stream, in order. Throws on bad YAML, a key that comes twice, or an object without kind or name. */
export function parseManifests(text: string): readonly Manifest[] {
  return parseAllDocuments(text).flatMap((document): Manifest[] => {
    const [error] = [...document.errors, ...document.warnings];
    if (error !== undefined) throw new Error(`not good YAML: ${error.message}`);
    const content: unknown = document.toJS();
    return content === null ? [] : [toManifest(content)];
  });
}

/** The objects of kubectl's JSON answer, be it one object or a List. */
export function parseAnswer(json: string): readonly Manifest[] {
  const content: unknown = JSON.parse(json);
  const contents = textAt(content, 'kind') === 'List' ? listAt(content, 'items') : [content];
  return contents.map(toManifest);
}

function toManifest(content: unknown): Manifest {
  const namespace = at(content, 'metadata', 'namespace');
  return {
    kind: textAt(content, 'kind'),
    name: textAt(content, 'metadata', 'name'),
    ...(typeof namespace === 'string' ? { namespace } : {}),
    content,
  };
}

/** What lies under a path of keys; undefined where any of them is missing. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => entriesOf(inner).get(key), value);
}

/** The text under a path; throws when there is none. */
export function textAt(value: unknown, ...path: readonly string[]): string {
  const found = at(value, ...path);
  if (typeof found !== 'string') throw new Error(`no text at ${path.join('.')} of ${JSON.stringify(value)}`);
  return found;
}

/** The list under a path; empty where there is none. */
export function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** The fields of an object; none of anything else. */
export function entriesOf(value: unknown): ReadonlyMap<string, unknown> {
  return new Map(typeof value === 'object' && value !== null ? Object.entries(value) : []);
}

/** A copy without some fields of the top level. */
export function without(value: unknown, ...keys: readonly string[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries([...entriesOf(value)].filter(([key]) => !keys.includes(key)));
}
