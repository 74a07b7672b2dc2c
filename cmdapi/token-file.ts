import { randomBytes } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { tokenParser } from '../config/name-parsers.js';
import { fail, ok, type Result } from '../core/result.js';

/** A token and whether this process has just made it. */
export interface ObtainedToken {
  readonly secret: string;
  readonly isNew: boolean;
}

/**
 * The token in a file, which is made where there is none: 64 random hexadecimal digits that only the file's owner may read.
 * Of several processes that make it at once, all come to the same. The error says what is wrong, and never the token.
 */
export async function obtainToken(path: string): Promise<Result<ObtainedToken, string>> {
  const read = await readToken(path);
  if (read.ok) return ok({ secret: read.value, isNew: false });
  if (!read.error.isMissing) return fail(read.error.message);
  const secret = randomBytes(32).toString('hex');
  try {
    await create(path, secret);
    return ok({ secret, isNew: true });
  } catch (error: unknown) {
    if (codeOf(error) !== 'EEXIST') return fail(`cannot be created: ${codeOf(error)}`);
  }
  const again = await readToken(path);
  return again.ok ? ok({ secret: again.value, isNew: false }) : fail(again.error.message);
}

/** The token in a file. White space around it does not count: editors and mounts add a newline. */
export async function readToken(
  path: string,
): Promise<Result<string, { readonly isMissing: boolean; readonly message: string }>> {
  let text: string;
  try {
    text = (await readFile(path, 'utf8')).trim();
  } catch (error: unknown) {
    const code = codeOf(error);
    return fail({ isMissing: code === 'ENOENT', message: `cannot be read: ${code}` });
  }
  const token = tokenParser.parse(text);
  if (token !== undefined) return ok(token);
  const message = `holds ${text.length} characters, expected ${tokenParser.expected}`;
  return fail({ isMissing: false, message });
}

/** Whole or not at all: another process must never read half of it. */
async function create(path: string, secret: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(draft, secret, { mode: 0o600, flag: 'wx' });
    await link(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}
