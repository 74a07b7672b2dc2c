import { X509Certificate } from 'node:crypto';
import { fail, ok, type Result } from '../core/result.js';
import { type CertificateFacts, factsOf, type Pair, readCertificate, readPair, splitPem } from './pair.js';
import { namesOf } from './serving-names.js';
import type { Leaf, SharedCertificates } from './shared-certificates.js';

/** The content of a Secret, by key. */
export type SecretData = Readonly<Record<string, Buffer>>;

/** What the Secret turned out to hold. */
export type Found =
  | { readonly kind: 'absent' }
  /** `complaints` name parts that could not be used and stand as missing in `certificates`. */
  | {
      readonly kind: 'sound';
      readonly certificates: SharedCertificates;
      readonly complaints: readonly string[];
    }
  /** Without its signer the rest cannot go on. `salvage` holds the authorities that could still be read. */
  | { readonly kind: 'damaged'; readonly problem: string; readonly salvage: readonly CertificateFacts[] };

/** `tls.crt`, `tls.key` and `ca.crt` as in any Secret of type `kubernetes.io/tls`; the others are ours. */
const keys = {
  leafCert: 'tls.crt',
  leafKey: 'tls.key',
  signerCert: 'ca.crt',
  signerKey: 'ca.key',
  nextCert: 'next-ca.crt',
  nextKey: 'next-ca.key',
  retired: 'retired-cas.crt',
} as const;

export function encodeSecret(certificates: SharedCertificates): SecretData {
  const { signer, next, retired, leaf } = certificates;
  const texts: readonly (readonly [string, string | undefined])[] = [
    [keys.leafCert, leaf?.certPem],
    [keys.leafKey, leaf?.keyPem],
    [keys.signerCert, signer.certPem],
    [keys.signerKey, signer.keyPem],
    [keys.nextCert, next?.certPem],
    [keys.nextKey, next?.keyPem],
    [keys.retired, retired.length === 0 ? undefined : retired.map((authority) => authority.certPem).join('')],
  ];
  return Object.fromEntries(
    texts.flatMap(([key, text]) => (text === undefined ? [] : [[key, Buffer.from(text)]])),
  );
}

/** Judges the content of a Secret; `undefined`, and a Secret with none of our keys, count as absent. Never throws. */
export function decodeSecret(data: SecretData | undefined): Found {
  if (data === undefined || Object.values(keys).every((key) => textOf(data, key) === ''))
    return { kind: 'absent' };
  const retired = splitPem(textOf(data, keys.retired)).map(readAuthority);
  const signer = readSigner(data, keys.signerCert, keys.signerKey);
  if (!signer.ok) return { kind: 'damaged', problem: signer.error, salvage: salvage(data) };

  const leaf = readLeaf(data, new X509Certificate(signer.value.certPem));
  const hasNext = textOf(data, keys.nextCert) !== '' || textOf(data, keys.nextKey) !== '';
  const next = hasNext ? readSigner(data, keys.nextCert, keys.nextKey) : undefined;
  const complaints = [leaf, ...(next === undefined ? [] : [next]), ...retired].flatMap((part) =>
    part.ok ? [] : [part.error],
  );
  return {
    kind: 'sound',
    complaints,
    certificates: {
      signer: signer.value,
      next: next?.ok ? next.value : undefined,
      retired: retired.flatMap((part) => (part.ok ? [part.value] : [])),
      leaf: leaf.ok ? leaf.value : undefined,
    },
  };
}

function readSigner(data: SecretData, certKey: string, keyKey: string): Result<Pair, string> {
  const pair = readPair(textOf(data, certKey), textOf(data, keyKey));
  if (!pair.ok) return fail(`${certKey} and ${keyKey}: ${pair.error}`);
  const certificate = new X509Certificate(pair.value.certPem);
  if (!certificate.ca) return fail(`${certKey}: expected the certificate of an authority`);
  // One spelling of each certificate, so that all replicas publish the same bytes.
  return ok({ ...pair.value, certPem: certificate.toString() });
}

function readLeaf(data: SecretData, signer: X509Certificate): Result<Leaf, string> {
  const pair = readPair(textOf(data, keys.leafCert), textOf(data, keys.leafKey));
  if (!pair.ok) return fail(`${keys.leafCert} and ${keys.leafKey}: ${pair.error}`);
  const certificate = new X509Certificate(pair.value.certPem);
  if (!certificate.checkIssued(signer) || !certificate.verify(signer.publicKey)) {
    return fail(`${keys.leafCert}: expected a certificate signed by ${keys.signerCert}`);
  }
  return ok({ ...pair.value, names: namesOf(certificate) });
}

function readAuthority(pem: string): Result<CertificateFacts, string> {
  const certificate = readCertificate(pem);
  if (!certificate.ok) return fail(`${keys.retired}: ${certificate.error}`);
  return certificate.value.ca
    ? ok(factsOf(certificate.value))
    : fail(`${keys.retired}: expected certificates of authorities`);
}

function salvage(data: SecretData): readonly CertificateFacts[] {
  return [keys.retired, keys.signerCert, keys.nextCert]
    .flatMap((key) => splitPem(textOf(data, key)))
    .map(readAuthority)
    .flatMap((part) => (part.ok ? [part.value] : []));
}

function textOf(data: SecretData, key: string): string {
  return data[key]?.toString('utf8') ?? '';
}
