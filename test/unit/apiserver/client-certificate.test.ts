import { expect } from 'chai';
import { readBundle, subjectOf, toCertificate, verifyChain } from '../../../apiserver/client-certificate.js';
import { factsOf } from '../../../apiserver/x509-extensions.js';
import { createCertificate, createRoot, serverAuth, type TestCertificate } from './certificates.js';

const hour = 3_600_000;
const nowMs = Date.UTC(2026, 5, 1);
const life = { notBeforeMs: nowMs - hour, notAfterMs: nowMs + hour };
const root = createRoot('root', life);

/** `ok`, or why a chain is not trusted. */
function verdict(
  presented: readonly TestCertificate[],
  roots: readonly TestCertificate[] = [root],
  atMs = nowMs,
): string {
  const found = verifyChain(
    presented.map(({ x509 }) => toCertificate(x509)),
    readBundle(roots.map(({ pem }) => pem).join('\n')),
    atMs,
  );
  return found.ok ? 'ok' : found.error;
}

const leafOf = (
  issuer: TestCertificate,
  wish: Partial<Parameters<typeof createCertificate>[0]> = {},
): TestCertificate => createCertificate({ commonName: 'leaf', issuer, ...life, ...wish });

describe('apiserver/client-certificate', () => {
  it('trusts a leaf of a trusted authority, for as long as the shortest certificate of the chain lives', () => {
    const leaf = leafOf(root, { notBeforeMs: nowMs - 60_000, notAfterMs: nowMs + 2 * hour });
    expect(verifyChain([toCertificate(leaf.x509)], readBundle(root.pem), nowMs)).to.deep.equal({
      ok: true,
      value: { notBeforeMs: nowMs - 60_000, notAfterMs: nowMs + hour },
    });
  });

  it('trusts any of several authorities, also two of one name', () => {
    const successor = createRoot('root', life);
    expect(verdict([leafOf(successor)], [root, successor])).to.equal('ok');
    expect(verdict([leafOf(root)], [successor, root])).to.equal('ok');
  });

  it('refuses a stranger, one of the same name too', () => {
    const expected = 'certificate signed by unknown authority "CN=root"';
    expect(verdict([leafOf(createRoot('root', life))])).to.equal(expected);
    expect(verdict([leafOf(root)], [])).to.equal(expected);
    expect(verdict([])).to.equal('no certificate');
    expect(verdict([root], [])).to.equal(expected);
  });

  it('refuses a certificate before and after its life, be it the leaf’s or an authority’s', () => {
    const leaf = leafOf(root, { notBeforeMs: nowMs - 60_000, notAfterMs: nowMs + 60_000 });
    expect(verdict([leaf], [root], nowMs + 61_000)).to.match(
      /^certificate expired on Jun {2}1 00:01:00 2026 GMT$/,
    );
    expect(verdict([leaf], [root], nowMs - 61_000)).to.match(/^certificate is not valid before/);
    const lasting = leafOf(root, { notAfterMs: nowMs + 9 * hour });
    expect(verdict([lasting], [root], nowMs + 2 * hour)).to.match(/^authority "root": certificate expired/);
  });

  it('refuses a purpose other than client authentication, in the leaf and above it', () => {
    const foreign = 'certificate is not meant for client authentication';
    expect(verdict([leafOf(root, { usages: [serverAuth] })])).to.equal(foreign);
    expect(verdict([leafOf(root, { usages: 'none' })])).to.equal('ok');
    expect(verdict([leafOf(root, { usages: ['2.5.29.37.0'] })])).to.equal('ok');
    const servers = createRoot('servers', { ...life, usages: [serverAuth] });
    expect(verdict([leafOf(servers)], [servers])).to.equal(`authority "servers": ${foreign}`);
  });

  it('refuses a leaf that plays the authority', () => {
    const child = leafOf(leafOf(root, { commonName: 'pretender' }));
    const pretender = leafOf(root, { commonName: 'pretender' });
    expect(verdict([child, pretender])).to.match(/^certificate signed by unknown authority "CN=pretender"$/);
    expect(verdict([leafOf(pretender), pretender])).to.equal(
      'authority "pretender" is no certificate authority',
    );
    expect(verdict([leafOf(pretender)], [pretender])).to.equal(
      'authority "pretender" is no certificate authority',
    );
  });

  it('climbs over intermediates in any order, loops and strangers among them', () => {
    const upper = createRoot('upper', { ...life, issuer: root });
    const lower = createRoot('lower', { ...life, issuer: upper });
    const leaf = leafOf(lower);
    const stranger = createRoot('stranger', life);
    expect(verdict([leaf, lower, upper])).to.equal('ok');
    expect(verdict([leaf, stranger, upper, lower, lower])).to.equal('ok');
    expect(verdict([leaf, upper])).to.equal('certificate signed by unknown authority "CN=lower"');
    expect(verdict([leaf, lower])).to.equal('certificate signed by unknown authority "CN=upper"');
    expect(verdict([leaf, lower, upper], [lower])).to.equal('ok');
  });

  it('ends its search in a tangle of authorities of one name', () => {
    const tangle = Array.from({ length: 30 }, () => createRoot('x', life));
    expect(verdict([leafOf(createRoot('x', life)), ...tangle], [root])).to.match(/unknown authority/);
  });

  it('holds authorities to the length of the path that they may have below them', () => {
    const short = createRoot('short', { ...life, maxPathLength: 0 });
    const between = createRoot('between', { ...life, issuer: short });
    expect(verdict([leafOf(short)], [short])).to.equal('ok');
    expect(verdict([leafOf(between), between], [short])).to.equal(
      'authority "short" allows at most 0 authorities below it',
    );
    const longer = createRoot('longer', { ...life, maxPathLength: 1 });
    const below = createRoot('below', { ...life, issuer: longer });
    expect(verdict([leafOf(below), below], [longer])).to.equal('ok');
  });

  it('refuses what it does not understand and signatures that can be forged', () => {
    expect(verdict([leafOf(root, { criticalExtension: '2.5.29.30' })])).to.equal(
      'certificate has an unknown critical extension 2.5.29.30',
    );
    expect(verdict([leafOf(root, { hash: 'sha1' })])).to.equal(
      'certificate is signed with a broken hash (MD5 or SHA-1)',
    );
  });

  it('reads a bundle block by block, leaving out what is broken', () => {
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    expect(readBundle(`junk\n${root.pem}${broken}text between\n${root.pem}`)).to.have.length(2);
    expect(readBundle('')).to.deep.equal([]);
  });

  it('reads names as they are, with whatever characters', () => {
    const leaf = leafOf(root, { commonName: 'system:node:é, +\n/', organizations: ['a,b', 'system:nodes'] });
    expect(subjectOf(leaf.x509)).to.deep.equal({
      commonName: 'system:node:é, +\n/',
      organizations: ['a,b', 'system:nodes'],
    });
    expect(subjectOf(leafOf(root).x509).organizations).to.deep.equal([]);
  });

  it('reads the facts that Node does not tell', () => {
    const facts = factsOf(
      createRoot('r', { ...life, maxPathLength: 3, criticalExtension: '1.3.6.1.4.1.99999.1' }).x509,
    );
    expect(facts).to.deep.equal({
      maxPathLength: 3,
      unknownCritical: ['1.3.6.1.4.1.99999.1'],
      signatureAlgorithm: '1.2.840.10045.4.3.2',
    });
    expect(factsOf(leafOf(root).x509).maxPathLength).to.equal(undefined);
  });
});
