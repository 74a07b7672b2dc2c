import { X509Certificate } from 'node:crypto';
import { messageOf } from '../core/fault.js';
import { fail, ok, type Result } from '../core/result.js';
import { factsOf } from './x509-extensions.js';

/** A certificate read once, with all that deciding on it needs. */
export interface Certificate {
  readonly x509: X509Certificate;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** How many further authorities may stand below this one. */
  readonly maxPathLength: number;
  /** Why it can have no part in any chain, whatever it is asked for. */
  readonly flaw: string | undefined;
}

/** The time during which every certificate of a verified chain is valid. */
export interface Validity {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** Whom a certificate names: Kubernetes reads the common name as the user and the organizations as groups. */
export interface Subject {
  readonly commonName: string;
  readonly organizations: readonly string[];
}

/** The certificates of a PEM bundle; blocks that cannot be read are left out. */
export function readBundle(pem: string): Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  return blocks.flatMap((block) => {
    try {
      return [toCertificate(new X509Certificate(block))];
    } catch {
      // One bad block must not take away the trust in its neighbours; without any, nothing verifies.
      return [];
    }
  });
}

/** Reads a certificate once. One that cannot be read to the end is kept, with its flaw. */
export function toCertificate(x509: X509Certificate): Certificate {
  const notBeforeMs = Date.parse(x509.validFrom);
  const notAfterMs = Date.parse(x509.validTo);
  try {
    const facts = factsOf(x509);
    const maxPathLength = facts.maxPathLength ?? Number.POSITIVE_INFINITY;
    return {
      x509,
      notBeforeMs,
      notAfterMs,
      maxPathLength,
      flaw: flawOf(facts.unknownCritical, facts.signatureAlgorithm),
    };
  } catch (error: unknown) {
    return { x509, notBeforeMs, notAfterMs, maxPathLength: 0, flaw: messageOf(error) };
  }
}

/**
 * Verifies a client's chain against trusted authorities as Go's `x509.Verify` does for client authentication: names
 * and signatures, validity of each certificate, authorities that may issue, path lengths, extended key usage of each
 * (none means any), no unknown critical extension, no broken hash.
 *
 * The error says what stood in the way nearest to the root.
 *
 * @param presented what the peer showed, its own certificate first; the others may help to build the chain in any order
 */
export function verifyChain(
  presented: readonly Certificate[],
  roots: readonly Certificate[],
  nowMs: number,
): Result<Validity, string> {
  const [leaf, ...intermediates] = presented;
  if (leaf === undefined) return fail('no certificate');
  const flaw = useFlaw(leaf, nowMs);
  if (flaw !== undefined) return fail(flaw);
  const search = {
    roots,
    intermediates: intermediates.slice(0, maxIntermediates),
    nowMs,
    checksLeft: maxSignatureChecks,
  };
  return climb([leaf], search);
}

/** Reads a certificate's subject. Of several common names the last counts, as in Go. */
export function subjectOf(x509: X509Certificate): Subject {
  // Its declared type knows single values only; a repeated attribute comes as an array.
  const subject: unknown = x509.toLegacyObject().subject;
  const fields = typeof subject === 'object' && subject !== null ? Object.entries(subject) : [];
  const valuesOf = (name: string): string[] =>
    fields.filter(([key]) => key === name).flatMap(([, value]: [string, unknown]) => toTexts(value));
  return { commonName: valuesOf('CN').at(-1) ?? '', organizations: valuesOf('O') };
}

const maxIntermediates = 8;
const maxSignatureChecks = 100;
const clientAuth = '1.3.6.1.5.5.7.3.2';
const anyUsage = '2.5.29.37.0';

/** Signatures over MD2, MD5 and SHA-1 can be forged; Go refuses them too. */
const brokenAlgorithms: ReadonlySet<string> = new Set([
  '1.2.840.113549.1.1.2',
  '1.2.840.113549.1.1.4',
  '1.2.840.113549.1.1.5',
  '1.2.840.10040.4.3',
  '1.2.840.10045.4.1',
]);

interface Search {
  readonly roots: readonly Certificate[];
  readonly intermediates: readonly Certificate[];
  readonly nowMs: number;
  checksLeft: number;
}

/** Depth first from the leaf up. `chain` begins with the leaf; all its members are fit for use. */
function climb(chain: readonly Certificate[], search: Search): Result<Validity, string> {
  const child = chain.at(-1);
  let obstacle = `certificate signed by unknown authority "${issuerName(child)}"`;
  for (const root of search.roots) {
    const step = tryParent(chain, root, search);
    if (step.ok) return ok(validityOf([...chain, root]));
    obstacle = step.error ?? obstacle;
  }
  for (const intermediate of search.intermediates) {
    if (chain.some((member) => member.x509.fingerprint256 === intermediate.x509.fingerprint256)) continue;
    const step = tryParent(chain, intermediate, search);
    const rest = step.ok ? climb([...chain, intermediate], search) : step;
    if (rest.ok) return rest;
    obstacle = rest.error ?? obstacle;
  }
  return fail(obstacle);
}

/** Fails with `undefined` when `parent` has nothing to do with the last of `chain`. */
function tryParent(
  chain: readonly Certificate[],
  parent: Certificate,
  search: Search,
): Result<true, string | undefined> {
  const child = chain.at(-1);
  if (child === undefined || search.checksLeft <= 0 || !child.x509.checkIssued(parent.x509))
    return fail(undefined);
  search.checksLeft -= 1;
  if (!child.x509.verify(parent.x509.publicKey)) return fail(undefined);
  const name = `authority "${subjectOf(parent.x509).commonName}"`;
  if (!parent.x509.ca) return fail(`${name} is no certificate authority`);
  // The leaf does not count, so a chain of one leaves room for any authority.
  if (chain.length - 1 > parent.maxPathLength)
    return fail(`${name} allows at most ${parent.maxPathLength} authorities below it`);
  const flaw = useFlaw(parent, search.nowMs);
  return flaw === undefined ? ok(true) : fail(`${name}: ${flaw}`);
}

/** Why a certificate cannot be used for client authentication now. */
function useFlaw(certificate: Certificate, nowMs: number): string | undefined {
  if (certificate.flaw !== undefined) return certificate.flaw;
  const { validFrom, validTo, keyUsage } = certificate.x509;
  if (!(nowMs >= certificate.notBeforeMs)) return `certificate is not valid before ${validFrom}`;
  if (!(nowMs <= certificate.notAfterMs)) return `certificate expired on ${validTo}`;
  // Node calls the extended key usage `keyUsage`; a certificate without one may be used for anything.
  const usages: readonly string[] | undefined = keyUsage;
  if (usages === undefined || usages.includes(clientAuth) || usages.includes(anyUsage)) return undefined;
  return 'certificate is not meant for client authentication';
}

function flawOf(unknownCritical: readonly string[], signatureAlgorithm: string): string | undefined {
  if (unknownCritical.length > 0)
    return `certificate has an unknown critical extension ${unknownCritical.join(', ')}`;
  return brokenAlgorithms.has(signatureAlgorithm)
    ? 'certificate is signed with a broken hash (MD5 or SHA-1)'
    : undefined;
}

function validityOf(chain: readonly Certificate[]): Validity {
  return {
    notBeforeMs: Math.max(...chain.map((member) => member.notBeforeMs)),
    notAfterMs: Math.min(...chain.map((member) => member.notAfterMs)),
  };
}

function issuerName(certificate: Certificate | undefined): string {
  return (certificate?.x509.issuer ?? '').replaceAll('\n', ', ');
}

function toTexts(value: unknown): string[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.filter((text) => typeof text === 'string');
}
