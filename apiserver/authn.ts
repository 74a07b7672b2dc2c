import { createHash } from 'node:crypto';
import type { Clock } from '../core/clock.js';
import { Fault } from '../core/fault.js';
import type { Result } from '../core/result.js';
import type { User } from '../core/user.js';
import { type AuthenticationConfigSource, ConnectionTrust } from './connection-trust.js';
import { anonymous, type Identity, toIdentity } from './identity.js';
import { type AnyRequest, connectionOf } from './peer.js';
import { Reviews } from './reviews.js';

/** Asks the cluster whose a bearer token is; `undefined` when it is nobody's. */
export interface TokenReviewer {
  whoIs(token: string, signal: AbortSignal): Promise<Result<User | undefined, Fault>>;
}

/** Who asks, or what it takes to find out: a credential that must be reviewed. */
export type Recognition =
  | { readonly kind: 'known'; readonly identity: Identity }
  | { readonly kind: 'bearer'; readonly token: string; readonly refusals: readonly string[] }
  | { readonly kind: 'refused'; readonly refusals: readonly string[] }
  /** The peer's certificate cannot be judged, since the cluster's configuration has not been read. */
  | { readonly kind: 'unjudged' };

const tokenReviews = { max: 4_096, ttlMs: 10_000, timeoutMs: 10_000 };

/**
 * Finds out who asks, in the order of a generic API server: the front proxy's headers, the client's own certificate,
 * a bearer token, else anonymous. The first credential that holds decides; a credential that fails, with none that
 * holds, is refused even where anonymous would be let in.
 */
export class Authenticator {
  readonly #trust: ConnectionTrust;
  readonly #reviewer: TokenReviewer;
  readonly #reviews: Reviews<Identity | undefined>;
  readonly #tokens = new ShownTokens();

  constructor(ports: {
    readonly authentication: AuthenticationConfigSource;
    readonly tokenReviewer: TokenReviewer;
    readonly clock: Clock;
  }) {
    this.#trust = new ConnectionTrust({ source: ports.authentication, clock: ports.clock });
    this.#reviewer = ports.tokenReviewer;
    this.#reviews = new Reviews(ports.clock, tokenReviews);
  }

  /** What can be told at once: from the connection, the headers, and reviews of the last ten seconds. */
  recognize(request: AnyRequest): Recognition {
    const trust = this.#trust.of(request);
    const refusals: string[] = [];
    if (trust.kind === 'judged') {
      const proxied = trust.frontProxy.ok ? trust.frontProxy.value.identityOf(request.rawHeaders) : undefined;
      const identity = proxied ?? (trust.client.ok ? trust.client.value : undefined);
      if (identity !== undefined) return { kind: 'known', identity };
      refusals.push(...refusalsOf(trust));
    }
    const shown = this.#tokens.of(request);
    if (shown !== undefined) return this.#recognizeToken(shown, refusals);
    if (trust.kind === 'unjudged') return { kind: 'unjudged' };
    return refusals.length > 0 ? { kind: 'refused', refusals } : { kind: 'known', identity: anonymous };
  }

  /** Has the cluster review a token. Faults: `request.unauthenticated`, `server.internal` when it cannot be reviewed. */
  async review(token: string): Promise<Identity> {
    const answer = await this.#reviews.answer(digestOf(token), true, async (signal) => {
      const user = await this.#reviewer.whoIs(token, signal);
      return user.ok
        ? { ok: true, value: user.value === undefined ? undefined : toIdentity(user.value) }
        : user;
    });
    if (!answer.ok) {
      const remedy = "bind this server's service account to the ClusterRole system:auth-delegator";
      const message = `Internal error occurred: the bearer token cannot be reviewed: ${answer.error.message}; remedy: ${remedy}`;
      throw new Fault('server.internal', message, { cause: answer.error });
    }
    if (answer.value === undefined) throw unauthenticated();
    return answer.value;
  }

  #recognizeToken({ token, digest }: ShownToken, refusals: readonly string[]): Recognition {
    const known = this.#reviews.known(digest);
    if (known === undefined) return { kind: 'bearer', token, refusals };
    if (known.value === undefined)
      return { kind: 'refused', refusals: [...refusals, 'the bearer token is not valid'] };
    return { kind: 'known', identity: known.value };
  }
}

/** A credential was shown and none held. The answer says no more than that; the log does. */
export function unauthenticated(): Fault {
  return new Fault('request.unauthenticated', 'Unauthorized');
}

function refusalsOf(trust: {
  readonly frontProxy: Result<unknown, string>;
  readonly client: Result<unknown, string>;
}): string[] {
  const proxy = trust.frontProxy.ok
    ? 'the front proxy names no user'
    : `as front proxy: ${trust.frontProxy.error}`;
  return [proxy, ...(trust.client.ok ? [] : [`as client: ${trust.client.error}`])];
}

/** `Bearer` in any case, then the token up to the next blank, as k8s.io/apiserver reads it. */
function bearerTokenIn(header: string): string | undefined {
  const [scheme, token] = header.trim().split(' ');
  return scheme?.toLowerCase() === 'bearer' && token !== undefined && token !== '' ? token : undefined;
}

/** A bearer token, with the digest that stands for it wherever it is remembered. */
interface ShownToken {
  readonly token: string;
  readonly digest: string;
}

/** What each connection showed last: nearly all show one token, again and again. */
class ShownTokens {
  readonly #last = new WeakMap<object, { readonly header: string; readonly shown: ShownToken }>();

  /** The token that a request shows; `undefined` when it shows none. */
  of(request: AnyRequest): ShownToken | undefined {
    const header = request.headers.authorization;
    if (header === undefined) return undefined;
    const connection = connectionOf(request);
    const last = connection && this.#last.get(connection);
    if (last?.header === header) return last.shown;
    const token = bearerTokenIn(header);
    if (token === undefined) return undefined;
    const shown = { token, digest: digestOf(token) };
    if (connection !== undefined) this.#last.set(connection, { header, shown });
    return shown;
  }
}

function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('base64');
}
