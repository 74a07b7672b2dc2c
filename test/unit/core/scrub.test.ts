import { expect } from 'chai';
import fc from 'fast-check';
import { createScrub } from '../../../core/scrub.js';

const hex = (length: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdefABCDEF'), minLength: length, maxLength: length });

describe('the scrubber', () => {
  const plain = createScrub([]);

  it('shows the last five characters of a key of 32 or 40 hex digits, as Datadog does, and no more', () => {
    expect(plain('key 0123456789abcdef0123456789abcdef.')).to.equal('key ***************************bcdef.');
    expect(plain('0123456789abcdef0123456789abcdef01234567')).to.equal(
      '***********************************34567',
    );
  });

  it('hides any key wherever it stands in a sentence', () => {
    const separator = fc.constantFrom(' ', '"', "'", '=', ':', '/', ',', '\n', '(', ')', '&', '?', '');
    fc.assert(
      fc.property(fc.oneof(hex(32), hex(40)), separator, separator, (key, before, after) => {
        expect(plain(`said${before || ' '}${key}${after}`)).to.not.contain(key.slice(0, -5));
      }),
    );
  });

  const shapes: readonly (readonly [string, string, string])[] = [
    ['a bearer token', 'Authorization: Bearer abcdefgh12345678', 'abcdefgh12345678'],
    ['a bearer token in any case', 'authorization: bearer abc.def-ghi_jkl/mno=', 'abc.def'],
    ['an api_key of a query string', 'GET /v1?api_key=short1&x=1', 'short1'],
    ['an application_key of a query string', 'GET /v1?x=1&application_key=short1', 'short1'],
    ['a password of a form', 'user=a&password=hunter2', 'hunter2'],
    ['a token of a form', '?token=hunter2', 'hunter2'],
    ['the password of a proxy URL', 'proxy http://user:hunter2@proxy:3128 refused', 'hunter2'],
    ['a new application key', 'key ddapp_AbCdEfGhIjKlMnOpQrStUvWxYz01234567', 'AbCdEfGh'],
    [
      'a service account token',
      `t eyJhbGciOiJSUzI1NiIsImtpZCI6IiJ9.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJl end`,
      'eyJpc3Mi',
    ],
    ['a private key', '-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----', 'MHcCAQEE'],
    [
      'a private key on one escaped line',
      '"-----BEGIN PRIVATE KEY-----\\nMIGHAgEA\\n-----END PRIVATE KEY-----\\n"',
      'MIGHAgEA',
    ],
  ];
  for (const [title, text, secret] of shapes) {
    it(`hides ${title}`, () => {
      expect(text).to.contain(secret);
      expect(plain(text)).to.not.contain(secret);
    });
  }

  it('leaves ordinary text alone', () => {
    const texts = [
      'avg:orders.waiting{queue:jobs}.rollup(30)',
      'shop/orders.waiting?queue=jobs',
      'metric.shop.orders.waiting.0123456789abcdef',
      'pod uid 56155721-edd1-41ca-ac2a-116755e815f9',
      'sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      'https://api.datadoghq.com/api/v1/query?from=1&to=2',
      'a certificate: -----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----',
      'the bearer of news',
      '',
    ];
    for (const text of texts) expect(plain(text)).to.equal(text);
  });

  it("hides this process's own secrets in every spelling that a text may hold them in", () => {
    const spelled = (secret: string): string[] => [
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret).slice(1, -1),
      `x${secret}y`,
    ];
    fc.assert(
      fc.property(fc.string({ minLength: 8, maxLength: 40, unit: 'grapheme' }), (secret) => {
        if ('*'.repeat(60).includes(secret)) return;
        const scrub = createScrub([secret]);
        for (const text of spelled(secret)) expect(scrub(text)).to.not.contain(secret);
        expect(scrub(encodeURIComponent(secret))).to.equal('********');
      }),
    );
  });

  it('hides a secret each time that it occurs, and several secrets in one text', () => {
    const scrub = createScrub(['first-secret', 'second$secret^']);
    expect(scrub('first-secret second$secret^ first-secret')).to.equal('******** ******** ********');
  });

  it('hides all of a secret that begins with another one', () => {
    const scrub = createScrub(['shared-start', 'shared-start-and-more']);
    expect(scrub('token shared-start-and-more')).to.not.contain('and-more');
  });

  it('leaves out what is absent, and what is too short to be told from ordinary text', () => {
    const scrub = createScrub([undefined, '', 'abc']);
    expect(scrub('abcdef abc')).to.equal('abcdef abc');
  });

  it('takes a text of a megabyte in its stride', () => {
    const long = 'a1b2c3d4 '.repeat(120_000);
    expect(createScrub(['planted-secret'])(`${long}planted-secret`)).to.not.contain('planted-secret');
  });
});
