import { createHash, type KeyObject, sign, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import {
  bits,
  type Der,
  encodeDer,
  explicit,
  implicit,
  integer,
  itemsOf,
  octets,
  oid,
  parseDer,
  sequence,
  set,
  time,
  trueValue,
  utf8,
} from './der.js';
import { ipBytes } from './ip-bytes.js';

/** When a certificate holds; both ends are cut to the second. */
export interface Validity {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** What a certificate says, but for who signed it. */
export interface CertificateContent {
  readonly subject: Der;
  readonly issuer: Der;
  readonly publicKey: KeyObject;
  readonly serialHex: string;
  readonly validity: Validity;
  readonly extensions: readonly Der[];
}

/** Builds and signs an X.509 v3 certificate with ECDSA and SHA-256. The same content and key give the same but for the signature. */
export function signCertificate(content: CertificateContent, issuerKey: KeyObject): string {
  const algorithm = sequence(oid('1.2.840.10045.4.3.2'));
  const toBeSigned = sequence(
    explicit(0, integer('02')),
    integer(content.serialHex),
    algorithm,
    content.issuer,
    sequence(time(content.validity.notBeforeMs), time(content.validity.notAfterMs)),
    content.subject,
    parseDer(publicKeyDer(content.publicKey)),
    explicit(3, sequence(...content.extensions)),
  );
  const signature = sign('sha256', encodeDer(toBeSigned), issuerKey);
  return new X509Certificate(encodeDer(sequence(toBeSigned, algorithm, bits(signature)))).toString();
}

export function commonName(text: string): Der {
  return sequence(set(sequence(oid('2.5.4.3'), utf8(text))));
}

/** The subject of an existing certificate, byte for byte: the issuer of what its key signs. */
export function subjectOf(certPem: string): Der {
  const subject = itemsOf(itemsOf(parseDer(new X509Certificate(certPem).raw))[0] ?? sequence())[5];
  if (subject === undefined) throw new Error('expected an X.509 v3 certificate with a subject');
  return subject;
}

/** The basic constraints of an authority that signs leaves only, or of a leaf. */
export function basicConstraints(role: 'authority' | 'leaf'): Der {
  return extension('2.5.29.19', role === 'authority' ? sequence(trueValue(), integer('00')) : sequence(), {
    critical: true,
  });
}

/** `keyCertSign` and `cRLSign` for an authority, `digitalSignature` for a leaf. */
export function keyUsage(role: 'authority' | 'leaf'): Der {
  const usage =
    role === 'authority' ? bits(Buffer.from([0b0000_0110]), 1) : bits(Buffer.from([0b1000_0000]), 7);
  return extension('2.5.29.15', usage, { critical: true });
}

export function serverAuthUsage(): Der {
  return extension('2.5.29.37', sequence(oid('1.3.6.1.5.5.7.3.1')), { critical: false });
}

export function subjectKeyId(subject: KeyObject): Der {
  return extension('2.5.29.14', octets(keyId(subject)), { critical: false });
}

export function authorityKeyId(issuer: KeyObject): Der {
  return extension('2.5.29.35', sequence(implicit(0, keyId(issuer))), { critical: false });
}

/** DNS names and IP addresses, told apart by their form. */
export function subjectNames(names: readonly string[]): Der {
  const encoded = names.map((name) =>
    isIP(name) === 0 ? implicit(2, Buffer.from(name, 'latin1')) : implicit(7, ipBytes(name)),
  );
  return extension('2.5.29.17', sequence(...encoded), { critical: false });
}

function extension(id: string, value: Der, options: { readonly critical: boolean }): Der {
  const content = octets(encodeDer(value));
  return options.critical ? sequence(oid(id), trueValue(), content) : sequence(oid(id), content);
}

/** RFC 7093 §2 method 1: the first 160 bits of the SHA-256 of the public key. */
function keyId(key: KeyObject): Buffer {
  const keyBits = itemsOf(parseDer(publicKeyDer(key)))[1]?.value;
  if (typeof keyBits !== 'string') throw new Error('expected a SubjectPublicKeyInfo');
  return createHash('sha256')
    .update(Buffer.from(keyBits.slice(1), 'latin1'))
    .digest()
    .subarray(0, 20);
}

function publicKeyDer(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}
