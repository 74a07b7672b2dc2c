import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What an image builder would be sent. */
export interface Context {
  readonly files: readonly string[];
  readonly bytes: number;
  /** What git ignores and `.dockerignore` lets through: build results, dependencies, keys. */
  readonly leaks: readonly string[];
}

/** Copies the project's files that `.dockerignore` lets through, tracked or not yet, from `root` to `target`. */
export function copyContext(root: string, target: string): Context {
  const isIgnored = parseDockerignore(readFileSync(join(root, '.dockerignore'), 'utf8'));
  const kept = gitFiles(root, ['--cached', '--others']).filter((path) => existsSync(join(root, path)));
  const files = [...new Set(kept)].filter((path) => !isIgnored(path));
  for (const path of files) cpSync(join(root, path), join(target, path));
  return {
    files,
    bytes: files.reduce((sum, path) => sum + statSync(join(root, path)).size, 0),
    leaks: gitFiles(root, ['--others', '--ignored', '--directory']).filter((path) => !isIgnored(path)),
  };
}

/** Says of a path whether a `.dockerignore` leaves it out: the last pattern that fits it or a folder above it decides. */
export function parseDockerignore(text: string): (path: string) => boolean {
  const rules = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ keeps: line.startsWith('!'), pattern: toPattern(line.replace(/^!/, '')) }));
  return (path) => {
    const parts = path.split('/').filter((part) => part !== '');
    const places = parts.map((_, index) => parts.slice(0, index + 1).join('/'));
    return rules.findLast(({ pattern }) => places.some((place) => pattern.test(place)))?.keeps === false;
  };
}

function toPattern(glob: string): RegExp {
  const clean = glob.replace(/^\//, '').replace(/\/$/, '');
  const source = clean.replaceAll(/\*\*\/|\*\*|\*|\?|[.+^${}()|[\]\\]/g, (part) => {
    if (part === '**/') return '(?:.*/)?';
    if (part === '**') return '.*';
    if (part === '*') return '[^/]*';
    return part === '?' ? '[^/]' : `\\${part}`;
  });
  return new RegExp(`^${source}$`);
}

function gitFiles(root: string, choice: readonly string[]): readonly string[] {
  const args = ['ls-files', '-z', '--exclude-standard', ...choice];
  const listed = execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  return listed.split('\0').filter((path) => path !== '');
}
