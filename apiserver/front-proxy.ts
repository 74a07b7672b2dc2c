import { LRUCache } from 'lru-cache';
import type { User } from '../core/user.js';
import { type Identity, toIdentity } from './identity.js';

/** The names of the headers in which a front proxy says who asks; names in any case. */
export interface IdentityHeaderNames {
  readonly usernameHeaders: readonly string[];
  readonly uidHeaders: readonly string[];
  readonly groupHeaders: readonly string[];
  readonly extraHeaderPrefixes: readonly string[];
}

const maxIdentities = 4_096;
/** Clients send few different ones. */
const maxNames = 256;
/** Longer than any real user's headers; what is longer is read anew each time. */
const maxKeyLength = 10_000;
const maxNameLength = 256;

/**
 * Reads identities out of the headers of a verified front proxy, as k8s.io/apiserver does: of a repeated user name the
 * first counts, groups are never split, keys of extra fields are lower-cased and percent-decoded.
 */
export class IdentityHeaders {
  readonly #usernames: readonly string[];
  readonly #uids: readonly string[];
  readonly #groups: readonly string[];
  readonly #prefixes: readonly string[];
  readonly #named: ReadonlySet<string>;
  readonly #identities = new LRUCache<string, Identity>({ max: maxIdentities });
  /** Header names as they come on the wire: in lower case if they are about identity, else `''`. */
  readonly #known = new Map<string, string>();

  constructor(names: IdentityHeaderNames) {
    this.#usernames = names.usernameHeaders.map(lower);
    this.#uids = names.uidHeaders.map(lower);
    this.#groups = names.groupHeaders.map(lower);
    this.#prefixes = names.extraHeaderPrefixes.map(lower);
    this.#named = new Set([...this.#usernames, ...this.#uids, ...this.#groups]);
  }

  /**
   * The identity that the headers name, or `undefined` when they name none; the same object for the same headers, as
   * long as it is remembered.
   *
   * @param rawHeaders names and values by turns, in the order of arrival; joined headers would hide where a group ends
   */
  identityOf(rawHeaders: readonly string[]): Identity | undefined {
    const key = this.#keyOf(rawHeaders);
    if (key === '') return undefined;
    const known = this.#identities.get(key);
    if (known !== undefined) return known;
    const user = this.userOf(rawHeaders);
    if (user === undefined) return undefined;
    const identity = toIdentity(user);
    if (key.length <= maxKeyLength) this.#identities.set(key, identity);
    return identity;
  }

  /** The user whom the headers name, or `undefined` when they name none. */
  userOf(rawHeaders: readonly string[]): User | undefined {
    const values = this.#collect(rawHeaders);
    const first = (names: readonly string[]): string | undefined =>
      names.map((name) => values.get(name)?.[0] ?? '').find((value) => value !== '');
    const name = first(this.#usernames);
    if (name === undefined) return undefined;
    const groups = this.#groups.flatMap((header) => values.get(header) ?? []).filter((group) => group !== '');
    return { name, uid: first(this.#uids), groups, extra: this.#extraOf(values) };
  }

  #keyOf(rawHeaders: readonly string[]): string {
    let key = '';
    for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
      const name = this.#identityName(rawHeaders[at] ?? '');
      // No header can hold a line break, so none can look like two.
      if (name !== '') key += `${name}:${rawHeaders[at + 1] ?? ''}\n`;
    }
    return key;
  }

  #identityName(rawName: string): string {
    const known = this.#known.get(rawName);
    if (known !== undefined) return known;
    const name = lower(rawName);
    const identityName = this.#isIdentity(name) ? name : '';
    if (this.#known.size >= maxNames) this.#known.clear();
    if (rawName.length <= maxNameLength) this.#known.set(rawName, identityName);
    return identityName;
  }

  #isIdentity(name: string): boolean {
    return this.#named.has(name) || this.#prefixes.some((prefix) => name.startsWith(prefix));
  }

  #collect(rawHeaders: readonly string[]): ReadonlyMap<string, string[]> {
    const values = new Map<string, string[]>();
    for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
      const name = lower(rawHeaders[at] ?? '');
      if (!this.#isIdentity(name)) continue;
      const value = toUtf8(rawHeaders[at + 1] ?? '');
      const known = values.get(name);
      if (known === undefined) values.set(name, [value]);
      else known.push(value);
    }
    return values;
  }

  #extraOf(values: ReadonlyMap<string, readonly string[]>): Readonly<Record<string, readonly string[]>> {
    const extra = new Map<string, string[]>();
    for (const prefix of this.#prefixes) {
      for (const [name, all] of values) {
        if (!name.startsWith(prefix)) continue;
        const key = decodeKey(name.slice(prefix.length));
        extra.set(key, [...(extra.get(key) ?? []), ...all]);
      }
    }
    return Object.fromEntries(extra);
  }
}

function lower(name: string): string {
  return name.toLowerCase();
}

/** Node hands header values over byte by byte; Kubernetes means UTF-8. */
function toUtf8(value: string): string {
  return /[\u0080-\u00ff]/.test(value) ? Buffer.from(value, 'latin1').toString('utf8') : value;
}

/** An escape that cannot be decoded leaves the key as it is, as in Kubernetes. */
function decodeKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}
