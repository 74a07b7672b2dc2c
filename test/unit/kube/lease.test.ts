import { expect } from 'chai';
import { LeaseBox, type Lock } from '../../../kube/lease.js';
import { FakeClock } from '../../fake-clock.js';
import { fakeApi, recordingLog } from './fake-api.js';
import { FakeStore } from './fake-store.js';

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
    expect(await box.write(lock, undefined, signal)).to.deep.equal({ ok: true, value: '101' });
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
    expect(await box.read(signal)).to.deep.equal({ ok: true, value: { lock, revision: '101' } });
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
    expect(await box.write(lock, revision, signal)).to.deep.equal({ ok: true, value: '102' });
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
    const stale = await box.write(lock, first.ok ? first.value : '', signal);
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
    expect(await box.read(signal)).to.deep.equal({
      ok: true,
      value: {
        lock: { holder: undefined, durationSeconds: 0, acquiredAtMs: 0, renewedAtMs: 0, transitions: 0 },
        revision,
      },
    });
  });
});
