import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { obtainToken, readToken } from '../../../cmdapi/token-file.js';

const secret = 'abcdefghijklmnopqrstuvwxyz012345';

describe('the file of a token', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'token-file-'));
    path = join(folder, 'auth_token');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('is made where it is absent: 64 hexadecimal digits that only its owner may read', async () => {
    const made = await obtainToken(path);
    const text = await readFile(path, 'utf8');
    expect(made).to.deep.equal({ ok: true, value: { secret: text, isNew: true } });
    expect(text).to.match(/^[0-9a-f]{64}$/);
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    expect(await readdir(folder)).to.deep.equal(['auth_token']);
  });

  it('is read and left as it is where it is there', async () => {
    await writeFile(path, `${secret}\n`, { mode: 0o644 });
    expect(await obtainToken(path)).to.deep.equal({ ok: true, value: { secret, isNew: false } });
    expect(await readFile(path, 'utf8')).to.equal(`${secret}\n`);
    expect((await stat(path)).mode & 0o777).to.equal(0o644);
  });

  for (const [what, around] of [
    ['a newline', (text: string) => `${text}\n`],
    ['a newline of Windows', (text: string) => `${text}\r\n`],
    ['blanks', (text: string) => `  ${text}\t\n\n`],
  ] as const)
    it(`may have ${what} around its token`, async () => {
      await writeFile(path, around(secret));
      expect(await readToken(path)).to.deep.equal({ ok: true, value: secret });
    });

  for (const [what, text, characters] of [
    ['empty', '', 0],
    ['a newline only', '\n', 0],
    ['too short', 'x'.repeat(31), 31],
    ['two tokens', `${secret}\n${secret}`, 65],
    ['no letters and digits', '-'.repeat(40), 40],
    ['too long', 'x'.repeat(1_025), 1_025],
  ] as const)
    it(`is refused, not replaced, when it is ${what}`, async () => {
      await writeFile(path, text);
      expect(await obtainToken(path)).to.deep.equal({
        ok: false,
        error: `holds ${characters} characters, expected 32 to 1024 letters and digits`,
      });
      expect(await readFile(path, 'utf8')).to.equal(text);
    });

  it('is refused when it cannot be read', async () => {
    await mkdir(path);
    expect(await obtainToken(path)).to.deep.equal({ ok: false, error: 'cannot be read: EISDIR' });
  });

  it('is not made in a folder that is not there, or is none', async () => {
    expect(await obtainToken(join(folder, 'absent', 'auth_token'))).to.deep.equal({
      ok: false,
      error: 'cannot be created: ENOENT',
    });
    await writeFile(path, secret);
    expect(await obtainToken(join(path, 'auth_token'))).to.deep.equal({
      ok: false,
      error: 'cannot be read: ENOTDIR',
    });
  });

  it('is not made in a folder that may not be written to, which keeps no draft either', async () => {
    await chmod(folder, 0o500);
    const made = await obtainToken(path);
    await chmod(folder, 0o700);
    // The administrator of a machine may write anywhere.
    if (process.getuid?.() === 0) expect(made).to.have.property('ok', true);
    else expect(made).to.deep.equal({ ok: false, error: 'cannot be created: EACCES' });
    expect(await readdir(folder)).to.deep.equal(made.ok ? ['auth_token'] : []);
  });

  it('is one for all who make it at once, without a draft left', async () => {
    const made = await Promise.all(Array.from({ length: 10 }, () => obtainToken(path)));
    const text = await readFile(path, 'utf8');
    expect(text).to.match(/^[0-9a-f]{64}$/);
    expect(made.map((one) => one.ok && one.value.secret)).to.deep.equal(Array(10).fill(text));
    expect(made.filter((one) => one.ok && one.value.isNew).length).to.equal(1);
    expect(await readdir(folder)).to.deep.equal(['auth_token']);
  });
});
