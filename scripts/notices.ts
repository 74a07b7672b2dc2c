import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The licence texts of all packages that `inputs` (paths below `root`) come from, as their licences ask of whoever
 * passes copies on. A package without a licence file is named with the licence that its package.json states.
 */
export function thirdPartyNotices(root: string, inputs: readonly string[]): string {
  const folders = new Set(inputs.flatMap((input) => packageFolder(input) ?? []));
  const sorted = [...folders].toSorted((a, b) => a.localeCompare(b, 'en'));
  return sorted.map((folder) => notice(join(root, folder))).join(`\n${'='.repeat(80)}\n\n`);
}

/** `node_modules/a/node_modules/@b/c` of a file within it: the last `node_modules` counts. */
function packageFolder(input: string): string | undefined {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(input)?.[0];
}

function notice(folder: string): string {
  const texts = readdirSync(folder)
    .filter((file) => /^(licen[cs]e|notice|copying)/i.test(file) && !/\.(js|ts|json)$/.test(file))
    .map((file) => readFileSync(join(folder, file), 'utf8').trim());
  return `${packageTitle(folder)}\n\n${texts.join('\n\n')}\n`;
}

function packageTitle(folder: string): string {
  const parsed: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const facts = new Map(Object.entries(typeof parsed === 'object' && parsed !== null ? parsed : {}));
  return `${facts.get('name')} ${facts.get('version')} (${JSON.stringify(facts.get('license') ?? 'see below')})`;
}
