import type { Result } from '../core/result.js';
import type { ServingCertificate } from './source.js';

/** What to serve, and what is wrong with what the files hold. */
export interface FileChoice {
  readonly serving: ServingCertificate | undefined;
  readonly trouble: string | undefined;
}

/**
 * Chooses between what is served and what the files hold now. New content is taken when it is good; what is outside
 * its life is taken only when nothing better is served.
 */
export function chooseServing(
  serving: ServingCertificate | undefined,
  read: Result<ServingCertificate, string>,
  nowMs: number,
): FileChoice {
  if (!read.ok)
    return {
      serving,
      trouble: `${read.error}${serving === undefined ? '' : '; the certificate before goes on'}`,
    };
  const problem = lifeProblem(read.value, nowMs);
  if (problem === undefined) return { serving: read.value, trouble: undefined };
  if (serving === undefined || lifeProblem(serving, nowMs) !== undefined)
    return { serving: read.value, trouble: problem };
  return { serving, trouble: `${problem}; the certificate before goes on` };
}

function lifeProblem(certificate: ServingCertificate, nowMs: number): string | undefined {
  if (nowMs >= certificate.notAfterMs) {
    return `the certificate expired at ${toIso(certificate.notAfterMs)}; mount a renewed one`;
  }
  if (nowMs < certificate.notBeforeMs) {
    return `the certificate is valid from ${toIso(certificate.notBeforeMs)} only; compare this machine's clock with the issuer's`;
  }
  return undefined;
}

function toIso(atMs: number): string {
  return new Date(atMs).toISOString();
}
