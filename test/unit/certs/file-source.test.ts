import { expect } from 'chai';
import { FileSource } from '../../../certs/file-source.js';
import { FakeClock } from '../../fake-clock.js';
import { dayMs, freshCertificates, hourMs, recordingLog, startMs } from './samples.js';

const paths = { certPath: '/tls/tls.crt', keyPath: '/tls/tls.key', caPath: '/tls/ca.crt' };

/** A folder in memory with the files of a mounted Secret, and a source that has looked at it once. */
async function scene(files: Map<string, string>) {
  const clock = new FakeClock(startMs);
  const { log, lines } = recordingLog();
  const read = async (path: string): Promise<string> => {
    const text = files.get(path);
    if (text === undefined)
      throw Object.assign(new Error(`ENOENT: no such file or directory, open '${path}'`), { code: 'ENOENT' });
    return text;
  };
  const source = new FileSource({ read, clock, log }, paths);
  let changes = 0;
  source.onChange(() => {
    changes += 1;
  });
  const stop = new AbortController();
  const ended = source.run(stop.signal);
  await clock.advance(0);
  return { clock, source, lines, stop, ended, changes: () => changes };
}

function mounted(madeAtMs = startMs) {
  const { leaf, signer } = freshCertificates(madeAtMs);
  if (leaf === undefined) throw new Error('no leaf');
  const files = new Map([
    [paths.certPath, leaf.certPem],
    [paths.keyPath, leaf.keyPem],
    [paths.caPath, signer.certPem],
  ]);
  return { leaf, signer, files };
}

/** Puts another Secret into the same folder, as a symbolic link's swap does. */
function swap(files: Map<string, string>, other: ReadonlyMap<string, string>): void {
  for (const [path, text] of other) files.set(path, text);
}

describe('FileSource', () => {
  it('serves what is mounted', async () => {
    const { files, leaf, signer } = mounted();
    const { source } = await scene(files);
    expect(source.current()).to.deep.equal({
      certPem: leaf.certPem,
      keyPem: leaf.keyPem,
      caPem: signer.certPem,
      notBeforeMs: leaf.notBeforeMs,
      notAfterMs: leaf.notAfterMs,
    });
    expect(source.health()).to.deep.equal({ state: 'ready' });
  });

  it('does without a ca.crt', async () => {
    const { files, leaf } = mounted();
    files.delete(paths.caPath);
    const { source } = await scene(files);
    expect(source.current()).to.include({ certPem: leaf.certPem, caPem: undefined });
  });

  it('takes a renewed pair within ten seconds, and tells', async () => {
    const { files } = mounted();
    const { source, clock, changes } = await scene(files);
    const renewed = mounted();
    swap(files, renewed.files);
    await clock.advance(10_000);
    expect(source.current()?.certPem).to.equal(renewed.leaf.certPem);
    expect(changes()).to.equal(2);
    await clock.advance(60_000);
    expect(changes()).to.equal(2);
  });

  it('keeps the pair before while the files are half written, and says so once', async () => {
    const { files, leaf } = mounted();
    const { source, clock, changes, lines } = await scene(files);
    const renewed = mounted();
    files.set(paths.certPath, renewed.leaf.certPem);
    await clock.advance(60_000);
    expect(source.current()?.certPem).to.equal(leaf.certPem);
    expect(source.health()).to.deep.equal({
      state: 'degraded',
      detail: '/tls/tls.crt: the private key belongs to another certificate; the certificate before goes on',
    });
    expect(lines.filter((line) => line.includes('belongs to another'))).to.have.length(1);

    files.set(paths.certPath, renewed.leaf.certPem.slice(0, 300));
    await clock.advance(10_000);
    expect(source.health())
      .to.have.property('detail')
      .that.matches(/expected a PEM certificate, found a damaged or other PEM block/);
    files.set(paths.certPath, '');
    await clock.advance(10_000);
    expect(source.health())
      .to.have.property('detail')
      .that.matches(/expected a PEM certificate, found nothing/);

    swap(files, renewed.files);
    await clock.advance(10_000);
    expect(source.current()?.certPem).to.equal(renewed.leaf.certPem);
    expect(source.health()).to.deep.equal({ state: 'ready' });
    expect(changes()).to.equal(2);
  });

  it('waits, visibly, for files that are not there yet', async () => {
    const files = new Map<string, string>();
    const { source, clock } = await scene(files);
    expect(source.current()).to.equal(undefined);
    expect(source.health()).to.have.property('state', 'starting');
    expect(source.health())
      .to.have.property('detail')
      .that.matches(/tls\.crt: cannot be used: ENOENT.*mount a certificate/);
    swap(files, mounted().files);
    await clock.advance(10_000);
    expect(source.health()).to.deep.equal({ state: 'ready' });
  });

  it('keeps the pair before when the files go away', async () => {
    const { files, leaf } = mounted();
    const { source, clock } = await scene(files);
    files.clear();
    await clock.advance(10_000);
    expect(source.current()?.certPem).to.equal(leaf.certPem);
    expect(source.health()).to.have.property('state', 'degraded');
  });

  it('says so when what it serves expires', async () => {
    const { files, leaf } = mounted();
    const { source, clock } = await scene(files);
    clock.stepWall(89 * dayMs);
    await clock.advance(10_000);
    expect(source.health()).to.deep.equal({ state: 'ready' });
    clock.stepWall(dayMs);
    await clock.advance(10_000);
    expect(source.current()?.certPem).to.equal(leaf.certPem);
    expect(source.health()).to.deep.equal({
      state: 'degraded',
      detail: '/tls/tls.crt: the certificate expired at 2026-04-01T00:00:00.000Z; mount a renewed one',
    });
  });

  it('prefers a living certificate to an expired or a future one, and either to none', async () => {
    const { files, leaf } = mounted();
    const { source, clock } = await scene(files);
    const old = mounted(startMs - 91 * dayMs);
    swap(files, old.files);
    await clock.advance(10_000);
    expect(source.current()?.certPem).to.equal(leaf.certPem);
    expect(source.health())
      .to.have.property('detail')
      .that.matches(/expired at .* mount a renewed one; the certificate before goes on/);
    swap(files, mounted(startMs + hourMs).files);
    await clock.advance(10_000);
    expect(source.current()?.certPem).to.equal(leaf.certPem);
    expect(source.health())
      .to.have.property('detail')
      .that.matches(/valid from .* only; compare this machine's clock/);

    const late = await scene(old.files);
    expect(late.source.current()?.certPem).to.equal(old.leaf.certPem);
    expect(late.source.health()).to.have.property('state', 'degraded');
  });

  it('never logs a key, and ends with its signal', async () => {
    const { files, leaf } = mounted();
    const { clock, lines, stop, ended } = await scene(files);
    files.set(paths.keyPath, `${leaf.keyPem.slice(0, 90)}\n-----END PRIVATE KEY-----\n`);
    await clock.advance(10_000);
    expect(lines.join()).to.include('expected an unencrypted PEM private key');
    for (const line of leaf.keyPem.trim().split('\n').slice(1, -1))
      expect(lines.join()).to.not.include(line.slice(0, 20));
    stop.abort();
    await ended;
    expect(clock.sleeping).to.equal(0);
  });
});
