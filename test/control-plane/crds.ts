import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { complaintOf, obstacleToGo, readGoModule, runGo } from './go.js';

/** The files that define foreign kinds, or why they are not at hand. */
export type FoundDefinitions =
  | { readonly found: true; readonly files: readonly string[] }
  | { readonly found: false; readonly reason: string };

/** Which files of which release define the kinds that our manifests use. */
const SOURCES = [
  {
    module: 'github.com/cert-manager/cert-manager',
    folder: 'deploy/crds',
    names: /^cert-manager\.io_(certificates|issuers|clusterissuers)\.yaml$/,
    count: 3,
  },
  {
    module: 'github.com/prometheus-operator/prometheus-operator',
    folder: 'example/prometheus-operator-crd',
    names: /_servicemonitors\.yaml$/,
    count: 1,
  },
] as const;

const DOWNLOAD_TIMEOUT_MS = 120_000;

/**
 * The CustomResourceDefinitions of cert-manager and of the Prometheus operator, as their makers released them. Go
 * downloads each once, in the version and with the checksum that `tools/crds` pins.
 */
export async function findDefinitions(): Promise<FoundDefinitions> {
  const module = await readGoModule('tools/crds');
  const obstacle = await obstacleToGo(module);
  if (obstacle !== undefined) return { found: false, reason: obstacle };
  const files: string[] = [];
  for (const source of SOURCES) {
    const args = ['mod', 'download', '-json', source.module];
    const answer = await runGo(module, args, DOWNLOAD_TIMEOUT_MS);
    if (answer.code !== 0) {
      const why = errorOf(answer.stdout) ?? complaintOf(answer);
      return { found: false, reason: `the definitions of ${source.module} cannot be had: ${why}` };
    }
    const folder = join(folderOf(answer.stdout), source.folder);
    const names = (await readdir(folder)).filter((name) => source.names.test(name)).toSorted();
    if (names.length !== source.count) {
      throw new Error(`${folder} holds ${names.length} of the ${source.count} definitions that are needed`);
    }
    files.push(...names.map((name) => join(folder, name)));
  }
  return { found: true, files };
}

/** What `go mod download -json` writes of one module, as far as it is used. */
function folderOf(json: string): string {
  const folder = fieldOf(json, 'Dir');
  if (folder === undefined) throw new Error('go mod download names no folder');
  return folder;
}

function errorOf(json: string): string | undefined {
  return fieldOf(json, 'Error')?.trim().split('\n').slice(0, 5).join('\n');
}

function fieldOf(json: string, name: 'Dir' | 'Error'): string | undefined {
  const parsed: unknown = json.trim() === '' ? {} : JSON.parse(json);
  const value = new Map(Object.entries(Object(parsed))).get(name);
  return typeof value === 'string' ? value : undefined;
}
