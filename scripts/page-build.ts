import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { type PageFileName, pageFileNames } from '../dashboard/page-files.js';

/** The page as the program holds it. */
export interface BuiltPage {
  readonly files: Readonly<Record<string, string>>;
  /** The files that it was made of, below the root: for the licences. */
  readonly inputs: readonly string[];
  /** A line for each file: what it weighs. */
  readonly weights: readonly string[];
}

const source = 'dashboard/client';
/** What is drawn by a library has its styles from there. */
const foreignStyles = 'node_modules/uplot/dist/uPlot.min.css';

/** Builds the page's files into `dist/page`, where a plain compilation finds them too. */
export async function buildPageFiles(root: string): Promise<BuiltPage> {
  const folder = join(root, 'dist/page');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const { metafile, outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [`${source}/page.ts`, `${source}/enter.ts`],
    outdir: folder,
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    legalComments: 'none',
    metafile: true,
    write: false,
    logLevel: 'warning',
  });
  const read = (path: string): string => readFileSync(join(root, path), 'utf8');
  const made = new Map(outputFiles.map(({ path, text }) => [path, text]));
  const textOf = (name: PageFileName): string => {
    if (name === 'page.css') return `${read(foreignStyles)}\n${read(`${source}/${name}`)}`;
    return made.get(join(folder, name)) ?? read(`${source}/${name}`);
  };
  const files = pageFileNames.map((name) => [name, textOf(name)] as const);
  for (const [name, text] of files) writeFileSync(join(folder, name), text);
  return {
    files: Object.fromEntries(files),
    inputs: [...Object.keys(metafile.inputs), foreignStyles],
    weights: files.map(([name, text]) => weight(name, text)),
  };
}

function weight(name: string, text: string): string {
  const kilobytes = (bytes: number): string => `${(bytes / 1_000).toFixed(1)} kB`;
  const zipped = gzipSync(text, { level: 9 }).length;
  return `dist/page/${name}: ${kilobytes(Buffer.byteLength(text))}, ${kilobytes(zipped)} zipped`;
}
