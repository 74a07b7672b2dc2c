import { expect } from 'chai';
import { LeaseBox } from '../../../kube/lease.js';
import { type Lock, noLock } from '../../../kube/lock-object.js';
import { FakeClock } from '../../fake-clock.js';
import { fakeApi, recordingLog } from './fake-api.js';
import { FakeStore, refuse } from './fake-store.js';

const { signal } = new AbortController();
const path = '/apis/coordination.k8s.io/v1/namespaces/monitoring/leases/lead';

function scene() {
  const store = new FakeStore();
  const client = fakeApi(store.answer);
  const box = new LeaseBox(
    { client, clock: new FakeClock(), log: recordingLog(), random: () => 0.5 },
    { namespace: 'monitoring', name: 'lead' },
  );
  return { store, box };
}

const lock: Lock = {
  holder: 'replica-1',
  durationSeconds: 60,
  acquiredAtMs: Date.UTC(2026, 10, 21, 6, 40, 9, 177),
  renewedAtMs: Date.UTC(2026, 10, 21, 6, 41, 0, 5),
  transitions: 3,
};

describe('LeaseBox', () => {
  it('reads nothing where there is nothing', async () => {
    expect(await scene().box.read(signal)).to.deep.equal({ ok: true, value: undefined });
  });

  it('writes the times with microseconds, and reads back what it wrote', async () => {
    const { box, store } = scene();
    const written = await box.write(lock, undefined, signal);
    expect(written.ok && written.value).to.deep.include({ lock, revision: '101' });
    expect(store.objects.get(path)).to.deep.include({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      spec: {
        holderIdentity: 'replica-1',
        leaseDurationSeconds: 60,
        acquireTime: '2026-11-21T06:40:09.177000Z',
        renewTime: '2026-11-21T06:41:00.005000Z',
        leaseTransitions: 3,
      },
    });
    expect(await box.read(signal)).to.deep.equal(written);
  });

  it('writes no holder as an empty text, and reads it as none', async () => {
    const { box, store } = scene();
    await box.write({ ...lock, holder: undefined, durationSeconds: 0 }, undefined, signal);
    expect(store.objects.get(path)?.['spec']).to.include({ holderIdentity: '', leaseDurationSeconds: 1 });
    const read = await box.read(signal);
    expect(read.ok && read.value?.lock.holder).to.equal(undefined);
  });

  it('keeps fields of the spec that it does not know', async () => {
    const { box, store } = scene();
    const revision = store.put(path, {
      metadata: { name: 'lead' },
      spec: { strategy: 'OldestEmulationVersion' },
    });
    const written = await box.write(lock, revision, signal);
    expect(written.ok && written.value.revision).to.equal('102');
    expect(store.objects.get(path)?.['spec']).to.include({
      strategy: 'OldestEmulationVersion',
      holderIdentity: 'replica-1',
    });
  });

  it('loses against another writer, on create and on update', async () => {
    const { box, store } = scene();
    const first = await box.write(lock, undefined, signal);
    store.put(path, { metadata: { name: 'lead' }, spec: { holderIdentity: 'replica-2' } });
    const again = await box.write(lock, undefined, signal);
    const stale = await box.write(lock, first.ok ? first.value.revision : '', signal);
    expect([again.ok || again.error.code, stale.ok || stale.error.code]).to.deep.equal([
      'kube.conflict',
      'kube.conflict',
    ]);
    expect(store.objects.get(path)?.['spec']).to.deep.equal({ holderIdentity: 'replica-2' });
  });

  it('reads a Lease of any other making', async () => {
    const { box, store } = scene();
    const revision = store.put(path, {
      metadata: { name: 'lead' },
      spec: { renewTime: 'noon', leaseDurationSeconds: '60', leaseTransitions: -1 },
    });
    const read = await box.read(signal);
    expect(read.ok && read.value).to.deep.include({ lock: noLock, revision });
  });

  it('changes the Lease with each renewal, though no time has passed by the clock', async () => {
    const { box } = scene();
    const first = await box.write(lock, undefined, signal);
    const second = await box.write(lock, first.ok ? first.value.revision : '', signal);
    if (!first.ok || !second.ok) throw new Error('refused');
    expect(second.value.stamp).to.not.equal(first.value.stamp);
    expect(second.value.lock.renewedAtMs).to.equal(lock.renewedAtMs + 1);
  });

  it('names all rights that it needs when one is missing', async () => {
    const client = fakeApi(() => refuse('kube.denied', 'GET …: HTTP 403'));
    const box = new LeaseBox(
      { client, clock: new FakeClock(), log: recordingLog(), random: () => 0.5 },
      { namespace: 'monitoring', name: 'lead' },
    );
    const needs =
      'GET …: HTTP 403; leader election needs get, list, watch and update on leases.coordination.k8s.io "lead", ' +
      'and create on leases.coordination.k8s.io, in namespace monitoring';
    const read = await box.read(signal);
    expect(read.ok || read.error.message).to.equal(needs);
    const written = await box.write(lock, undefined, signal);
    expect(written.ok || written.error).to.include({ code: 'kube.denied', message: needs });
  });
});
