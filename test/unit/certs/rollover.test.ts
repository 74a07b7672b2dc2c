import { setMaxListeners } from 'node:events';
import { expect } from 'chai';
import { GeneratedSource } from '../../../certs/generated-source.js';
import { decodeSecret } from '../../../certs/secret-codec.js';
import { Fault } from '../../../core/fault.js';
import { silentLog } from '../../../core/log.js';
import { FakeClock } from '../../fake-clock.js';
import { MemoryBundle, MemorySecret, type Road } from './memory-boxes.js';
import { hourMs, isAccepted, minuteMs, names, startMs } from './samples.js';

/** Short lives, so that several authorities follow one another within hours. */
const options = {
  names,
  leafLifeMs: 40 * minuteMs,
  authorityLifeMs: 2 * hourMs,
  propagationMs: 5 * minuteMs,
};

interface Replica {
  readonly source: GeneratedSource;
  readonly toSecret: Road;
  readonly toBundle: Road;
}

/** Replicas on one cluster, and a client that looks at each of their leaves at every change and every minute. */
function scene(count: number) {
  const clock = new FakeClock(startMs);
  const secret = new MemorySecret();
  const bundle = new MemoryBundle();
  const stop = new AbortController();
  // Many replicas listen to the one signal.
  setMaxListeners(0, stop.signal);
  const refused: string[] = [];
  const authorities = new Set<string>();
  const leaves = new Set<string>();
  let looks = 0;

  const replicas = Array.from({ length: count }, (_, index): Replica => {
    const toSecret: Road = { fault: undefined };
    const toBundle: Road = { fault: undefined };
    const source = new GeneratedSource(
      {
        secret: secret.box(toSecret),
        bundle: bundle.sink(toBundle),
        clock,
        log: silentLog,
        random: () => index / count,
      },
      options,
    );
    return { source, toSecret, toBundle };
  });

  const look = (): void => {
    if (bundle.caPem === '') return;
    looks += 1;
    const found = decodeSecret(secret.data);
    if (found.kind === 'sound') authorities.add(found.certificates.signer.fingerprint);
    for (const [index, { source }] of replicas.entries()) {
      const leaf = source.current()?.certPem;
      if (leaf === undefined) continue;
      leaves.add(leaf);
      if (!isAccepted(leaf, bundle.caPem, clock.nowMs())) {
        refused.push(`replica ${index} at minute ${(clock.nowMs() - startMs) / minuteMs}`);
      }
    }
  };
  for (const { source } of replicas) source.onChange(look);
  void bundle.sink().follow(look, stop.signal);
  const ended = replicas.map(({ source }) => source.run(stop.signal));

  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += minuteMs) {
      await clock.advance(minuteMs);
      look();
    }
  };
  const end = async (): Promise<void> => {
    stop.abort();
    await Promise.all(ended);
  };
  return { clock, secret, bundle, replicas, refused, authorities, leaves, pass, end, looks: () => looks };
}

describe('the rollover of authorities', () => {
  it('leaves no instant at which a client that trusts the published bundle refuses a leaf in use', async function () {
    this.timeout(60_000);
    const { pass, end, refused, authorities, leaves, looks } = scene(3);
    await pass(7 * hourMs);
    await end();
    expect(refused).to.deep.equal([]);
    expect(authorities.size).to.be.at.least(4);
    expect(leaves.size).to.be.at.least(12);
    expect(looks()).to.be.greaterThan(7 * 60);
  });

  it('holds while a replica cannot reach the Secret, until the life of its leaf ends', async function () {
    this.timeout(60_000);
    const { clock, replicas, pass, end, refused, authorities } = scene(3);
    await pass(75 * minuteMs);
    const cutOff = replicas[2];
    if (cutOff === undefined) throw new Error('no third replica');
    // The others renew the authority meanwhile, at two thirds of its two hours.
    cutOff.toSecret.fault = new Fault('kube.unreachable', 'partitioned');
    await pass((cutOff.source.current()?.notAfterMs ?? 0) - clock.nowMs() - minuteMs);
    expect(authorities.size).to.equal(2);
    expect(refused).to.deep.equal([]);
    cutOff.toSecret.fault = undefined;
    await pass(30 * minuteMs);
    await end();
    expect(refused).to.deep.equal([]);
    expect(replicas[2]?.source.current()).to.deep.equal(replicas[0]?.source.current());
  });

  it('waits with the new authority while no replica can publish', async function () {
    this.timeout(60_000);
    const { replicas, pass, end, refused, authorities } = scene(2);
    await pass(75 * minuteMs);
    for (const { toBundle } of replicas)
      toBundle.fault = new Fault('kube.denied', 'apiservices is forbidden');
    await pass(30 * minuteMs);
    expect(authorities.size).to.equal(1);
    expect(refused).to.deep.equal([]);
    for (const { toBundle } of replicas) toBundle.fault = undefined;
    await pass(8 * minuteMs);
    await end();
    expect(authorities.size).to.equal(2);
    expect(refused).to.deep.equal([]);
  });

  it('drops authorities from the bundle when they have expired', async function () {
    this.timeout(60_000);
    const { bundle, authorities, pass, end } = scene(1);
    await pass(7 * hourMs);
    await end();
    expect(authorities.size).to.be.at.least(4);
    expect(bundle.caPem.split('-----BEGIN').length - 1).to.be.within(1, 3);
  });
});
