import { setMaxListeners } from 'node:events';
import { expect } from 'chai';
import { GeneratedSource, type GeneratedSourceOptions } from '../../../certs/generated-source.js';
import { decodeSecret, encodeSecret } from '../../../certs/secret-codec.js';
import { Fault } from '../../../core/fault.js';
import { FakeClock } from '../../fake-clock.js';
import { MemoryBundle, MemorySecret, type Road } from './memory-boxes.js';
import {
  dayMs,
  freshCertificates,
  hourMs,
  isAccepted,
  minuteMs,
  names,
  recordingLog,
  startMs,
} from './samples.js';

const unreachable = new Fault('kube.unreachable', 'no answer from the API server');

/** A cluster in memory whose replicas are started one by one. */
function scene(options: Partial<GeneratedSourceOptions> = {}) {
  const clock = new FakeClock(startMs);
  const secret = new MemorySecret();
  const bundle = new MemoryBundle();
  const { log, lines } = recordingLog();
  const stop = new AbortController();
  // Many replicas listen to the one signal.
  setMaxListeners(0, stop.signal);
  const ended: Promise<void>[] = [];
  const start = (more: Partial<GeneratedSourceOptions> = {}) => {
    const toSecret: Road = { fault: undefined };
    const toBundle: Road = { fault: undefined };
    const source = new GeneratedSource(
      { secret: secret.box(toSecret), bundle: bundle.sink(toBundle), clock, log, random: () => 0.5 },
      { names, ...options, ...more },
    );
    let changes = 0;
    source.onChange(() => {
      changes += 1;
    });
    ended.push(source.run(stop.signal));
    return { source, toSecret, toBundle, changes: () => changes };
  };
  const kept = () => {
    const found = decodeSecret(secret.data);
    if (found.kind !== 'sound') throw new Error(`the Secret is ${found.kind}`);
    return found.certificates;
  };
  const count = (pem: string): number => pem.split('-----BEGIN').length - 1;
  return { clock, secret, bundle, lines, stop, ended, start, kept, count };
}

describe('GeneratedSource', () => {
  it('makes an authority and a leaf, keeps them and publishes what clients must trust', async () => {
    const { clock, bundle, start, kept } = scene();
    const { source, changes } = start();
    expect(source.health()).to.deep.equal({
      state: 'starting',
      detail: 'waits for the Secret of the serving certificate',
    });
    await clock.advance(1_000);
    const current = source.current();
    expect(current?.certPem).to.equal(kept().leaf?.certPem);
    expect(current?.caPem).to.equal(bundle.caPem);
    expect(isAccepted(current?.certPem ?? '', bundle.caPem, clock.nowMs())).to.equal(true);
    expect(current?.notAfterMs).to.equal(startMs + 90 * dayMs);
    expect(source.health()).to.deep.equal({ state: 'ready' });
    expect(changes()).to.equal(1);
  });

  it('shares one authority and one leaf among replicas that start at once', async () => {
    const { clock, secret, bundle, start } = scene();
    const replicas = [start(), start(), start(), start(), start()];
    await clock.advance(1_000);
    const leaves = new Set(replicas.map(({ source }) => source.current()?.certPem));
    expect(leaves.size).to.equal(1);
    expect(leaves.has(undefined)).to.equal(false);
    expect(secret.writes).to.equal(1);
    expect(secret.conflicts).to.equal(4);
    expect(bundle.changes).to.equal(1);
    for (const { source } of replicas) expect(source.health()).to.deep.equal({ state: 'ready' });
  });

  it('writes nothing while nothing is due', async () => {
    const { clock, secret, bundle, start } = scene();
    start();
    start();
    await clock.advance(hourMs);
    expect(secret.writes).to.equal(1);
    expect(bundle.changes).to.equal(1);
  });

  it('uses what is kept already', async () => {
    const { clock, secret, start } = scene();
    const before = freshCertificates(startMs - 10 * dayMs);
    secret.replace(encodeSecret(before));
    const { source } = start();
    await clock.advance(1_000);
    expect(source.current()?.certPem).to.equal(before.leaf?.certPem);
    expect(secret.writes).to.equal(0);
  });

  it('renews the leaf at two thirds of its life, also when it slept through that', async () => {
    const { clock, bundle, start } = scene();
    const { source, changes } = start();
    await clock.advance(1_000);
    const first = source.current();
    clock.stepWall(59 * dayMs);
    await clock.advance(2 * minuteMs);
    expect(source.current()).to.equal(first);
    clock.stepWall(20 * dayMs);
    await clock.advance(minuteMs);
    expect(source.current()?.certPem).to.not.equal(first?.certPem);
    expect(source.current()?.caPem).to.equal(first?.caPem);
    expect(isAccepted(source.current()?.certPem ?? '', bundle.caPem, clock.nowMs())).to.equal(true);
    expect(changes()).to.equal(2);
  });

  it('gives a renewed leaf to the other replicas at once', async () => {
    const { clock, start } = scene();
    const [a, b] = [start(), start()];
    await clock.advance(1_000);
    clock.stepWall(61 * dayMs);
    await clock.advance(minuteMs + 1_000);
    expect(a.source.current()?.certPem).to.equal(b.source.current()?.certPem);
    expect(a.source.current()?.notAfterMs).to.be.greaterThan(startMs + 120 * dayMs);
  });

  it('waits for a Secret that cannot be reached, visibly, and logs it once', async () => {
    const { clock, lines, start } = scene();
    const replica = start();
    replica.toSecret.fault = unreachable;
    await clock.advance(10 * minuteMs);
    expect(replica.source.health()).to.deep.equal({
      state: 'starting',
      detail: 'the Secret of the serving certificate cannot be read: no answer from the API server',
    });
    expect(lines.filter((line) => line.includes('cannot be read'))).to.have.length(1);
    replica.toSecret.fault = undefined;
    await clock.advance(minuteMs);
    expect(replica.source.health()).to.deep.equal({ state: 'ready' });
    expect(lines.filter((line) => line.includes('can be used again'))).to.have.length(1);
  });

  it('goes on with its certificate when the Secret can no longer be reached', async () => {
    const { clock, start } = scene();
    const replica = start();
    await clock.advance(1_000);
    const before = replica.source.current();
    replica.toSecret.fault = new Fault('kube.denied', 'secrets is forbidden');
    await clock.advance(2 * minuteMs);
    expect(replica.source.current()).to.equal(before);
    expect(replica.source.health()).to.deep.equal({
      state: 'degraded',
      detail: 'the Secret of the serving certificate cannot be read: secrets is forbidden',
    });
  });

  it('replaces a damaged Secret, by name, and fails no client by it', async () => {
    const { clock, secret, bundle, lines, start, kept, count } = scene();
    const { source } = start();
    await clock.advance(1_000);
    const before = source.current();
    const authority = kept().signer.certPem;
    secret.replace({ ...secret.data, 'ca.key': Buffer.from('scrambled') });
    await clock.advance(5_000);
    expect(source.current()?.certPem).to.equal(before?.certPem);
    expect(kept().signer.certPem).to.equal(authority);
    expect(count(bundle.caPem)).to.equal(2);
    expect(lines.join()).to.include(
      'is damaged and will be replaced: ca.crt and ca.key: expected an unencrypted PEM private key',
    );
    expect(lines.join()).to.include('is sound again');
    expect(source.health()).to.deep.equal({ state: 'ready' });
  });

  it('takes over from a stranger’s sound Secret without a connection that fails', async () => {
    const { clock, secret, bundle, start } = scene();
    const replicas = [start(), start()];
    await clock.advance(1_000);
    const before = replicas[0]?.source.current()?.certPem ?? '';
    const stranger = freshCertificates();
    secret.replace(encodeSecret(stranger));
    await clock.advance(minuteMs);
    expect(bundle.caPem).to.include(stranger.signer.certPem);
    for (const { source } of replicas) {
      expect(source.current()?.certPem).to.equal(before);
      expect(isAccepted(before, bundle.caPem, clock.nowMs())).to.equal(true);
    }
    await clock.advance(12 * minuteMs);
    for (const { source } of replicas) {
      const { certPem } = source.current() ?? { certPem: '' };
      expect(certPem).to.not.equal(before);
      expect(isAccepted(certPem, stranger.signer.certPem, clock.nowMs())).to.equal(true);
      expect(isAccepted(certPem, bundle.caPem, clock.nowMs())).to.equal(true);
    }
  });

  it('starts anew from a Secret that was damaged before, keeping its authorities in the bundle', async () => {
    const { clock, secret, bundle, start } = scene();
    const before = freshCertificates();
    secret.replace({ ...encodeSecret(before), 'ca.key': Buffer.from('scrambled') });
    const { source } = start();
    await clock.advance(1_000);
    const now = clock.nowMs();
    expect(isAccepted(source.current()?.certPem ?? '', bundle.caPem, now)).to.equal(true);
    expect(isAccepted(before.leaf?.certPem ?? '', bundle.caPem, now)).to.equal(true);
  });

  it('answers the deletion of the Secret with an orderly change of authority', async () => {
    const { clock, secret, bundle, start, kept } = scene();
    const [a, b] = [start(), start()];
    await clock.advance(1_000);
    const before = { leaf: a.source.current()?.certPem, authority: kept().signer.certPem };
    secret.replace(undefined);
    await clock.advance(5_000);
    expect(a.source.current()?.certPem).to.equal(before.leaf);
    await clock.advance(12 * minuteMs);
    expect(kept().signer.certPem).to.not.equal(before.authority);
    expect(a.source.current()?.certPem).to.not.equal(before.leaf);
    expect(a.source.current()?.certPem).to.equal(b.source.current()?.certPem);
    for (const leaf of [before.leaf, a.source.current()?.certPem]) {
      expect(isAccepted(leaf ?? '', bundle.caPem, clock.nowMs())).to.equal(true);
    }
  });

  it('puts back a bundle that somebody changed', async () => {
    const { clock, bundle, start } = scene();
    const { source } = start();
    await clock.advance(1_000);
    const published = bundle.caPem;
    bundle.replace('');
    await clock.advance(1_000);
    expect(bundle.caPem).to.equal(published);
    expect(source.health()).to.deep.equal({ state: 'ready' });
  });

  for (const code of ['kube.not_found', 'kube.rejected', 'kube.denied', 'kube.unreachable'] as const) {
    it(`is degraded, not stopped, on ${code} of the APIService, says why and logs it once`, async () => {
      const { clock, lines, start } = scene();
      const replica = start();
      replica.toBundle.fault = new Fault(code, 'no such APIService: apply the manifests');
      await clock.advance(10 * minuteMs);
      expect(replica.source.current()).to.not.equal(undefined);
      expect(replica.source.health()).to.deep.equal({
        state: 'degraded',
        detail: 'the caBundle of the APIService is not in step: no such APIService: apply the manifests',
      });
      expect(lines.filter((line) => line.includes('not in step'))).to.have.length(1);
      replica.toBundle.fault = undefined;
      await clock.advance(minuteMs);
      expect(replica.source.health()).to.deep.equal({ state: 'ready' });
    });
  }

  it('does not fight for ever at full speed with another who sets the bundle', async () => {
    const { clock, bundle, start } = scene();
    const { source } = start();
    let fights = 0;
    const stop = new AbortController();
    void bundle.sink().follow(() => {
      if (bundle.caPem === 'theirs') return;
      fights += 1;
      bundle.replace('theirs');
    }, stop.signal);
    await clock.advance(10 * minuteMs);
    expect(fights).to.be.within(5, 25);
    expect(source.health()).to.have.property('state', 'degraded');
    expect(source.health()).to.have.property('detail').that.includes('somebody undoes each change');
    stop.abort();
    await clock.advance(3 * minuteMs);
    expect(source.health()).to.deep.equal({ state: 'ready' });
  });

  it('does not let a new authority sign while the bundle cannot be published', async () => {
    const { clock, start, kept } = scene();
    const replica = start();
    await clock.advance(1_000);
    const first = kept().signer.certPem;
    replica.toBundle.fault = unreachable;
    clock.stepWall(488 * dayMs);
    await clock.advance(hourMs);
    expect(kept().signer.certPem).to.equal(first);
    expect(kept().next).to.not.equal(undefined);
    replica.toBundle.fault = undefined;
    await clock.advance(9 * minuteMs);
    expect(kept().signer.certPem).to.equal(first);
    await clock.advance(4 * minuteMs);
    expect(kept().signer.certPem).to.not.equal(first);
  });

  it('never logs a key, and ends with its signal', async () => {
    const { clock, secret, lines, stop, ended, start, kept } = scene();
    start();
    await clock.advance(1_000);
    const { signer, leaf } = kept();
    secret.replace({ ...secret.data, 'tls.key': Buffer.from(signer.keyPem) });
    await clock.advance(5_000);
    secret.replace({ ...secret.data, 'ca.crt': Buffer.from(signer.keyPem) });
    await clock.advance(5_000);
    expect(lines.join()).to.include('parts of the Secret').and.include('is damaged');
    for (const key of [signer.keyPem, leaf?.keyPem ?? '']) {
      for (const line of key.trim().split('\n').slice(1, -1))
        expect(lines.join()).to.not.include(line.slice(0, 20));
    }
    expect(lines.join()).to.not.include('PRIVATE KEY');
    stop.abort();
    await Promise.all(ended);
    expect(clock.sleeping).to.equal(0);
  });
});
