import type { Clock } from '../core/clock.js';
import { fail, ok, type Result } from '../core/result.js';
import {
  type Certificate,
  readBundle,
  subjectOf,
  toCertificate,
  type Validity,
  verifyChain,
} from './client-certificate.js';
import { IdentityHeaders } from './front-proxy.js';
import { type Identity, toIdentity } from './identity.js';
import { type AnyRequest, connectionOf, presentedBy } from './peer.js';

/** What `kube-system/extension-apiserver-authentication` says about whom to believe. */
export interface AuthenticationConfig {
  /** Authorities whose certificates name users; PEM, may hold several. */
  readonly clientCaPem: string | undefined;
  /** How the front proxy is known and how it names users; without it no identity header counts. */
  readonly requestHeader:
    | {
        readonly caPem: string;
        /** Common names that a front proxy may have; any when empty. */
        readonly allowedNames: readonly string[];
        readonly usernameHeaders: readonly string[];
        readonly uidHeaders: readonly string[];
        readonly groupHeaders: readonly string[];
        readonly extraHeaderPrefixes: readonly string[];
      }
    | undefined;
  /** Differs whenever any of the above does. */
  readonly revision: string;
}

/** The live authentication configuration; `undefined` until it has been read once. */
export interface AuthenticationConfigSource {
  current(): AuthenticationConfig | undefined;
}

/** What the certificates that a connection's peer presented prove. */
export type Trust =
  /** No certificate, or no configuration that says what to do with one. */
  | { readonly kind: 'none' }
  /** There is a certificate, and no configuration yet to judge it by. */
  | { readonly kind: 'unjudged' }
  | {
      readonly kind: 'judged';
      /** The headers to read the user from, when the peer is the front proxy. */
      readonly frontProxy: Result<IdentityHeaders, string>;
      /** The user whom the certificate itself names. */
      readonly client: Result<Identity, string>;
    };

interface Verdict {
  readonly trust: Trust;
  readonly revision: string | undefined;
  readonly validity: Validity;
}

interface Compiled {
  readonly revision: string;
  readonly clientRoots: readonly Certificate[];
  readonly frontProxy:
    | {
        readonly roots: readonly Certificate[];
        readonly allowedNames: ReadonlySet<string>;
        readonly headers: IdentityHeaders;
      }
    | undefined;
}

/** How long a refusal stands before it is looked at again: a certificate may become valid. */
const refusalMs = 10_000;

/**
 * Judges each connection's certificate once, and again when the configuration changes, when a certificate of the
 * chain ends, and when the wall clock leaves the time for which it was judged.
 */
export class ConnectionTrust {
  readonly #source: AuthenticationConfigSource;
  readonly #clock: Clock;
  readonly #verdicts = new WeakMap<object, Verdict>();
  #compiled: Compiled | undefined;

  constructor(ports: { readonly source: AuthenticationConfigSource; readonly clock: Clock }) {
    this.#source = ports.source;
    this.#clock = ports.clock;
  }

  of(request: AnyRequest): Trust {
    const connection = connectionOf(request);
    if (connection === undefined) return { kind: 'none' };
    const nowMs = this.#clock.nowMs();
    const config = this.#source.current();
    const known = this.#verdicts.get(connection);
    if (known !== undefined && known.revision === config?.revision && isWithin(known.validity, nowMs))
      return known.trust;
    const verdict = this.#judge(request, config, nowMs);
    this.#verdicts.set(connection, verdict);
    return verdict.trust;
  }

  #judge(request: AnyRequest, config: AuthenticationConfig | undefined, nowMs: number): Verdict {
    const presented = presentedBy(request).map(toCertificate);
    const revision = config?.revision;
    const leaf = presented[0];
    if (leaf === undefined) return { trust: { kind: 'none' }, revision, validity: always };
    if (config === undefined) return { trust: { kind: 'unjudged' }, revision, validity: always };
    const { clientRoots, frontProxy } = this.#compile(config);
    const proxy = judgeProxy(presented, frontProxy, nowMs);
    const client = judgeClient(presented, clientRoots, nowMs);
    const trust: Trust = {
      kind: 'judged',
      frontProxy: proxy.ok ? ok(proxy.value.headers) : proxy,
      client: client.ok ? ok(client.value.identity) : client,
    };
    const proved = [proxy, client].flatMap((result) => (result.ok ? [result.value.validity] : []));
    const refused = { notBeforeMs: nowMs, notAfterMs: nowMs + refusalMs };
    return { trust, revision, validity: proved.length === 0 ? refused : overlap(proved) };
  }

  #compile(config: AuthenticationConfig): Compiled {
    if (this.#compiled?.revision === config.revision) return this.#compiled;
    const { requestHeader } = config;
    this.#compiled = {
      revision: config.revision,
      clientRoots: readBundle(config.clientCaPem ?? ''),
      frontProxy:
        requestHeader === undefined
          ? undefined
          : {
              roots: readBundle(requestHeader.caPem),
              allowedNames: new Set(requestHeader.allowedNames),
              headers: new IdentityHeaders(requestHeader),
            },
    };
    return this.#compiled;
  }
}

const always: Validity = { notBeforeMs: Number.NEGATIVE_INFINITY, notAfterMs: Number.POSITIVE_INFINITY };

function judgeProxy(
  presented: readonly Certificate[],
  frontProxy: Compiled['frontProxy'],
  nowMs: number,
): Result<{ readonly headers: IdentityHeaders; readonly validity: Validity }, string> {
  if (frontProxy === undefined) return fail('no front proxy is configured');
  const chain = verifyChain(presented, frontProxy.roots, nowMs);
  if (!chain.ok) return chain;
  const name = commonNameOf(presented);
  if (frontProxy.allowedNames.size > 0 && !frontProxy.allowedNames.has(name)) {
    return fail(`certificate with common name "${name}" is not among the allowed names of front proxies`);
  }
  return ok({ headers: frontProxy.headers, validity: chain.value });
}

function judgeClient(
  presented: readonly Certificate[],
  roots: readonly Certificate[],
  nowMs: number,
): Result<{ readonly identity: Identity; readonly validity: Validity }, string> {
  const chain = verifyChain(presented, roots, nowMs);
  const leaf = presented[0];
  if (!chain.ok || leaf === undefined) return fail(chain.ok ? 'no certificate' : chain.error);
  const { commonName, organizations } = subjectOf(leaf.x509);
  if (commonName === '') return fail('certificate names no user');
  const identity = toIdentity({ name: commonName, uid: undefined, groups: organizations, extra: {} });
  return ok({ identity, validity: chain.value });
}

function commonNameOf(presented: readonly Certificate[]): string {
  const leaf = presented[0];
  return leaf === undefined ? '' : subjectOf(leaf.x509).commonName;
}

function overlap(validities: readonly Validity[]): Validity {
  return {
    notBeforeMs: Math.max(...validities.map(({ notBeforeMs }) => notBeforeMs)),
    notAfterMs: Math.min(...validities.map(({ notAfterMs }) => notAfterMs)),
  };
}

function isWithin({ notBeforeMs, notAfterMs }: Validity, nowMs: number): boolean {
  return nowMs >= notBeforeMs && nowMs <= notAfterMs;
}
