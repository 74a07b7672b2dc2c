import { expect } from 'chai';
import { SecretBox } from '../../../kube/secret.js';
import { FakeClock } from '../../fake-clock.js';
import { fakeApi, recordingLog } from './fake-api.js';
import { FakeStore } from './fake-store.js';

const { signal } = new AbortController();
const path = '/api/v1/namespaces/monitoring/secrets/certs';

function scene() {
  const store = new FakeStore();
  const log = recordingLog();
  const box = new SecretBox(
    { client: fakeApi(store.answer), clock: new FakeClock(), log, random: () => 0.5 },
    { namespace: 'monitoring', name: 'certs', type: 'kubernetes.io/tls' },
  );
  return { store, box };
}

const bytes = Buffer.from([0, 255, 1, 254]);

describe('SecretBox', () => {
  it('keeps bytes as they are', async () => {
    const { box, store } = scene();
    expect(await box.read(signal)).to.deep.equal({ ok: true, value: undefined });
    expect(await box.write({ 'tls.key': bytes }, undefined, signal)).to.deep.equal({
      ok: true,
      value: '101',
    });
    expect(store.objects.get(path)).to.deep.include({
      kind: 'Secret',
      type: 'kubernetes.io/tls',
      data: { 'tls.key': 'AP8B/g==' },
    });
    expect(await box.read(signal)).to.deep.equal({
      ok: true,
      value: { data: { 'tls.key': bytes }, revision: '101' },
    });
  });

  it('leaves the type of an existing Secret, which Kubernetes lets nobody change', async () => {
    const { box, store } = scene();
    const revision = store.put(path, { metadata: { name: 'certs' }, type: 'Opaque', data: { old: 'AA==' } });
    await box.write({ 'ca.crt': bytes }, revision, signal);
    expect(store.objects.get(path)).to.deep.include({ type: 'Opaque', data: { 'ca.crt': 'AP8B/g==' } });
  });

  it('loses against another writer', async () => {
    const { box, store } = scene();
    store.put(path, { metadata: { name: 'certs' } });
    const codes = [await box.write({}, undefined, signal), await box.write({}, '1', signal)].map(
      (written) => written.ok || written.error.code,
    );
    expect(codes).to.deep.equal(['kube.conflict', 'kube.conflict']);
  });
});
