/** The parts of the Datadog SDK whose operations are used. */
const usedApis = ['AuthenticationApi', 'EventsApi', 'MetricsApi', 'ServiceChecksApi'];

const importLine = /^const (\w+)_1 = require\("\.\/(\w+)"\);\n/gm;
const tableLine = /^ {4}(\w+): (\w+)_1\.(\w+),\n/gm;
const alternatives = /^ {4}(\w+): \[([^\]]*)\],$/gm;

/**
 * The SDK's serializer without the models that its operations cannot come upon. They are found by their names, as the
 * serializer finds them: operations and models name the types of what they hold in strings.
 */
export function pruneModels(serializer: string, readSource: (path: string) => string): string {
  const models = new Set([...serializer.matchAll(importLine)].map(([, name = '']) => name));
  const table = serializer.slice(
    serializer.indexOf('const oneOfMap = {'),
    serializer.indexOf('class ObjectSerializer'),
  );
  const oneOfs = new Map([...table.matchAll(alternatives)].map(([, name = '', list = '']) => [name, list]));
  const reached = new Set<string>();
  const visit = (source: string): void => {
    for (const [, text = ''] of source.matchAll(/"([^"\n]*)"/g)) {
      for (const name of text.match(/\w+/g) ?? []) {
        const next = oneOfs.get(name) ?? (models.has(name) ? name : undefined);
        if (next === undefined || reached.has(name)) continue;
        reached.add(name);
        visit(oneOfs.get(name) ?? readSource(`models/${name}.js`));
      }
    }
  };
  for (const api of usedApis) visit(readSource(`apis/${api}.js`));
  if (reached.size === 0) throw new Error('the serializer of the Datadog SDK is not as it was');
  const kept = (line: string, name: string): string => (reached.has(name) ? line : '');
  return serializer.replace(importLine, kept).replace(tableLine, kept);
}

/** Fails when `inputs`, the files of the bundle, hold operations whose models were not looked for. */
export function checkUsedApis(inputs: readonly string[]): void {
  const found = inputs.flatMap((path) => /datadog-api-client-v\d\/apis\/(\w+)\.js$/.exec(path)?.[1] ?? []);
  if (found.toSorted().join() !== usedApis.join())
    throw new Error(`bundled are ${found.join(', ')} of the Datadog SDK; expected ${usedApis.join(', ')}`);
}
