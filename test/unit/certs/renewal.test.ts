import { expect } from 'chai';
import { carryOut } from '../../../certs/carry-out.js';
import { decideRenewal, type RenewalStep, type RenewalView } from '../../../certs/renewal.js';
import type { Found } from '../../../certs/secret-codec.js';
import { bundleOf, type SharedCertificates } from '../../../certs/shared-certificates.js';
import {
  dayMs,
  freshCertificates,
  hourMs,
  isAccepted,
  minuteMs,
  names,
  rules,
  startMs,
  workshop,
} from './samples.js';

const sound = (certificates: SharedCertificates): Found => ({ kind: 'sound', certificates, complaints: [] });

function decide(found: Found, nowMs: number, more: Partial<RenewalView> = {}): RenewalStep {
  return decideRenewal(found, { nowMs, names, held: undefined, publishedForMs: new Map(), ...more }, rules);
}

describe('decideRenewal', () => {
  const first = freshCertificates();
  const announcedAtMs = startMs + 487 * dayMs;
  const announced = carryOut(
    { step: 'announce', of: { ...first, leaf: freshLeaf(first, announcedAtMs) }, why: '' },
    workshop(announcedAtMs),
  );
  const next = announced.next;
  if (next === undefined) throw new Error('nothing announced');

  it('keeps what is sound and young', () => {
    expect(decide(sound(first), startMs).step).to.equal('keep');
    expect(decide(sound(first), startMs + 59 * dayMs).step).to.equal('keep');
  });

  it('begins when nothing is kept', () => {
    expect(decide({ kind: 'absent' }, startMs)).to.deep.equal({
      step: 'begin',
      salvage: [],
      why: 'nothing is kept',
    });
  });

  it('begins from damage with the authorities that could be saved', () => {
    const step = decide({ kind: 'damaged', problem: 'ca.key: odd', salvage: [first.signer] }, startMs);
    expect(step).to.deep.equal({
      step: 'begin',
      salvage: [first.signer],
      why: 'what is kept is damaged: ca.key: odd',
    });
    const made = carryOut(step, workshop(startMs + dayMs));
    expect(bundleOf(made, startMs + dayMs))
      .to.include(first.signer.certPem)
      .and.include(made.signer.certPem);
  });

  it('restores what it serves when the Secret is lost, with a next authority beside', () => {
    for (const lost of [{ kind: 'absent' }, { kind: 'damaged', problem: '', salvage: [] }] as const) {
      const step = decide(lost, startMs + dayMs, { held: first });
      expect(step).to.include({ step: 'restore', of: first });
      const made = carryOut(step, workshop(startMs + dayMs));
      expect(made).to.include({ signer: first.signer, leaf: first.leaf });
      expect(made.next).to.not.equal(undefined);
      expect(carryOut({ step: 'restore', of: made, why: '' }, workshop(startMs)).next).to.equal(made.next);
    }
  });

  it('does not restore an authority that has expired', () => {
    expect(decide({ kind: 'absent' }, startMs + 731 * dayMs, { held: first }).step).to.equal('begin');
  });

  it('reissues the leaf at two thirds of its life, to the millisecond', () => {
    const { leaf } = first;
    if (leaf === undefined) throw new Error('no leaf');
    const dueMs = leaf.notBeforeMs + ((leaf.notAfterMs - leaf.notBeforeMs) * 2) / 3;
    expect(decide(sound(first), dueMs - 1).step).to.equal('keep');
    expect(decide(sound(first), dueMs)).to.include({ step: 'reissue', names });
    const made = carryOut(decide(sound(first), dueMs), workshop(dueMs));
    expect(made.signer).to.equal(first.signer);
    expect(made.leaf?.notAfterMs).to.equal(Math.floor((dueMs + rules.leafLifeMs) / 1000) * 1000);
    expect(decide(sound(made), dueMs).step).to.equal('keep');
  });

  it('reissues a missing leaf, and one that lacks a name, with the names of both settings', () => {
    expect(decide(sound({ ...first, leaf: undefined }), startMs)).to.include({ step: 'reissue', names });
    const step = decide(sound(first), startMs, { names: ['metrics', 'new.example'] });
    expect(step.step).to.equal('reissue');
    const made = carryOut(step, workshop(startMs));
    expect(made.leaf?.names).to.include.members(['metrics', 'new.example', 'localhost', '127.0.0.1']);
    // Neither the replica with the new settings nor the one with the old finds anything to change.
    expect(decide(sound(made), startMs, { names: ['metrics', 'new.example'] }).step).to.equal('keep');
    expect(decide(sound(made), startMs).step).to.equal('keep');
  });

  it('announces a next authority at two thirds of the life of the present one', () => {
    const renewed = { ...first, leaf: freshLeaf(first, startMs + 486 * dayMs) };
    expect(decide(sound(renewed), startMs + 486 * dayMs).step).to.equal('keep');
    expect(decide(sound(renewed), startMs + 487 * dayMs).step).to.equal('announce');
    expect(isAccepted(announced.leaf?.certPem ?? '', first.signer.certPem, announcedAtMs)).to.equal(true);
    expect(bundleOf(announced, announcedAtMs)).to.equal(first.signer.certPem + next.certPem);
  });

  it('lets the next authority sign only after it was published for long enough', () => {
    const at = announcedAtMs + hourMs;
    const published = (ms: number) => ({ publishedForMs: new Map([[next.fingerprint, ms]]) });
    expect(decide(sound(announced), at).step).to.equal('keep');
    expect(decide(sound(announced), at, published(rules.propagationMs - 1)).step).to.equal('keep');
    expect(
      decide(sound(announced), at, { publishedForMs: new Map([['another', rules.propagationMs]]) }).step,
    ).to.equal('keep');
    const step = decide(sound(announced), at, published(rules.propagationMs));
    expect(step.step).to.equal('promote');
    const made = carryOut(step, workshop(at));
    expect(made.signer).to.equal(next);
    expect(made.next).to.equal(undefined);
    expect(isAccepted(made.leaf?.certPem ?? '', next.certPem, at)).to.equal(true);
    expect(bundleOf(made, at)).to.equal(first.signer.certPem + next.certPem);
    expect(JSON.stringify(made.retired)).to.not.include('PRIVATE KEY');
  });

  it('lets an unpublished next authority sign rather than let the present one expire', () => {
    const expiryMs = first.signer.notAfterMs;
    const late = { ...announced, leaf: freshLeaf(first, expiryMs - dayMs) };
    expect(decide(sound(late), expiryMs - rules.propagationMs - 1).step).to.equal('keep');
    expect(decide(sound(late), expiryMs - rules.propagationMs).step).to.equal('promote');
    expect(decide(sound(late), expiryMs + dayMs).step).to.equal('promote');
  });

  it('begins anew when every authority that could sign has expired', () => {
    expect(decide(sound(first), first.signer.notAfterMs).step).to.equal('begin');
    expect(decide(sound(announced), next.notAfterMs).step).to.equal('begin');
  });

  it('publishes every living authority during a second rollover, oldest first', () => {
    const promoted = carryOut(
      { step: 'promote', of: announced, next, why: '' },
      workshop(announcedAtMs + hourMs),
    );
    const again = carryOut({ step: 'announce', of: promoted, why: '' }, workshop(announcedAtMs + dayMs));
    expect(bundleOf(again, announcedAtMs + dayMs)).to.equal(
      first.signer.certPem + next.certPem + (again.next?.certPem ?? 'nothing'),
    );
  });

  it('introduces an authority that nobody announced before it lets it sign', () => {
    const stranger = freshCertificates();
    const step = decide(sound(stranger), startMs, { held: first });
    expect(step).to.include({ step: 'introduce', of: first, stranger: stranger.signer });
    const made = carryOut(step, workshop(startMs));
    expect(made).to.include({ signer: first.signer, next: stranger.signer, leaf: first.leaf });
    expect(decide(sound(made), startMs, { held: first }).step).to.equal('keep');
    const publishedForMs = new Map([[stranger.signer.fingerprint, rules.propagationMs]]);
    expect(decide(sound(made), startMs, { held: first, publishedForMs }).step).to.equal('promote');
  });

  it('takes an unannounced authority at once when the one it holds has expired, and an announced one always', () => {
    const expiryMs = first.signer.notAfterMs;
    const stranger = carryOut({ step: 'begin', salvage: [], why: '' }, workshop(expiryMs));
    expect(decide(sound(stranger), expiryMs, { held: first }).step).to.equal('keep');
    const promoted = carryOut(
      { step: 'promote', of: announced, next, why: '' },
      workshop(announcedAtMs + hourMs),
    );
    expect(decide(sound(promoted), announcedAtMs + hourMs, { held: first }).step).to.equal('keep');
  });

  it('does not reissue again and again when the authority’s end caps the leaf', () => {
    const nearEndMs = first.signer.notAfterMs - 2 * dayMs;
    const capped = { ...announced, leaf: freshLeaf(first, nearEndMs) };
    expect(capped.leaf?.notAfterMs).to.equal(first.signer.notAfterMs);
    expect(decide(sound(capped), first.signer.notAfterMs - hourMs).step).to.equal('keep');
  });

  it('drops retired authorities from the bundle when they expire, and from the Secret soon after', () => {
    const promotedAtMs = announcedAtMs + 11 * minuteMs;
    const promoted = carryOut({ step: 'promote', of: announced, next, why: '' }, workshop(promotedAtMs));
    const expiryMs = first.signer.notAfterMs;
    const renewed = { ...promoted, leaf: freshLeaf(promoted, expiryMs) };
    expect(bundleOf(renewed, expiryMs - 1)).to.equal(first.signer.certPem + next.certPem);
    expect(decide(sound(renewed), expiryMs - 1).step).to.equal('keep');
    expect(bundleOf(renewed, expiryMs)).to.equal(next.certPem);
    const step = decide(sound(renewed), expiryMs);
    expect(step.step).to.equal('prune');
    expect(carryOut(step, workshop(expiryMs)).retired).to.deep.equal([]);
  });
});

function freshLeaf(of: SharedCertificates, nowMs: number) {
  return carryOut({ step: 'reissue', of, names, why: '' }, workshop(nowMs)).leaf;
}
