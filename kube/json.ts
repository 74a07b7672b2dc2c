/** A JSON object of the API server's, unjudged. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The value as an object; `undefined` for everything else, arrays and null included. */
export function toObject(value: unknown): JsonObject | undefined {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as JsonObject) : undefined;
}

/** The value as a text that is not empty. */
export function toText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/**
 * The pairs of an object whose values are texts; other values are left out, and what is no object is empty. An object of
 * texts alone is taken as it is: the parser's own takes a fraction of a copy's memory.
 */
export function toTexts(value: unknown): Readonly<Record<string, string>> {
  const object = toObject(value);
  if (object !== undefined && isAllTexts(object)) return object;
  const pairs = Object.entries(object ?? {});
  return Object.fromEntries(pairs.filter((pair): pair is [string, string] => typeof pair[1] === 'string'));
}

function isAllTexts(object: JsonObject): object is Readonly<Record<string, string>> {
  return Object.values(object).every((value) => typeof value === 'string');
}

/** The value as a list of texts; `undefined` when it is no list or holds anything else. */
export function toTextList(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const items: readonly unknown[] = value;
  return items.every((item): item is string => typeof item === 'string') ? items : undefined;
}

/** What stands at the end of a path of field names; `undefined` where the path breaks off. */
export function valueAt(value: unknown, ...fields: readonly string[]): unknown {
  let current = value;
  for (const field of fields) current = toObject(current)?.[field];
  return current;
}
