import { X509Certificate } from 'node:crypto';
import { createAuthority, issueLeaf, type KeyedCertificate, type Material } from './authority.js';
import { factsOf, type Pair } from './pair.js';
import { authorityValidity, leafValidity, type RenewalRules, type RenewalStep } from './renewal.js';
import { namesOf } from './serving-names.js';
import type { Leaf, SharedCertificates } from './shared-certificates.js';

/** What making certificates needs besides the step itself. */
export interface Workshop {
  readonly nowMs: number;
  /** The names of a leaf that no step names otherwise. */
  readonly names: readonly string[];
  readonly rules: RenewalRules;
  /** A new key and serial at each call. */
  readonly newMaterial: () => Material;
}

/** Makes the state that a step leads to. Authorities that have expired are left out of it. */
export function carryOut(step: RenewalStep, workshop: Workshop): SharedCertificates {
  return withoutExpired(nextState(step, workshop), workshop.nowMs);
}

function nextState(step: RenewalStep, workshop: Workshop): SharedCertificates {
  switch (step.step) {
    case 'keep':
    case 'prune':
      return step.of;
    case 'begin': {
      const signer = makeAuthority(workshop);
      return {
        signer,
        next: undefined,
        retired: step.salvage,
        leaf: makeLeaf(signer, workshop.names, workshop),
      };
    }
    case 'restore':
      return {
        ...step.of,
        next: step.of.next ?? makeAuthority(workshop),
        leaf: step.of.leaf ?? makeLeaf(step.of.signer, workshop.names, workshop),
      };
    case 'introduce':
      return {
        ...step.of,
        next: step.stranger,
        leaf: step.of.leaf ?? makeLeaf(step.of.signer, workshop.names, workshop),
      };
    case 'reissue':
      return { ...step.of, leaf: makeLeaf(step.of.signer, step.names, workshop) };
    case 'announce':
      return { ...step.of, next: makeAuthority(workshop) };
    case 'promote':
      return {
        signer: step.next,
        next: undefined,
        retired: [...step.of.retired, factsOf(new X509Certificate(step.of.signer.certPem))],
        leaf: makeLeaf(step.next, workshop.names, workshop),
      };
  }
}

function withoutExpired(state: SharedCertificates, nowMs: number): SharedCertificates {
  const isLiving = (authority: { readonly notAfterMs: number }): boolean => nowMs < authority.notAfterMs;
  const next = state.next !== undefined && isLiving(state.next) ? state.next : undefined;
  return { ...state, next, retired: state.retired.filter(isLiving) };
}

function makeAuthority({ nowMs, rules, newMaterial }: Workshop): Pair {
  return pairOf(createAuthority(authorityValidity(nowMs, rules), newMaterial()));
}

function makeLeaf(signer: Pair, names: readonly string[], { nowMs, rules, newMaterial }: Workshop): Leaf {
  const pair = pairOf(
    issueLeaf(signer, { names, validity: leafValidity(signer, nowMs, rules) }, newMaterial()),
  );
  return { ...pair, names: namesOf(new X509Certificate(pair.certPem)) };
}

function pairOf(made: KeyedCertificate): Pair {
  return { ...factsOf(new X509Certificate(made.certPem)), ...made };
}
