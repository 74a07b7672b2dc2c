import { type Reply, textReply } from './reply.js';
import type { Token } from './token.js';

const challenge = { 'www-authenticate': 'Bearer realm="Datadog Agent"' };

/**
 * Judges an `Authorization` header by the tokens that open the door: `undefined` lets the request in, else the reply says
 * why not, with the codes and texts that node agents know: 401 for no token, or one in another scheme; 403 for a wrong one.
 */
export function refusalOf(header: string | undefined, accepted: readonly Token[]): Reply | undefined {
  if (header === undefined || header === '') return textReply(401, 'no session token provided', challenge);
  const [scheme = '', candidate, ...rest] = header.split(' ');
  if (scheme !== 'Bearer') {
    return textReply(401, `unsupported authorization scheme: ${schemeText(scheme)}`, challenge);
  }
  const isWell =
    candidate !== undefined && rest.length === 0 && accepted.some((token) => token.matches(candidate));
  return isWell ? undefined : textReply(403, 'invalid session token');
}

/** Whoever forgets the scheme sends the token in its place, and that must not come back. */
function schemeText(scheme: string): string {
  return /^[A-Za-z][A-Za-z0-9-]{0,19}$/.test(scheme) ? scheme : '(none); expected: Bearer <token>';
}
