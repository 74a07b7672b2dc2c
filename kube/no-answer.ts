import { Fault, messageOf } from '../core/fault.js';
import { toText, valueAt } from './json.js';
import type { TimeLimit } from './time-limit.js';

/** How a request went that got no answer. */
export interface Circumstances {
  readonly limit: TimeLimit;
  /** What the limit's end means. */
  readonly expired: string;
  readonly parent: AbortSignal;
}

/** The fault that says why there is none, with the remedy where that is known. */
export function faultOfSilence(
  call: string,
  error: unknown,
  { limit, expired, parent }: Circumstances,
): Fault {
  if (limit.hasExpired()) return new Fault('kube.unreachable', `${call}: ${expired}`);
  if (parent.aborted) return new Fault('kube.unreachable', `${call}: given up by us`);
  return new Fault('kube.unreachable', `${call}: ${messageOf(error)}${remedyOf(error)}`, { cause: error });
}

function remedyOf(error: unknown): string {
  const code = toText(valueAt(error, 'code')) ?? '';
  const isTrust = /^(UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_|ERR_TLS_CERT)/.test(code);
  return isTrust
    ? "; the API server's certificate is not trusted: check the certificate authority that we were given"
    : '';
}

/** A connection that was kept alive too long, or cut: the request did not fail, the line did. */
export function isBrokenConnection(error: unknown): boolean {
  return ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'].includes(toText(valueAt(error, 'code')) ?? '');
}

/** Whether the caller waited in vain, as opposed to a stop, whose reason is the platform's own. */
export function isTooLate(parent: AbortSignal): boolean {
  return parent.aborted && !(parent.reason instanceof DOMException);
}
