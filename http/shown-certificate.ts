import { X509Certificate } from 'node:crypto';
import type { Health } from '../core/component.js';

/** Where a listener gets its certificate from. */
export interface CertificateFeed {
  /** PEM: the certificate with the chain that it needs, and its key. `undefined` while there is none yet. */
  current(): { readonly certPem: string; readonly keyPem: string } | undefined;
  /** Calls `listener` after each change of `current()`; the function returned ends that. */
  onChange(listener: () => void): () => void;
}

/** The certificate that a listener shows to its clients. */
export interface ShownCertificate {
  readonly serial: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** Reads the first certificate of a PEM chain, the one that is shown. Throws when there is none. */
export function describeCertificate(certPem: string): ShownCertificate {
  const certificate = new X509Certificate(certPem);
  return {
    serial: certificate.serialNumber,
    notBeforeMs: Date.parse(certificate.validFrom),
    notAfterMs: Date.parse(certificate.validTo),
  };
}

/** Outside its life a certificate is refused by every client that verifies, so the replica must get no traffic. */
export function certificateHealth(certificate: ShownCertificate, nowMs: number): Health {
  if (nowMs >= certificate.notAfterMs) {
    const since = new Date(certificate.notAfterMs).toISOString();
    return {
      state: 'unready',
      detail: `the serving certificate expired at ${since}; see the health of its source for why it was not renewed`,
    };
  }
  if (nowMs < certificate.notBeforeMs) {
    const from = new Date(certificate.notBeforeMs).toISOString();
    return {
      state: 'unready',
      detail: `the serving certificate is valid from ${from} only; compare this machine's clock with the issuer's`,
    };
  }
  return { state: 'ready' };
}
