import {
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import * as der from '../../control-plane/der.js';

/** The extended key usage of clients. */
export const clientAuth = '1.3.6.1.5.5.7.3.2';
/** The extended key usage of servers. */
export const serverAuth = '1.3.6.1.5.5.7.3.1';
const day = 24 * 3_600_000;

/** A certificate with its private key. */
export interface TestCertificate {
  readonly commonName: string;
  readonly pem: string;
  readonly keyPem: string;
  readonly key: KeyObject;
  readonly x509: X509Certificate;
}

/** What a certificate shall be; all but its name has a default that a client's leaf would have. */
export interface Wish {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  /** Signs itself when left out. */
  readonly issuer?: TestCertificate;
  readonly notBeforeMs?: number;
  readonly notAfterMs?: number;
  readonly isAuthority?: boolean;
  readonly maxPathLength?: number;
  /** Extended key usages; `none` leaves the extension out. */
  readonly usages?: readonly string[] | 'none';
  readonly criticalExtension?: string;
  readonly hash?: 'sha1' | 'sha256';
  readonly dnsNames?: readonly string[];
}

/** An authority that has signed itself. */
export function createRoot(commonName: string, wish: Partial<Wish> = {}): TestCertificate {
  return createCertificate({ commonName, isAuthority: true, usages: 'none', ...wish });
}

/** A certificate with a fresh key (P-256). */
export function createCertificate(wish: Wish): TestCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const hash = wish.hash ?? 'sha256';
  const algorithm = der.sequence(
    der.objectIdentifier(hash === 'sha1' ? '1.2.840.10045.4.1' : '1.2.840.10045.4.3.2'),
  );
  const issuerName = wish.issuer === undefined ? nameOf(wish) : issuerNameOf(wish.issuer);
  const from = wish.notBeforeMs ?? Date.now() - day;
  const serial = Buffer.concat([Buffer.from([0x40]), randomBytes(15)]);
  const body = der.sequence(
    der.explicit(0, der.integer(Buffer.from([2]))),
    der.integer(serial),
    algorithm,
    issuerName,
    der.sequence(der.utcTime(from), der.utcTime(wish.notAfterMs ?? from + 7 * day)),
    nameOf(wish),
    createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })).export({
      type: 'spki',
      format: 'der',
    }),
    der.explicit(3, der.sequence(...extensionsOf(wish))),
  );
  const signature = sign(hash, body, wish.issuer?.key ?? privateKey);
  const raw = Buffer.from(der.sequence(body, algorithm, der.bitString(signature)));
  const x509 = new X509Certificate(raw);
  const keyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { commonName: wish.commonName, pem: x509.toString(), keyPem, key: privateKey, x509 };
}

function extensionsOf(wish: Wish): Uint8Array[] {
  const extensions: Uint8Array[] = [];
  if (wish.isAuthority === true) {
    const length = wish.maxPathLength === undefined ? [] : [der.integer(Buffer.from([wish.maxPathLength]))];
    extensions.push(extension('2.5.29.19', true, der.sequence(der.boolean(true), ...length)));
    extensions.push(extension('2.5.29.15', true, der.bitString(Buffer.from([0x06]), 1)));
  }
  const usages = wish.usages ?? [clientAuth];
  if (usages !== 'none') {
    extensions.push(extension('2.5.29.37', false, der.sequence(...usages.map(der.objectIdentifier))));
  }
  if (wish.criticalExtension !== undefined) {
    extensions.push(extension(wish.criticalExtension, true, der.boolean(true)));
  }
  if (wish.dnsNames !== undefined) {
    const names = wish.dnsNames.map((name) => der.implicit(2, Buffer.from(name)));
    extensions.push(extension('2.5.29.17', false, der.sequence(...names)));
  }
  return extensions;
}

function extension(id: string, isCritical: boolean, value: Uint8Array): Uint8Array {
  return der.sequence(
    der.objectIdentifier(id),
    ...(isCritical ? [der.boolean(true)] : []),
    der.octetString(value),
  );
}

function nameOf({ commonName, organizations = [] }: Pick<Wish, 'commonName' | 'organizations'>): Uint8Array {
  const attribute = (type: string, value: string): Uint8Array =>
    der.set(der.sequence(der.objectIdentifier(type), der.utf8String(value)));
  return der.sequence(
    ...organizations.map((organization) => attribute('2.5.4.10', organization)),
    attribute('2.5.4.3', commonName),
  );
}

function issuerNameOf(issuer: TestCertificate): Uint8Array {
  return nameOf({ commonName: issuer.commonName });
}
