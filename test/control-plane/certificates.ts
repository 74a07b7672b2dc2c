import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto';
import { isIP } from 'node:net';
import * as der from './der.js';

const OID = {
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const;

const LIFETIME_MS = 7 * 24 * 3600 * 1000;
/** Certificates begin a little in the past, so that clocks a bit behind accept them. */
const BACKDATE_MS = 5 * 60 * 1000;

/** A certificate with its private key (P-256), both PEM. */
export interface KeyedCertificate {
  readonly certificatePem: string;
  readonly keyPem: string;
}

/** Whom a certificate names. Kubernetes reads the common name as the user and organizations as its groups. */
export interface CertificateSubject {
  readonly commonName: string;
  readonly organizations?: readonly string[];
}

/** What a leaf is for; a server's leaf names the hosts (DNS names or addresses) that it serves as. */
export type LeafRequest = CertificateSubject &
  ({ readonly purpose: 'client' } | { readonly purpose: 'server'; readonly hosts: readonly string[] });

/** A certificate authority of the tests' own; its key lives in this process only. */
export interface Authority {
  readonly certificatePem: string;
  issue(request: LeafRequest): KeyedCertificate;
}

/** A key pair alone (P-256, PEM), as service account tokens are signed with. */
export interface KeyPair {
  readonly privateKeyPem: string;
  readonly publicKeyPem: string;
}

/** A new self-signed authority, valid for a week as is all that it issues. */
export function createAuthority(commonName: string): Authority {
  const keys = createKeyPair();
  const subject = { commonName };
  const key = createPrivateKey(keys.privateKeyPem);
  const extensions = [
    extension(OID.basicConstraints, 'critical', der.sequence(der.boolean(true))),
    extension(OID.keyUsage, 'critical', der.bitString(Buffer.from([0x06]), 1)), // keyCertSign, cRLSign
  ];
  const issuer = { subject, key };
  return {
    certificatePem: certify({ subject, publicKeyPem: keys.publicKeyPem, extensions }, issuer),
    issue(request) {
      const { privateKeyPem, publicKeyPem } = createKeyPair();
      const leaf = { subject: request, publicKeyPem, extensions: leafExtensions(request) };
      return { certificatePem: certify(leaf, issuer), keyPem: privateKeyPem };
    },
  };
}

/** A fresh P-256 key pair. */
export function createKeyPair(): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  return { privateKeyPem: privateKey, publicKeyPem: publicKey };
}

interface Unsigned {
  readonly subject: CertificateSubject;
  readonly publicKeyPem: string;
  readonly extensions: readonly Uint8Array[];
}

interface Issuer {
  readonly subject: CertificateSubject;
  readonly key: KeyObject;
}

function certify(unsigned: Unsigned, issuer: Issuer): string {
  const algorithm = der.sequence(der.objectIdentifier(OID.ecdsaWithSha256));
  const nowMs = Date.now();
  const body = der.sequence(
    der.explicit(0, der.integer(Buffer.from([2]))), // version 3
    der.integer(serialNumber()),
    algorithm,
    distinguishedName(issuer.subject),
    der.sequence(der.utcTime(nowMs - BACKDATE_MS), der.utcTime(nowMs + LIFETIME_MS)),
    distinguishedName(unsigned.subject),
    createPublicKey(unsigned.publicKeyPem).export({ type: 'spki', format: 'der' }),
    der.explicit(3, der.sequence(...unsigned.extensions)),
  );
  const certificate = der.sequence(body, algorithm, der.bitString(sign('sha256', body, issuer.key)));
  const base64 = Buffer.from(certificate)
    .toString('base64')
    .replace(/.{1,64}/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${base64}-----END CERTIFICATE-----\n`;
}

/** 16 random bytes; the first is made 0x40..0x7f, so that the number is positive and has no leading zero. */
function serialNumber(): Uint8Array {
  const bytes = randomBytes(16);
  bytes[0] = 0x40 | ((bytes[0] ?? 0) & 0x3f);
  return bytes;
}

function distinguishedName({ commonName, organizations = [] }: CertificateSubject): Uint8Array {
  const attribute = (type: string, value: string) =>
    der.set(der.sequence(der.objectIdentifier(type), der.utf8String(value)));
  return der.sequence(
    ...organizations.map((organization) => attribute(OID.organization, organization)),
    attribute(OID.commonName, commonName),
  );
}

function leafExtensions(request: LeafRequest): Uint8Array[] {
  const isServer = request.purpose === 'server';
  const usage = der.objectIdentifier(isServer ? OID.serverAuth : OID.clientAuth);
  return [
    extension(OID.keyUsage, 'critical', der.bitString(Buffer.from([0x80]), 7)), // digitalSignature
    extension(OID.extendedKeyUsage, 'optional', der.sequence(usage)),
    ...(isServer
      ? [extension(OID.subjectAltName, 'optional', der.sequence(...request.hosts.map(generalName)))]
      : []),
  ];
}

function generalName(host: string): Uint8Array {
  switch (isIP(host)) {
    case 4:
      return der.implicit(7, Buffer.from(host.split('.').map(Number)));
    case 6:
      throw new RangeError(`an IPv6 address in a certificate is not supported: ${host}`);
    default:
      return der.implicit(2, Buffer.from(host, 'ascii'));
  }
}

function extension(id: string, weight: 'critical' | 'optional', value: Uint8Array): Uint8Array {
  const critical = weight === 'critical' ? [der.boolean(true)] : [];
  return der.sequence(der.objectIdentifier(id), ...critical, der.octetString(value));
}
