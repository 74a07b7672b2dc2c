import { expect } from 'chai';
import { entryLifetimeMs, Seal, UsedCodes } from '../../../dashboard/seal.js';
import { FakeClock } from '../../fake-clock.js';

const secret = 'local01234567890local01234567890';

describe('Seal', () => {
  const clock = new FakeClock();
  const seal = new Seal(secret, clock);

  it('opens what was made with the same secret for the same purpose', () => {
    const code = seal.make('entry', entryLifetimeMs);
    expect(new Seal(secret, clock).open('entry', code)).to.equal(clock.nowMs() + entryLifetimeMs);
    expect(code).to.not.contain(secret);
  });

  it('opens nothing else', () => {
    const code = seal.make('entry', entryLifetimeMs);
    const [endsAt = '', nonce = '', mark = ''] = code.split('.');
    const wrong = [
      '',
      'x',
      secret,
      `${Number(endsAt) + 1}.${nonce}.${mark}`,
      `${endsAt}.${nonce.replace(/^./, nonce.startsWith('A') ? 'B' : 'A')}.${mark}`,
      `${code}x`,
      `${code}\n`,
    ];
    expect(wrong.map((text) => seal.open('entry', text))).to.deep.equal(wrong.map(() => undefined));
    expect(seal.open('session', code)).to.equal(undefined);
    expect(new Seal(`${secret}x`, clock).open('entry', code)).to.equal(undefined);
  });

  it('ends', async () => {
    const own = new FakeClock();
    const code = new Seal(secret, own).make('entry', 1_000);
    await own.advance(999);
    expect(new Seal(secret, own).open('entry', code)).to.be.a('number');
    await own.advance(1);
    expect(new Seal(secret, own).open('entry', code)).to.equal(undefined);
  });
});

describe('UsedCodes', () => {
  it('lets each code in once, and forgets those that have ended', () => {
    const used = new UsedCodes();
    expect(used.use('a', 10, 0)).to.equal(true);
    expect(used.use('a', 10, 5)).to.equal(false);
    expect(used.use('b', 30, 20)).to.equal(true);
    expect(used.use('a', 10, 20)).to.equal(true);
  });
});
