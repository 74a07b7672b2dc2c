import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import {
  authorityKeyId,
  basicConstraints,
  commonName,
  keyUsage,
  serverAuthUsage,
  signCertificate,
  subjectKeyId,
  subjectNames,
  subjectOf,
  type Validity,
} from './x509.js';

/** A certificate and its private key, both PEM (PKCS #8). */
export interface KeyedCertificate {
  readonly certPem: string;
  readonly keyPem: string;
}

/** What is random about a new certificate. Passed in, so that making one is a pure function but for the signature's nonce. */
export interface Material {
  /** P-256: signing with it costs a tenth of RSA-2048, and that is paid at each handshake. */
  readonly privateKey: KeyObject;
  /** 1 to 20 bytes in hexadecimal, positive: the first digit is below 8. */
  readonly serialHex: string;
}

/** A fresh key and a serial of 126 random bits. */
export function newMaterial(): Material {
  const serial = randomBytes(16);
  // Positive, and without a leading zero byte, which DER forbids.
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return {
    privateKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
    serialHex: serial.toString('hex'),
  };
}

/** A self-signed authority that may sign leaves only. Its name holds its serial, so that no two share one. */
export function createAuthority(validity: Validity, material: Material): KeyedCertificate {
  const publicKey = createPublicKey(material.privateKey);
  const name = commonName(`datadog-cluster-agent serving CA ${material.serialHex.slice(0, 8)}`);
  const certPem = signCertificate(
    {
      subject: name,
      issuer: name,
      publicKey,
      serialHex: material.serialHex,
      validity,
      extensions: [
        basicConstraints('authority'),
        keyUsage('authority'),
        subjectKeyId(publicKey),
        authorityKeyId(publicKey),
      ],
    },
    material.privateKey,
  );
  return { certPem, keyPem: keyPem(material.privateKey) };
}

export interface LeafContent {
  /** DNS names and IP addresses. */
  readonly names: readonly string[];
  readonly validity: Validity;
}

/** A serving certificate signed by `authority`. Clients verify its names; its common name is for people. */
export function issueLeaf(
  authority: KeyedCertificate,
  content: LeafContent,
  material: Material,
): KeyedCertificate {
  const publicKey = createPublicKey(material.privateKey);
  const issuerKey = createPrivateKey(authority.keyPem);
  const certPem = signCertificate(
    {
      subject: commonName('datadog-cluster-agent'),
      issuer: subjectOf(authority.certPem),
      publicKey,
      serialHex: material.serialHex,
      validity: content.validity,
      extensions: [
        basicConstraints('leaf'),
        keyUsage('leaf'),
        serverAuthUsage(),
        subjectKeyId(publicKey),
        authorityKeyId(createPublicKey(issuerKey)),
        subjectNames(content.names),
      ],
    },
    issuerKey,
  );
  return { certPem, keyPem: keyPem(material.privateKey) };
}

function keyPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}
