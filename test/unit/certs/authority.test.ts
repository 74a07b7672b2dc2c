import { execFileSync, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createAuthority, issueLeaf, newMaterial } from '../../../certs/authority.js';
import { dayMs, minuteMs, names, startMs } from './samples.js';

const validity = { notBeforeMs: startMs - 5 * minuteMs, notAfterMs: startMs + 90 * dayMs };

function scene(nowMs = startMs) {
  const authority = createAuthority(
    { notBeforeMs: nowMs - 5 * minuteMs, notAfterMs: nowMs + 730 * dayMs },
    newMaterial(),
  );
  const leaf = issueLeaf(authority, { names, validity }, newMaterial());
  return {
    authority,
    leaf,
    ca: new X509Certificate(authority.certPem),
    cert: new X509Certificate(leaf.certPem),
  };
}

describe('the certificate authority', () => {
  it('issues leaves that verify with its key and no other', () => {
    const { ca, cert } = scene();
    const other = scene().ca;
    expect(cert.checkIssued(ca)).to.equal(true);
    expect(cert.verify(ca.publicKey)).to.equal(true);
    expect(cert.checkIssued(other)).to.equal(false);
    expect(cert.verify(other.publicKey)).to.equal(false);
  });

  it('makes leaves for all names asked, DNS and IP, and for no others', () => {
    const { cert } = scene();
    expect(cert.checkHost('metrics.datadog.svc')).to.equal('metrics.datadog.svc');
    expect(cert.checkHost('localhost')).to.equal('localhost');
    expect(cert.checkIP('127.0.0.1')).to.equal('127.0.0.1');
    expect(cert.checkIP('::1')).to.equal('::1');
    expect(cert.checkHost('other.datadog.svc')).to.equal(undefined);
    expect(cert.checkIP('127.0.0.2')).to.equal(undefined);
  });

  it('tells authorities and leaves apart, with keys on P-256', () => {
    const { ca, cert } = scene();
    expect(ca.ca).to.equal(true);
    expect(cert.ca).to.equal(false);
    expect(cert.publicKey.asymmetricKeyDetails).to.include({ namedCurve: 'prime256v1' });
    expect(cert.keyUsage).to.deep.equal(['1.3.6.1.5.5.7.3.1']);
  });

  it('writes the given dates to the second, beyond 2049 too', () => {
    expect(Date.parse(scene().cert.validFrom)).to.equal(validity.notBeforeMs);
    expect(Date.parse(scene().cert.validTo)).to.equal(validity.notAfterMs);
    const late = Date.UTC(2050, 5, 1);
    expect(Date.parse(scene(late).ca.validFrom)).to.equal(late - 5 * minuteMs);
  });

  it('is pure but for the signature: equal material gives equal names, keys and serials', () => {
    const material = newMaterial();
    const [a, b] = [createAuthority(validity, material), createAuthority(validity, material)].map(
      ({ certPem }) => new X509Certificate(certPem),
    );
    expect(a?.serialNumber.toLowerCase()).to.equal(material.serialHex);
    expect(a?.toLegacyObject().pubkey).to.deep.equal(b?.toLegacyObject().pubkey);
    expect(a?.subject).to.equal(b?.subject);
  });

  it('gives each authority a name and each certificate a positive serial of its own', () => {
    const serials = Array.from({ length: 200 }, () => newMaterial().serialHex);
    expect(new Set(serials).size).to.equal(200);
    for (const serial of serials) expect(serial).to.match(/^[4-7][0-9a-f]{31}$/);
    expect(scene().ca.subject).to.not.equal(scene().ca.subject);
  });

  it('satisfies OpenSSL at its strictest', () => {
    if (spawnSync('openssl', ['version']).status !== 0) return;
    const folder = mkdtempSync(join(tmpdir(), 'authority-'));
    try {
      const { authority, leaf } = scene();
      writeFileSync(join(folder, 'ca'), authority.certPem);
      writeFileSync(join(folder, 'leaf'), leaf.certPem);
      const verify = (file: string, ...more: string[]): string => {
        const options = [
          '-x509_strict',
          '-attime',
          String(startMs / 1000),
          '-CAfile',
          join(folder, 'ca'),
          ...more,
        ];
        return execFileSync('openssl', ['verify', ...options, join(folder, file)], {
          encoding: 'utf8',
          stdio: 'pipe',
        });
      };
      const asServer = ['-purpose', 'sslserver'];
      expect(verify('leaf', ...asServer, '-verify_hostname', 'metrics.datadog.svc')).to.match(/: OK\n$/);
      expect(verify('leaf', ...asServer, '-verify_ip', '::1')).to.match(/: OK\n$/);
      expect(verify('ca')).to.match(/: OK\n$/);
      expect(() => verify('leaf', ...asServer, '-verify_hostname', 'else.where.svc')).to.throw(
        /hostname mismatch/i,
      );
      expect(() => verify('leaf', '-purpose', 'sslclient')).to.throw(/purpose/i);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
