import { messageOf } from '../../core/fault.js';
import type { Scrub } from '../../core/scrub.js';
import type { ZipFile } from './zip.js';

/** One file of a flare, and how its text is come by; throws, or rejects, with why there is none. */
export interface Part {
  /** Below the flare's root folder. */
  readonly path: string;
  read(): string | Promise<string>;
}

/** A file of more characters is cut: what stands at its beginning says most. */
const maxFileLength = 4_000_000;

/**
 * Reads all parts, one after another, each for itself: one that fails becomes a file that says why. Every text, and every
 * reason, goes through `scrub`.
 */
export async function gather(
  parts: readonly Part[],
  { root, scrub, onPart }: { readonly root: string; readonly scrub: Scrub; onPart(path: string): void },
): Promise<readonly ZipFile[]> {
  const files: ZipFile[] = [];
  for (const part of parts) {
    onPart(part.path);
    files.push({ path: `${root}/${part.path}`, content: await contentOf(part, scrub) });
  }
  return files;
}

async function contentOf(part: Part, scrub: Scrub): Promise<string> {
  try {
    // A secret across the cut would be half of one, so it is cut after scrubbing.
    return cut(scrub(await part.read()));
  } catch (error: unknown) {
    return scrub(`This part could not be had: ${messageOf(error)}\n`);
  }
}

function cut(text: string): string {
  return text.length <= maxFileLength
    ? text
    : `${text.slice(0, maxFileLength)}\n[cut here: ${text.length} characters in all]\n`;
}
