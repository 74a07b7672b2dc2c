import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { ipBytes } from './ip-bytes.js';

/** Where clients find the server. */
export interface ServedAt {
  readonly service: string;
  readonly namespace: string;
  /** Further DNS names (a first label `*` stands for any) and IP addresses. */
  readonly extraNames?: readonly string[];
}

const label = /^[a-z0-9_]([-a-z0-9_]{0,61}[a-z0-9_])?$/i;

/**
 * The names that a leaf is made for, without repeats. The aggregation layer of Kubernetes verifies
 * `<service>.<namespace>.svc`; the others are for people and for clients inside the cluster.
 * Throws `RangeError` for a text that is neither a DNS name nor an IP address.
 */
export function servingNames(at: ServedAt): readonly string[] {
  const { service, namespace, extraNames = [] } = at;
  const base = `${service}.${namespace}`;
  const names = [`${base}.svc`, service, base, `${base}.svc.cluster.local`, ...extraNames];
  for (const name of names) {
    if (!isServingName(name)) {
      throw new RangeError(
        `'${name}' cannot stand in a serving certificate; expected a DNS name or an IP address`,
      );
    }
  }
  return [...new Set(names)];
}

function isServingName(name: string): boolean {
  if (isIP(name) !== 0) return !name.includes('%');
  const labels = (name.startsWith('*.') ? name.slice(2) : name).split('.');
  return name.length <= 253 && labels.every((part) => label.test(part));
}

/** The DNS names and IP addresses that a certificate holds, as OpenSSL spells them. */
export function namesOf(certificate: X509Certificate): readonly string[] {
  const entries = certificate.subjectAltName?.split(', ') ?? [];
  return entries.flatMap((entry) => /^(?:DNS|IP Address):(.+)$/.exec(entry)?.[1] ?? []);
}

/** Those of `wanted` that are not among `present`, whatever their spelling. */
export function missingNames(wanted: readonly string[], present: readonly string[]): readonly string[] {
  const spelled = new Set(present.map(canonicalName));
  return wanted.filter((name) => !spelled.has(canonicalName(name)));
}

/** One address has many spellings (`::1`, `0:0:0:0:0:0:0:1`). */
function canonicalName(name: string): string {
  return isIP(name) === 0 ? name.toLowerCase() : ipBytes(name).toString('hex');
}
