import { expect } from 'chai';
import { createAuthority, newMaterial } from '../../../certs/authority.js';
import { certificateHealth, describeCertificate } from '../../../http/shown-certificate.js';

const notBeforeMs = Date.UTC(2026, 0, 1);
const notAfterMs = Date.UTC(2026, 3, 1);

describe('the certificate that a listener shows', () => {
  const material = newMaterial();
  const { certPem } = createAuthority({ notBeforeMs, notAfterMs }, material);
  const shown = describeCertificate(certPem);

  it('is described by its serial and its life', () => {
    expect(shown).to.deep.equal({ serial: material.serialHex.toUpperCase(), notBeforeMs, notAfterMs });
  });

  it('is the first of a chain', () => {
    const other = createAuthority({ notBeforeMs, notAfterMs }, newMaterial());
    expect(describeCertificate(certPem + other.certPem)).to.deep.equal(shown);
  });

  it('is good during its life only, to the millisecond', () => {
    expect(certificateHealth(shown, notBeforeMs - 1)).to.have.property('state', 'unready');
    expect(certificateHealth(shown, notBeforeMs)).to.deep.equal({ state: 'ready' });
    expect(certificateHealth(shown, notAfterMs - 1)).to.deep.equal({ state: 'ready' });
    expect(certificateHealth(shown, notAfterMs)).to.have.property('state', 'unready');
    expect(certificateHealth(shown, notAfterMs))
      .to.have.property('detail')
      .that.matches(/expired at 2026-04-01T00:00:00\.000Z/);
  });
});
