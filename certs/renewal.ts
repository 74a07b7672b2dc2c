import type { Pair } from './pair.js';
import type { Found } from './secret-codec.js';
import { missingNames } from './serving-names.js';
import { type SharedCertificates, trustedAuthorities } from './shared-certificates.js';
import type { Validity } from './x509.js';

/** How long things live. */
export interface RenewalRules {
  readonly leafLifeMs: number;
  readonly authorityLifeMs: number;
  /** How long a new authority must stand in the published bundle before it signs: the time that clients take to read it. */
  readonly propagationMs: number;
  /** New certificates hold since so long ago already: the clocks of two machines are never quite the same. */
  readonly backdateMs: number;
}

/** What is known at the moment of deciding. */
export interface RenewalView {
  readonly nowMs: number;
  /** The names that a leaf must have. */
  readonly names: readonly string[];
  /** What this replica served last, whatever became of the Secret. */
  readonly held: SharedCertificates | undefined;
  /** By fingerprint: for how long an authority is known to stand in the published bundle without a break. */
  readonly publishedForMs: ReadonlyMap<string, number>;
}

/** One change of what is kept; `why` is for the log. Only one is made at a time, and each leaves a state that works. */
export type RenewalStep =
  | { readonly step: 'keep'; readonly of: SharedCertificates }
  /** Start anew: an authority and a leaf. */
  | { readonly step: 'begin'; readonly salvage: SharedCertificates['retired']; readonly why: string }
  /** Write again what this replica holds, with a next authority, in case the one before was taken away on purpose. */
  | { readonly step: 'restore'; readonly of: SharedCertificates; readonly why: string }
  /** Keep what this replica holds, and make the stranger's authority the next one, to be published before it signs. */
  | {
      readonly step: 'introduce';
      readonly of: SharedCertificates;
      readonly stranger: Pair;
      readonly why: string;
    }
  | {
      readonly step: 'reissue';
      readonly of: SharedCertificates;
      readonly names: readonly string[];
      readonly why: string;
    }
  /** Make the next authority and publish it beside the present one. */
  | { readonly step: 'announce'; readonly of: SharedCertificates; readonly why: string }
  /** Let the next authority sign. */
  | { readonly step: 'promote'; readonly of: SharedCertificates; readonly next: Pair; readonly why: string }
  | { readonly step: 'prune'; readonly of: SharedCertificates; readonly why: string };

/** The whole of certificate renewal that needs thought. */
export function decideRenewal(found: Found, view: RenewalView, rules: RenewalRules): RenewalStep {
  switch (found.kind) {
    case 'absent':
      return startAgain('nothing is kept', [], view);
    case 'damaged':
      return startAgain(`what is kept is damaged: ${found.problem}`, found.salvage, view);
    case 'sound':
      return introduceOf(found.certificates, view) ?? stepOf(found.certificates, view, rules);
  }
}

/** A replica that still serves keeps on serving the same, so that the loss of a Secret fails no request. */
function startAgain(why: string, salvage: SharedCertificates['retired'], view: RenewalView): RenewalStep {
  const { held, nowMs } = view;
  if (held === undefined || nowMs >= held.signer.notAfterMs) return { step: 'begin', salvage, why };
  return { step: 'restore', of: held, why };
}

/**
 * Sound certificates by which nobody trusts the present authority did not come from a replica: perhaps a backup was
 * restored. Taken at once, they would break every connection until all clients have read the new bundle.
 */
function introduceOf(found: SharedCertificates, { held, nowMs }: RenewalView): RenewalStep | undefined {
  if (held === undefined || nowMs >= held.signer.notAfterMs) return undefined;
  const { fingerprint } = held.signer;
  if (trustedAuthorities(found, nowMs).some((authority) => authority.fingerprint === fingerprint))
    return undefined;
  const why = 'an authority that was never announced has taken the place of the present one';
  return { step: 'introduce', of: held, stranger: found.signer, why };
}

function stepOf(of: SharedCertificates, view: RenewalView, rules: RenewalRules): RenewalStep {
  const { nowMs } = view;
  const next = of.next !== undefined && nowMs < of.next.notAfterMs ? of.next : undefined;
  if (next === undefined && nowMs >= of.signer.notAfterMs) {
    return { step: 'begin', salvage: [], why: 'the authority has expired' };
  }
  if (next !== undefined) {
    const why = reasonToPromote(of.signer, next, view, rules);
    if (why !== undefined) return { step: 'promote', of, next, why };
  }
  return (
    reissueOf(of, view, rules) ?? announceOf(of, next, view) ?? pruneOf(of, view) ?? { step: 'keep', of }
  );
}

function reasonToPromote(
  signer: Pair,
  next: Pair,
  view: RenewalView,
  rules: RenewalRules,
): string | undefined {
  if ((view.publishedForMs.get(next.fingerprint) ?? -1) >= rules.propagationMs) {
    return 'the next authority has been published long enough';
  }
  // Clients may not trust the next authority yet, but the present one they will soon refuse for certain.
  return view.nowMs >= signer.notAfterMs - rules.propagationMs ? 'the authority expires' : undefined;
}

function reissueOf(of: SharedCertificates, view: RenewalView, rules: RenewalRules): RenewalStep | undefined {
  const { leaf } = of;
  const { names, nowMs } = view;
  if (leaf === undefined) return { step: 'reissue', of, names, why: 'no usable leaf is kept' };
  const missing = missingNames(names, leaf.names);
  if (missing.length > 0) {
    // Replicas with other settings may run beside this one during a roll-out; with the names of both, neither undoes the other's.
    return {
      step: 'reissue',
      of,
      names: [...leaf.names, ...missing],
      why: `the leaf lacks the names ${missing.join(', ')}`,
    };
  }
  // The end of the authority's life caps the leaf's: near it a new leaf would live no longer.
  const isGain = leafValidity(of.signer, nowMs, rules).notAfterMs > leaf.notAfterMs;
  if (isDue(leaf, nowMs) && isGain)
    return { step: 'reissue', of, names, why: 'two thirds of the leaf’s life have passed' };
  return undefined;
}

function announceOf(
  of: SharedCertificates,
  next: Pair | undefined,
  view: RenewalView,
): RenewalStep | undefined {
  if (next !== undefined || !isDue(of.signer, view.nowMs)) return undefined;
  return { step: 'announce', of, why: 'two thirds of the authority’s life have passed' };
}

function pruneOf(of: SharedCertificates, view: RenewalView): RenewalStep | undefined {
  const isExpired = of.retired.some((authority) => view.nowMs >= authority.notAfterMs);
  return isExpired ? { step: 'prune', of, why: 'a retired authority has expired' } : undefined;
}

/** Whether two thirds of a certificate's life have passed. */
export function isDue(validity: Validity, nowMs: number): boolean {
  return nowMs >= validity.notBeforeMs + ((validity.notAfterMs - validity.notBeforeMs) * 2) / 3;
}

export function authorityValidity(nowMs: number, rules: RenewalRules): Validity {
  return { notBeforeMs: nowMs - rules.backdateMs, notAfterMs: nowMs + rules.authorityLifeMs };
}

/** A leaf never outlives the authority that signs it. */
export function leafValidity(signer: Validity, nowMs: number, rules: RenewalRules): Validity {
  return {
    notBeforeMs: Math.max(signer.notBeforeMs, nowMs - rules.backdateMs),
    notAfterMs: Math.min(signer.notAfterMs, nowMs + rules.leafLifeMs),
  };
}
