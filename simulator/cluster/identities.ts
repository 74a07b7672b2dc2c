import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type PeerCertificate, TLSSocket } from 'node:tls';
import { anonymousUser, authenticatedGroup, type User } from '../../core/user.js';
import { unauthorized } from './api-error.js';

/** A user as a test writes it. */
export interface UserDraft {
  readonly name: string;
  readonly groups?: readonly string[];
  readonly uid?: string;
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** Who is who: bearer tokens, and the certificates of the client CA. */
export class Identities {
  readonly #users = new Map<string, User>();

  /** Makes `token` (or a fresh random one) stand for a user, and answers it. */
  issue(user: UserDraft, wanted?: string): string {
    const token = wanted ?? randomBytes(24).toString('base64url');
    this.#users.set(token, toUser(user));
    return token;
  }

  revoke(token: string): void {
    this.#users.delete(token);
  }

  userOf(token: string): User | undefined {
    return this.#users.get(token);
  }

  /** Token first, then certificate, else anonymous. A credential that proves nothing is a 401, as in a real server. */
  authenticate(request: IncomingMessage): User {
    const token = bearerToken(request);
    const byToken = token === undefined ? undefined : this.userOf(token);
    if (byToken !== undefined) return byToken;
    const certificate = peerCertificate(request);
    if (certificate?.isTrusted) return certificate.user;
    if (token !== undefined || certificate !== undefined) throw unauthorized();
    return anonymousUser;
  }
}

function toUser(draft: UserDraft): User {
  const groups = draft.groups ?? [];
  return {
    name: draft.name,
    uid: draft.uid,
    groups: groups.includes(authenticatedGroup) ? groups : [...groups, authenticatedGroup],
    extra: draft.extra ?? {},
  };
}

function bearerToken(request: IncomingMessage): string | undefined {
  const match = /^Bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '');
  return match?.[1];
}

interface ClientIdentity {
  readonly isTrusted: boolean;
  readonly user: User;
}

function peerCertificate(request: IncomingMessage): ClientIdentity | undefined {
  const { socket } = request;
  if (!(socket instanceof TLSSocket)) return undefined;
  const certificate = socket.getPeerCertificate();
  if (Object.keys(certificate).length === 0) return undefined;
  return { isTrusted: socket.authorized, user: toUser(subjectOf(certificate)) };
}

/** Common name and organizations are user and groups. Either may come as a list, whatever its declared type. */
function subjectOf(certificate: PeerCertificate): UserDraft {
  const names: readonly string[] = [certificate.subject.CN ?? ''].flat();
  const groups: readonly string[] = [certificate.subject.O ?? []].flat();
  return { name: names[0] ?? '', groups };
}
