import { expect } from 'chai';
import { refusalOf } from '../../../cmdapi/admission.js';
import { Token } from '../../../cmdapi/token.js';

const secret = 'agents0123456789agents0123456789';
const other = 'local01234567890local01234567890';
const challenge = 'Bearer realm="Datadog Agent"';

/** What comes back for a header; `in` where the door opens. */
function judged(header: string | undefined, secrets: readonly string[] = [secret]) {
  const reply = refusalOf(
    header,
    secrets.map((one) => new Token(one)),
  );
  if (reply === undefined) return 'in';
  const { status, headers, body } = reply;
  return {
    status,
    text: String(body),
    challenge: headers['www-authenticate'],
    type: headers['content-type'],
  };
}

function refused(status: 401 | 403, text: string) {
  const type = 'text/plain; charset=utf-8';
  return { status, text: `${text}\n`, challenge: status === 401 ? challenge : undefined, type };
}

describe('admission', () => {
  it('lets in who shows the token', () => {
    expect(judged(`Bearer ${secret}`)).to.equal('in');
  });

  it('lets in who shows any of several tokens, and nobody where none is accepted', () => {
    expect(judged(`Bearer ${other}`, [secret, other])).to.equal('in');
    expect(judged(`Bearer ${secret}`, [])).to.deep.equal(refused(403, 'invalid session token'));
  });

  for (const [what, header] of [
    ['no header', undefined],
    ['an empty header', ''],
  ] as const)
    it(`answers 401 to ${what}`, () => {
      expect(judged(header)).to.deep.equal(refused(401, 'no session token provided'));
    });

  for (const [what, header] of [
    ['no token after the scheme', 'Bearer'],
    ['an empty token', 'Bearer '],
    ['a token after two blanks', `Bearer  ${secret}`],
    ['a token and something after it', `Bearer ${secret} x`],
    ['a token and a blank after it', `Bearer ${secret} `],
    ['a token after a tab', `Bearer \t${secret}`],
    ['the token of the other door', `Bearer ${other}`],
    ['the token in other letters', `Bearer ${secret.toUpperCase()}`],
    ['two tokens in one header', `Bearer ${secret}, Bearer ${secret}`],
  ] as const)
    it(`answers 403 to ${what}`, () => {
      expect(judged(header)).to.deep.equal(refused(403, 'invalid session token'));
    });

  for (const [header, scheme] of [
    [`bearer ${secret}`, 'bearer'],
    [`BEARER ${secret}`, 'BEARER'],
    ['Basic dXNlcjpwYXNzd29yZA==', 'Basic'],
    ['Digest username="x"', 'Digest'],
  ] as const)
    it(`answers 401 to the scheme ${scheme}`, () => {
      expect(judged(header)).to.deep.equal(refused(401, `unsupported authorization scheme: ${scheme}`));
    });

  for (const [what, header] of [
    ['the token without a scheme', secret],
    ['another token without a scheme', other],
    ['a token after a blank', ` ${secret}`],
    ['a token bound to its scheme by something else than a blank', `Bearer:${secret}`],
    ['a token bound to its scheme by a tab', `Bearer\t${secret}`],
    ['a scheme that would break the line', 'Bea\r\nrer x'],
    ['a scheme of 10,000 letters', 'x'.repeat(10_000)],
  ] as const)
    it(`answers 401 to ${what} and does not repeat it`, () => {
      expect(judged(header)).to.deep.equal(
        refused(401, 'unsupported authorization scheme: (none); expected: Bearer <token>'),
      );
    });
});
