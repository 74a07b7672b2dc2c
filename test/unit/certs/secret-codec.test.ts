import { expect } from 'chai';
import fc from 'fast-check';
import { carryOut } from '../../../certs/carry-out.js';
import { decodeSecret, encodeSecret, type Found, type SecretData } from '../../../certs/secret-codec.js';
import type { SharedCertificates } from '../../../certs/shared-certificates.js';
import { dayMs, freshCertificates, startMs, workshop } from './samples.js';

/** A state in the middle of its second rollover: it has every part. */
function fullState(): SharedCertificates {
  const first = freshCertificates();
  const announced = carryOut({ step: 'announce', of: first, why: '' }, workshop(startMs + dayMs));
  if (announced.next === undefined) throw new Error('nothing announced');
  const promoted = carryOut(
    { step: 'promote', of: announced, next: announced.next, why: '' },
    workshop(startMs + 2 * dayMs),
  );
  return carryOut({ step: 'announce', of: promoted, why: '' }, workshop(startMs + 3 * dayMs));
}

function sound(found: Found): Extract<Found, { kind: 'sound' }> {
  if (found.kind !== 'sound') throw new Error(`expected sound, got ${JSON.stringify(found)}`);
  return found;
}

const changed = (data: SecretData, change: Readonly<Record<string, string | undefined>>): SecretData =>
  Object.fromEntries(
    Object.entries({
      ...data,
      ...Object.fromEntries(
        Object.entries(change).map(([k, v]) => [k, v === undefined ? v : Buffer.from(v)]),
      ),
    }).filter((entry): entry is [string, Buffer] => entry[1] !== undefined),
  );

describe('the Secret’s codec', () => {
  const full = fullState();
  const data = encodeSecret(full);

  it('reads back what it wrote, whole', () => {
    expect(decodeSecret(data)).to.deep.equal({ kind: 'sound', certificates: full, complaints: [] });
    const first = freshCertificates();
    expect(decodeSecret(encodeSecret(first))).to.deep.equal({
      kind: 'sound',
      certificates: first,
      complaints: [],
    });
  });

  it('uses the keys of a TLS Secret for what others may read', () => {
    expect(Object.keys(data)).to.have.members([
      'tls.crt',
      'tls.key',
      'ca.crt',
      'ca.key',
      'next-ca.crt',
      'next-ca.key',
      'retired-cas.crt',
    ]);
  });

  it('takes no Secret, an empty one and one with foreign keys for absent', () => {
    expect(decodeSecret(undefined)).to.deep.equal({ kind: 'absent' });
    expect(decodeSecret({})).to.deep.equal({ kind: 'absent' });
    expect(decodeSecret({ 'tls.crt': Buffer.alloc(0), note: Buffer.from('x') })).to.deep.equal({
      kind: 'absent',
    });
  });

  it('loses a damaged leaf or next authority alone, by name', () => {
    const badLeaf = sound(decodeSecret(changed(data, { 'tls.crt': 'garbage' })));
    expect(badLeaf.certificates).to.deep.equal({ ...full, leaf: undefined });
    expect(badLeaf.complaints.join()).to.match(
      /^tls\.crt and tls\.key: expected a PEM certificate, found another text/,
    );

    const badNext = sound(decodeSecret(changed(data, { 'next-ca.key': data['tls.key']?.toString() })));
    expect(badNext.certificates).to.deep.equal({ ...full, next: undefined });
    expect(badNext.complaints.join()).to.equal(
      'next-ca.crt and next-ca.key: the private key belongs to another certificate',
    );
  });

  it('refuses a leaf that its authority did not sign', () => {
    const stranger = encodeSecret(freshCertificates());
    const found = sound(
      decodeSecret(
        changed(data, {
          'tls.crt': stranger['tls.crt']?.toString(),
          'tls.key': stranger['tls.key']?.toString(),
        }),
      ),
    );
    expect(found.certificates.leaf).to.equal(undefined);
    expect(found.complaints).to.deep.equal(['tls.crt: expected a certificate signed by ca.crt']);
  });

  it('calls it damaged without a signer, and saves the authorities that clients may still need', () => {
    const noKey = decodeSecret(changed(data, { 'ca.key': undefined }));
    expect(noKey).to.include({ kind: 'damaged' });
    if (noKey.kind !== 'damaged') return;
    expect(noKey.problem).to.match(/^ca\.crt and ca\.key: expected an unencrypted PEM private key/);
    expect(noKey.salvage.map((authority) => authority.fingerprint)).to.have.members([
      full.signer.fingerprint,
      full.next?.fingerprint,
      full.retired[0]?.fingerprint,
    ]);
    expect(
      decodeSecret(changed(data, { 'ca.crt': full.leaf?.certPem, 'ca.key': full.leaf?.keyPem })),
    ).to.include({
      kind: 'damaged',
      problem: 'ca.crt: expected the certificate of an authority',
    });
  });

  it('never throws and never repeats a key, whatever is in the Secret', () => {
    const keyText = full.signer.keyPem.split('\n')[1] ?? '';
    const piece = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(...Object.values(data).map((buffer) => buffer.toString())),
      fc.nat(200).map((at) => full.signer.keyPem.slice(0, at)),
      fc.nat(600).map((at) => full.signer.certPem.slice(at)),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...Object.keys(data)), piece), (texts) => {
        const found = decodeSecret(changed({}, texts));
        const said =
          found.kind === 'sound' ? found.complaints.join() : found.kind === 'damaged' ? found.problem : '';
        expect(said).to.not.include(keyText);
      }),
      { numRuns: 300 },
    );
  });
});
