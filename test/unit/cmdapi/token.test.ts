import { inspect } from 'node:util';
import { expect } from 'chai';
import { Token } from '../../../cmdapi/token.js';

const secret = 'abcdefghijklmnopqrstuvwxyz012345';

describe('a token', () => {
  it('matches its secret and nothing else', () => {
    const token = new Token(secret);
    const candidates = [
      secret,
      '',
      'a',
      secret.slice(0, -1),
      `${secret}6`,
      secret.toUpperCase(),
      ` ${secret}`,
    ];
    expect(candidates.filter((candidate) => token.matches(candidate))).to.deep.equal([secret]);
  });

  it('is compared with candidates of any length and of any letters', () => {
    const token = new Token(secret);
    for (const candidate of ['\0', 'ü'.repeat(16), 'x'.repeat(100_000), '\ud800'])
      expect(token.matches(candidate)).to.equal(false);
  });

  it('may be as short as the shortest that node agents take, and no shorter', () => {
    expect(new Token('x'.repeat(32)).matches('x'.repeat(32))).to.equal(true);
    for (const short of ['', ' ', 'x', 'x'.repeat(31)]) expect(() => new Token(short)).to.throw(RangeError);
  });

  it('does not tell its secret, nor the one that was refused', () => {
    const token = new Token(secret);
    const shown = [inspect(token, { showHidden: true, depth: 9 }), JSON.stringify(token), String(token)];
    expect(shown).to.deep.equal(['Token {}', '{}', '[object Object]']);
    expect(() => new Token('short-but-secret')).to.throw(
      RangeError,
      /^a token of 16 characters is no secret$/,
    );
  });
});
