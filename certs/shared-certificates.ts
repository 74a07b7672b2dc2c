import type { CertificateFacts, Pair } from './pair.js';

/** A leaf and the names that it was made for, as the certificate spells them. */
export interface Leaf extends Pair {
  readonly names: readonly string[];
}

/** All that the replicas share: who signs, who will sign, who has signed, and what is served. */
export interface SharedCertificates {
  /** The authority that signs leaves. */
  readonly signer: Pair;
  /** The authority that will sign once every client had time to learn to trust it. */
  readonly next: Pair | undefined;
  /** Authorities that sign no more (their keys are gone) but have signed leaves that a replica may still show. */
  readonly retired: readonly CertificateFacts[];
  /** Always signed by `signer`. `undefined` when what was kept could not be used. */
  readonly leaf: Leaf | undefined;
}

/** All authorities that have not expired, oldest first, each once. */
export function trustedAuthorities(
  certificates: SharedCertificates,
  nowMs: number,
): readonly CertificateFacts[] {
  const { signer, next, retired } = certificates;
  const all = next === undefined ? [...retired, signer] : [...retired, signer, next];
  const living = all.filter((authority) => authority.notAfterMs > nowMs);
  const each = new Map(living.map((authority) => [authority.fingerprint, authority]));
  return [...each.values()].sort(
    (a, b) => a.notBeforeMs - b.notBeforeMs || (a.fingerprint < b.fingerprint ? -1 : 1),
  );
}

/** What clients must trust to accept every leaf in use: the same text on every replica that holds the same state. */
export function bundleOf(certificates: SharedCertificates, nowMs: number): string {
  return trustedAuthorities(certificates, nowMs)
    .map((authority) => authority.certPem)
    .join('');
}
