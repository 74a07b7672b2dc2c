import { readFileSync } from 'node:fs';

// The bundler replaces these two names by strings; in a plain compilation they do not exist.
declare const BUILD_VERSION: string;
declare const BUILD_COMMIT: string;

/** Which program this is. */
export interface BuildInfo {
  readonly version: string;
  /** `unknown` outside a bundle. */
  readonly commit: string;
}

/** From the bundle, or from the package.json above a plain compilation. */
export function buildInfo(): BuildInfo {
  return {
    version: typeof BUILD_VERSION === 'string' ? BUILD_VERSION : packageVersion(),
    commit: typeof BUILD_COMMIT === 'string' ? BUILD_COMMIT : 'unknown',
  };
}

function packageVersion(): string {
  const parsed: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const hasVersion = typeof parsed === 'object' && parsed !== null && 'version' in parsed;
  return hasVersion && typeof parsed.version === 'string' ? parsed.version : 'unknown';
}
