import { expect } from 'chai';
import { BundlePublisher } from '../../../certs/bundle-publisher.js';
import { Fault } from '../../../core/fault.js';
import { silentLog } from '../../../core/log.js';
import { FakeClock } from '../../fake-clock.js';
import { MemoryBundle, type Road } from './memory-boxes.js';
import { freshCertificates, minuteMs, startMs } from './samples.js';

const { signal } = new AbortController();

function scene() {
  const clock = new FakeClock(startMs);
  const bundle = new MemoryBundle();
  const road: Road = { fault: undefined };
  const publisher = new BundlePublisher({ bundle: bundle.sink(road), clock, log: silentLog });
  const certificates = freshCertificates();
  const forMs = (): number | undefined => publisher.publishedForMs().get(certificates.signer.fingerprint);
  return { clock, bundle, road, publisher, certificates, forMs };
}

describe('BundlePublisher', () => {
  it('publishes the bundle and says whether it was another before', async () => {
    const { bundle, publisher, certificates } = scene();
    expect(await publisher.publish(certificates, signal)).to.equal(true);
    expect(bundle.caPem).to.equal(certificates.signer.certPem);
    expect(await publisher.publish(certificates, signal)).to.equal(false);
  });

  it('counts for how long an authority has been published, whatever the wall clock does', async () => {
    const { clock, publisher, certificates, forMs } = scene();
    expect(forMs()).to.equal(undefined);
    await publisher.publish(certificates, signal);
    clock.stepWall(100 * minuteMs);
    await clock.advance(3 * minuteMs);
    await publisher.publish(certificates, signal);
    expect(forMs()).to.equal(3 * minuteMs);
  });

  it('counts anew after somebody changed the bundle meanwhile', async () => {
    const { clock, bundle, publisher, certificates, forMs } = scene();
    await publisher.publish(certificates, signal);
    await clock.advance(3 * minuteMs);
    bundle.replace('theirs');
    expect(await publisher.publish(certificates, signal)).to.equal(true);
    expect(forMs()).to.equal(0);
  });

  it('counts anew after a fault, and remembers it until it is over', async () => {
    const { clock, road, publisher, certificates, forMs } = scene();
    await publisher.publish(certificates, signal);
    await clock.advance(3 * minuteMs);
    road.fault = new Fault('kube.unreachable', 'no answer');
    expect(await publisher.publish(certificates, signal)).to.equal(undefined);
    expect(publisher.trouble).to.equal('the caBundle of the APIService is not in step: no answer');
    expect(forMs()).to.equal(undefined);
    road.fault = undefined;
    expect(await publisher.publish(certificates, signal)).to.equal(false);
    expect(publisher.trouble).to.equal(undefined);
    expect(forMs()).to.equal(0);
  });

  it('counts for the authorities that are in the bundle now, and no others', async () => {
    const { publisher, certificates } = scene();
    await publisher.publish(certificates, signal);
    const others = freshCertificates();
    await publisher.publish(others, signal);
    expect([...publisher.publishedForMs().keys()]).to.deep.equal([others.signer.fingerprint]);
  });
});
