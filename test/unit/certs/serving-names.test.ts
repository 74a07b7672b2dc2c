import { isIP } from 'node:net';
import { expect } from 'chai';
import fc from 'fast-check';
import { ipBytes } from '../../../certs/ip-bytes.js';
import { missingNames, servingNames } from '../../../certs/serving-names.js';

describe('servingNames', () => {
  it('names the Service at every length that clients use', () => {
    expect(servingNames({ service: 'metrics', namespace: 'datadog' })).to.have.members([
      'metrics',
      'metrics.datadog',
      'metrics.datadog.svc',
      'metrics.datadog.svc.cluster.local',
    ]);
  });

  it('adds further names and addresses, each once', () => {
    const names = servingNames({
      service: 'metrics',
      namespace: 'datadog',
      extraNames: ['localhost', '10.0.0.1', 'fd00::1', '*.example.com', 'metrics'],
    });
    expect(names).to.include.members(['localhost', '10.0.0.1', 'fd00::1', '*.example.com']);
    expect(names.filter((name) => name === 'metrics')).to.have.length(1);
  });

  for (const bad of [
    '',
    'a b',
    'a..b',
    '-a',
    `${'x'.repeat(64)}.com`,
    'a.*.b',
    'fe80::1%eth0',
    'a,b',
    'https://a',
    'ä.example',
  ]) {
    it(`refuses '${bad}' by name`, () => {
      expect(() => servingNames({ service: 'm', namespace: 'd', extraNames: [bad] })).to.throw(
        RangeError,
        `'${bad}'`,
      );
    });
  }
});

describe('missingNames', () => {
  it('compares names without regard to case and addresses by their bytes', () => {
    expect(missingNames(['A.example', '::1', 'b'], ['a.EXAMPLE', '0:0:0:0:0:0:0:1'])).to.deep.equal(['b']);
  });
});

describe('ipBytes', () => {
  it('knows the forms of addresses', () => {
    expect(ipBytes('192.0.2.255').toString('hex')).to.equal('c00002ff');
    expect(ipBytes('::').toString('hex')).to.equal('0'.repeat(32));
    expect(ipBytes('2001:db8::8:800:200C:417A').toString('hex')).to.equal('20010db80000000000080800200c417a');
    expect(ipBytes('1::').toString('hex')).to.equal(`0001${'0'.repeat(28)}`);
    expect(ipBytes('::ffff:192.0.2.1').toString('hex')).to.equal('00000000000000000000ffffc0000201');
  });

  it('reads what any address was written from', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const groups = Array.from({ length: 8 }, (_, i) =>
          (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
        );
        expect([...ipBytes(groups.join(':'))]).to.deep.equal([...bytes]);
      }),
    );
    fc.assert(fc.property(fc.ipV6(), (address) => isIP(address) === 0 || ipBytes(address).length === 16));
  });

  it('refuses all else', () => {
    for (const bad of ['', '1.2.3', '1:2', 'fe80::1%1', '256.1.1.1', 'localhost'])
      expect(() => ipBytes(bad)).to.throw(RangeError);
  });
});
