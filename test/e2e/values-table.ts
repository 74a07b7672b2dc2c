import { at, entriesOf, textAt } from './manifest.js';

/** The paths in a schema that say nothing of themselves, or would let anything pass unseen. */
export function undescribed(schema: unknown, path: string): readonly string[] {
  const properties = [...entriesOf(at(schema, 'properties'))];
  const own = [
    ...(path !== '' && at(schema, 'description') === undefined ? [`${path} has no description`] : []),
    ...(properties.length > 0 && at(schema, 'additionalProperties') !== false
      ? [`${path} is not strict`]
      : []),
  ];
  return [...own, ...properties.flatMap(([key, inner]) => undescribed(inner, `${path}.${key}`))];
}

/** The README's table: every value that a user sets as one, with its default and meaning. */
export function valueRows(schema: unknown, value: unknown, path: string): readonly string[] {
  const properties = [...entriesOf(at(schema, 'properties'))].filter(([key]) => key !== 'global');
  const isWhole = properties.length === 0 || path.endsWith('Probe');
  if (isWhole) return [`| \`${path}\` | \`${JSON.stringify(value)}\` | ${textAt(schema, 'description')} |`];
  return properties.flatMap(([key, inner]) =>
    valueRows(inner, at(value, key), path === '' ? key : `${path}.${key}`),
  );
}
