import type { Request } from '../http/exchanges.js';
import { type Seal, sessionLifetimeMs } from './seal.js';

/**
 * The cookie of a session. Its name holds the port that the browser sees: cookies are shared between ports, and two replicas
 * may be looked at through two port-forwards.
 */
export function sessionCookie(request: Request, seal: Seal): string {
  const seconds = sessionLifetimeMs / 1000;
  const value = seal.make('session', sessionLifetimeMs);
  return `${cookieName(request)}=${value}; Path=/; Max-Age=${seconds}; Secure; HttpOnly; SameSite=Strict`;
}

export function hasSession(request: Request, seal: Seal): boolean {
  const name = cookieName(request);
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim().split('='));
  return pairs.some(([key, value]) => key === name && seal.open('session', value ?? '') !== undefined);
}

/** As the browser writes it, whether in HTTP/1.1 or HTTP/2. */
export function hostOf(request: Request): string {
  return String(request.headers[':authority'] ?? request.headers.host ?? '');
}

const ownHost = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::(\d{1,5}))?$/;

/** Only this machine's own names: a foreign name that leads here is an attack by DNS. */
export function isOwnHost(request: Request): boolean {
  return ownHost.test(hostOf(request));
}

/** A page of another origin must not act here, not even with a code. */
export function isOwnOrigin(request: Request): boolean {
  const { origin } = request.headers;
  return origin === undefined || origin === `https://${hostOf(request)}`;
}

function cookieName(request: Request): string {
  return `__Host-dca-page-${ownHost.exec(hostOf(request))?.[1] ?? '443'}`;
}
