import { X509Certificate } from 'node:crypto';
import { newMaterial } from '../../../certs/authority.js';
import { carryOut } from '../../../certs/carry-out.js';
import { splitPem } from '../../../certs/pair.js';
import type { RenewalRules } from '../../../certs/renewal.js';
import type { SharedCertificates } from '../../../certs/shared-certificates.js';
import { createLogger, type Logger } from '../../../core/log.js';

export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;

export const startMs = Date.UTC(2026, 0, 1);

export const rules: RenewalRules = {
  leafLifeMs: 90 * dayMs,
  authorityLifeMs: 730 * dayMs,
  propagationMs: 10 * minuteMs,
  backdateMs: 5 * minuteMs,
};

export const names: readonly string[] = ['metrics.datadog.svc', 'metrics', 'localhost', '127.0.0.1', '::1'];

export function workshop(nowMs: number) {
  return { nowMs, names, rules, newMaterial };
}

/** What a first replica makes at `nowMs`. */
export function freshCertificates(nowMs = startMs): SharedCertificates {
  return carryOut({ step: 'begin', salvage: [], why: 'a test' }, workshop(nowMs));
}

/** Whether a client that trusts `bundlePem` and sees `nowMs` on its clock accepts this leaf. */
export function isAccepted(leafPem: string, bundlePem: string, nowMs: number): boolean {
  return acceptance(leafPem, bundlePem).some(({ fromMs, toMs }) => fromMs <= nowMs && nowMs < toMs);
}

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

const acceptances = new Map<string, readonly Span[]>();

/** When some authority of the bundle vouches for the leaf. Remembered, since signatures are slow to verify. */
function acceptance(leafPem: string, bundlePem: string): readonly Span[] {
  const known = acceptances.get(leafPem + bundlePem);
  if (known !== undefined) return known;
  const leaf = new X509Certificate(leafPem);
  const spans = splitPem(bundlePem)
    .map((pem) => new X509Certificate(pem))
    .filter((authority) => leaf.checkIssued(authority) && leaf.verify(authority.publicKey))
    .map((authority) => ({
      fromMs: Math.max(Date.parse(leaf.validFrom), Date.parse(authority.validFrom)),
      toMs: Math.min(Date.parse(leaf.validTo), Date.parse(authority.validTo)),
    }));
  acceptances.set(leafPem + bundlePem, spans);
  return spans;
}

/** A log whose lines can be looked at; nothing is scrubbed from them. */
export function recordingLog(): { readonly log: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  return { lines, log: createLogger('debug', (text) => text, { write: (line) => lines.push(line) }) };
}
