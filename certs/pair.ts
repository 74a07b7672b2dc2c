import { createPrivateKey, X509Certificate } from 'node:crypto';
import { messageOf } from '../core/fault.js';
import { fail, ok, type Result } from '../core/result.js';

/** A certificate as far as its life and names are concerned. */
export interface CertificateFacts {
  readonly certPem: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** SHA-256 in hexadecimal: its identity. */
  readonly fingerprint: string;
}

/** A certificate that goes with its private key. */
export interface Pair extends CertificateFacts {
  readonly keyPem: string;
}

/** Reads the first certificate of a PEM text. The error says what was expected. */
export function readCertificate(pem: string): Result<X509Certificate, string> {
  try {
    return ok(new X509Certificate(pem));
  } catch (error: unknown) {
    return fail(`expected a PEM certificate, found ${describe(pem)} (${messageOf(error)})`);
  }
}

/** Reads a PEM chain and the private key of its first certificate. The error says what is wrong and never holds key text. */
export function readPair(certPem: string, keyPem: string): Result<Pair, string> {
  const certificate = readCertificate(certPem);
  if (!certificate.ok) return certificate;
  try {
    if (!certificate.value.checkPrivateKey(createPrivateKey(keyPem)))
      return fail('the private key belongs to another certificate');
  } catch (error: unknown) {
    return fail(
      `expected an unencrypted PEM private key that goes with the certificate (${messageOf(error)})`,
    );
  }
  return ok({ ...factsOf(certificate.value), certPem, keyPem });
}

export function factsOf(certificate: X509Certificate): CertificateFacts {
  return {
    certPem: certificate.toString(),
    notBeforeMs: Date.parse(certificate.validFrom),
    notAfterMs: Date.parse(certificate.validTo),
    fingerprint: certificate.fingerprint256,
  };
}

/** The certificates of a PEM text, one text each; whatever stands between them is left out. */
export function splitPem(text: string): readonly string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----\n?/g) ?? [];
}

function describe(pem: string): string {
  if (pem.trim() === '') return 'nothing';
  return pem.includes('-----BEGIN') ? 'a damaged or other PEM block' : 'another text';
}
