import { expect } from 'chai';
import { stringify } from 'yaml';
import { createDocumentScrub } from '../../../core/scrub.js';

const scrub = createDocumentScrub(['known-secret-of-ours']);
const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJlIn0.c2lnbmF0dXJlcGFydA';
const pem = '-----BEGIN RSA PRIVATE KEY-----\nMIIEow-private-part\n-----END RSA PRIVATE KEY-----\n';

/** Each shape: a text that holds a secret, and the part of it that must not stay. */
const shapes: readonly (readonly [name: string, text: string, secret: string])[] = [
  ['an API key', 'key 0123456789abcdef0123456789abcdef', '0123456789abcdef0123456789a'],
  [
    'an application key',
    'key 0123456789abcdef0123456789abcdef01234567',
    '0123456789abcdef0123456789abcdef012',
  ],
  ['a new application key', 'key ddapp_AbCdEfGhIjKlMnOpQrStUvWxYz01234567', 'AbCdEfGh'],
  ['a key of remote configuration', 'key DDRCM_AbCdEfGhIjKlMnOpQrStUv', 'AbCdEfGh'],
  ['a password in a URL', 'see postgres://admin:hunter2@db:5432/x', 'hunter2'],
  ['a password with an @ in a URL', 'see http://admin:hun@ter2@proxy:3128', 'ter2'],
  ['a password of nobody in a URL', 'see redis://:hunter2@cache:6379', 'hunter2'],
  ['credentials without a scheme', 'via admin:hunter2@proxy:3128', 'hunter2'],
  ['a key in a URL', 'GET /api/v1/query?api_key=shortkey&x=1', 'shortkey'],
  ['an application key in a URL', 'GET /x?application_key=shortkey', 'shortkey'],
  ['a bearer token', 'Authorization: Bearer abcdefgh12345678', 'abcdefgh'],
  ['basic credentials', 'Authorization: Basic aHVudGVyMg==', 'aHVudGVy'],
  ['a header of a key', 'DD-API-KEY: somekey1', 'somekey1'],
  ['a service account token', `token is ${jwt}`, 'eyJpc3Mi'],
  ['a private key', pem, 'private-part'],
  ['a private key whose end was cut', pem.slice(0, 50), 'MIIEow'],
  [
    'a private key in base64',
    `x ${Buffer.from(pem).toString('base64')}`,
    Buffer.from(pem).toString('base64').slice(24, 60),
  ],
  ['a secret of ours', 'said known-secret-of-ours.', 'known-secret'],
  ['a secret of ours in base64', Buffer.from('known-secret-of-ours').toString('base64'), 'a25vd24tc2VjcmV0'],
  ['an assignment', 'MY_DB_PASSWORD=hunter2', 'hunter2'],
  ['a quoted assignment', `db_token="hunter 2"`, 'hunter 2'],
];
const names = [
  'pass',
  'password',
  'db_password',
  'token',
  'apiToken',
  'secret',
  'clientSecret',
  'authKey',
  'auth_key',
  'privKey',
  'private-key',
  'community_string',
  'api_key',
  'appKey',
];

/** The places of a flare in which a text may stand. */
const places: readonly (readonly [name: string, put: (text: string) => string])[] = [
  ['alone', (text) => text],
  ['in a line of a log', (text) => `{"level":"warn","time":"t","err":${JSON.stringify(text)},"msg":"x"}\n`],
  ['in JSON in JSON', (text) => JSON.stringify({ annotation: JSON.stringify({ note: text }) })],
  ['in YAML', (text) => stringify({ metadata: { annotations: { note: text } } }, { lineWidth: 0 })],
  ['in a metric', (text) => `some_metric{detail=${JSON.stringify(text)}} 1\n`],
];

describe('the scrubber of documents', () => {
  for (const [shape, text, secret] of shapes)
    for (const [place, put] of places)
      it(`hides ${shape} ${place}`, () => {
        expect(text).to.contain(secret);
        expect(scrub(put(text))).to.not.contain(secret);
      });

  for (const name of names)
    it(`hides what is called ${name}, in YAML, JSON, JSON in JSON, and lists`, () => {
      const documents = [
        `${name}: hunter2-value\n`,
        `a:\n  - ${name}: "hunter2-value"\n    b: 1\n`,
        `${name.toUpperCase()}: hunter2-value # why\n`,
        `${name}: |\n  first\n  hunter2-value\nnext: kept\n`,
        `${name}s:\n  - hunter2-value\nnext: kept\n`,
        `${name}s: [one, hunter2-value]\n`,
        JSON.stringify({ [name]: 'hunter2-value' }),
        JSON.stringify({ [name]: 'with "quotes" hunter2-value' }),
        JSON.stringify({ [`x/${name}`]: ['one', 'hunter2-value'] }),
        JSON.stringify({ annotation: JSON.stringify({ [name]: 'a"hunter2-value' }) }),
        JSON.stringify({ file: `x: 1\n${name}: hunter2-value\n` }),
        JSON.stringify({ name: name.toUpperCase(), value: 'hunter2-value' }),
        `- name: ${name}\n  value: hunter2-value\n`,
        `{"fields":"{\\"${name}\\":\\"hunter2-value…"}`,
      ];
      for (const document of documents) expect(scrub(document), document).to.not.contain('hunter2-value');
    });

  it('keeps the form of JSON, and what stands beside a secret', () => {
    const value = { a: 1, password: 'x"y', list: [{ token: 'z', ok: true, secrets: ['s'], pin_token: 12 }] };
    for (const indent of [0, 2])
      expect(JSON.parse(scrub(JSON.stringify(value, undefined, indent)))).to.deep.equal({
        a: 1,
        password: '********',
        list: [{ token: '********', ok: true, secrets: ['********'], pin_token: '********' }],
      });
    expect(scrub('password: |\n  a\n  b\nnext: kept\n')).to.equal('password: ********\nnext: kept\n');
  });

  it('leaves ordinary text alone', () => {
    for (const text of [
      'avg:orders.waiting{queue:jobs}.rollup(30)',
      'image: registry/app:1.2@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      'datadogmetric@shop:orders',
      'http_requests_total{code="200"} 5\n# HELP process_open_fds Number of open files.\n',
      '{"a":{"b":"c"},"d":[1,2]}',
      '- name: LOG_LEVEL\n  value: info\n',
    ])
      expect(scrub(text)).to.equal(text);
  });

  it('takes hostile texts of 100 kB in its stride', () => {
    const started = performance.now();
    for (const piece of [
      '"token":"',
      'a.a-a_',
      '\\\\\\"',
      'pass: ',
      'http://a:b',
      '-----BEGIN PRIVATE KEY-----',
    ])
      scrub(piece.repeat(Math.ceil(100_000 / piece.length)));
    expect(performance.now() - started).to.be.below(5_000);
  });
});
