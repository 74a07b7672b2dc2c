import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

// The bundler puts the files in place of this name; in a plain compilation it does not exist.
declare const PAGE_FILES: Readonly<Record<string, string>>;

/** What the page is made of, as the build leaves it in `dist/page`. */
export const pageFileNames = [
  'page.html',
  'enter.html',
  'page.js',
  'enter.js',
  'page.css',
  'icon.svg',
] as const;
export type PageFileName = (typeof pageFileNames)[number];

/** A file as it is sent. */
export interface PageFile {
  readonly contentType: string;
  readonly body: Buffer;
  readonly zipped: Buffer;
}

const contentTypes: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};

/** All files, compressed once. Throws when the program was compiled without them. */
export function readPageFiles(): ReadonlyMap<PageFileName, PageFile> {
  return new Map(
    pageFileNames.map((name) => {
      const body = Buffer.from(textOf(name));
      const contentType = contentTypes[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream';
      return [name, { contentType, body, zipped: gzipSync(body, { level: 9 }) }];
    }),
  );
}

function textOf(name: PageFileName): string {
  if (typeof PAGE_FILES === 'object') return PAGE_FILES[name] ?? '';
  return readFileSync(new URL(`../page/${name}`, import.meta.url), 'utf8');
}
