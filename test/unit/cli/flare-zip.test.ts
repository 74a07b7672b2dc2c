import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { gather } from '../../../cli/flare/part.js';
import { writeZip } from '../../../cli/flare/zip.js';
import { createDocumentScrub } from '../../../core/scrub.js';
import { readZip } from '../../zip-reader.js';

const files = [
  { path: 'host/a.txt', content: 'one\n' },
  { path: 'host/folder/b.json', content: `{"x":"ü ${'y'.repeat(5_000)}"}` },
  { path: 'host/empty', content: '' },
];
const options = { maxBytes: 1_000_000, nowMs: Date.UTC(2026, 4, 6, 7, 8, 9) };

describe('a zip archive', () => {
  it('gives every file back', () => {
    const { bytes, leftOut } = writeZip(files, options);
    expect([...readZip(bytes)]).to.deep.equal(files.map(({ path, content }) => [path, content]));
    expect(leftOut).to.deep.equal([]);
    expect(bytes.length).to.be.below(1_000);
  });

  it('is read by another program', () => {
    const folder = mkdtempSync(join(tmpdir(), 'zip-'));
    const path = join(folder, 'x.zip');
    writeFileSync(path, writeZip(files, options).bytes);
    const script =
      'import sys, zipfile\nz = zipfile.ZipFile(sys.argv[1])\nassert z.testzip() is None\n' +
      'print([(i.filename, i.file_size, i.date_time, oct(i.external_attr >> 16)) for i in z.infolist()])';
    const { error, stdout, stderr } = spawnSync('python3', ['-c', script, path], { encoding: 'utf8' });
    rmSync(folder, { recursive: true });
    // Our own reader has judged it already where there is no other.
    if (error !== undefined) return;
    expect(stderr).to.equal('');
    expect(stdout).to.contain("('host/a.txt', 4, (2026, 5, 6, 7, 8, 8), '0o100600')");
  });

  it('leaves out what finds no room, and names it', () => {
    const large = { path: 'host/large', content: randomBytes(5_000).toString('hex') };
    const { bytes, leftOut } = writeZip([large, ...files], { ...options, maxBytes: 2_000 });
    expect(leftOut).to.deep.equal(['host/large']);
    expect([...readZip(bytes).keys()]).to.deep.equal(files.map(({ path }) => path));
    expect(bytes.length).to.be.at.most(2_000);
  });
});

describe('the parts of a flare', () => {
  const ports = { root: 'host', scrub: createDocumentScrub([]), onPart: () => {} };

  it('are files, scrubbed, of which one that fails says why without a secret', async () => {
    const gathered = await gather(
      [
        { path: 'a', read: () => 'password: hunter2' },
        {
          path: 'b',
          read: () => {
            throw new Error('GET /?api_key=hunter2 failed');
          },
        },
        { path: 'c', read: () => Promise.reject(new Error('no such thing')) },
        { path: 'd', read: async () => 'well' },
      ],
      ports,
    );
    expect(gathered.map(({ path, content }) => `${path} ${content.trim()}`)).to.deep.equal([
      'host/a password: ********',
      'host/b This part could not be had: GET /?api_key=******** failed',
      'host/c This part could not be had: no such thing',
      'host/d well',
    ]);
  });

  it('are cut where they are long', async () => {
    const [file] = await gather([{ path: 'a', read: () => 'line\n'.repeat(1_000_000) }], ports);
    expect(file?.content.length).to.be.below(4_000_100);
    expect(file?.content).to.match(/\[cut here: 5000000 characters in all\]\n$/);
  });
});
