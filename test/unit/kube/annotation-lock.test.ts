import { expect } from 'chai';
import fc from 'fast-check';
import { AnnotationLockBox, leaderAnnotation } from '../../../kube/annotation-lock.js';
import { valueAt } from '../../../kube/json.js';
import { type Lock, noLock } from '../../../kube/lock-object.js';
import { FakeClock } from '../../fake-clock.js';
import { fakeApi, recordingLog } from './fake-api.js';
import { FakeStore, refuse } from './fake-store.js';

const { signal } = new AbortController();
const paths = {
  configmap: '/api/v1/namespaces/monitoring/configmaps/lead',
  endpoints: '/api/v1/namespaces/monitoring/endpoints/lead',
} as const;

function scene(kind: keyof typeof paths = 'configmap') {
  const store = new FakeStore();
  const box = new AnnotationLockBox(
    { client: fakeApi(store.answer), clock: new FakeClock(), log: recordingLog(), random: () => 0.5 },
    { namespace: 'monitoring', name: 'lead', kind },
  );
  const path = paths[kind];
  return {
    store,
    box,
    path,
    annotation: () => valueAt(store.objects.get(path), 'metadata', 'annotations', leaderAnnotation),
    /** What somebody else writes into the annotation. */
    annotate: (text: string) =>
      store.put(path, { metadata: { name: 'lead', annotations: { [leaderAnnotation]: text } } }),
    read: async () => {
      const read = await box.read(signal);
      if (!read.ok) throw read.error;
      return read.value;
    },
    write: async (lock: Lock, revision: string | undefined) => {
      const written = await box.write(lock, revision, signal);
      if (!written.ok) throw written.error;
      return written.value;
    },
  };
}

const lock: Lock = {
  holder: 'replica-1',
  durationSeconds: 60,
  acquiredAtMs: Date.UTC(2026, 10, 21, 6, 40, 9),
  renewedAtMs: Date.UTC(2026, 10, 21, 6, 41, 0),
  transitions: 3,
};

/** As client-go v0.23 writes that lock. */
const record =
  '{"holderIdentity":"replica-1","leaseDurationSeconds":60,"acquireTime":"2026-11-21T06:40:09Z",' +
  '"renewTime":"2026-11-21T06:41:00Z","leaderTransitions":3}';

describe('AnnotationLockBox', () => {
  it('reads nothing where there is nothing', async () => {
    expect(await scene().read()).to.equal(undefined);
  });

  for (const kind of ['configmap', 'endpoints'] as const) {
    it(`writes client-go’s record, byte for byte, to an annotation of a ${kind}, and reads it back`, async () => {
      const { box, store, path, annotation, read, write } = scene(kind);
      const late = { ...lock, acquiredAtMs: lock.acquiredAtMs + 999, renewedAtMs: lock.renewedAtMs + 1 };
      expect(await write(late, undefined)).to.deep.equal({ lock, revision: '101', stamp: record });
      expect(annotation()).to.equal(record);
      expect(store.objects.get(path)).to.include({
        apiVersion: 'v1',
        kind: kind === 'configmap' ? 'ConfigMap' : 'Endpoints',
      });
      expect(await read()).to.deep.equal({ lock, revision: '101', stamp: record });
      expect(await box.write(lock, undefined, signal)).to.have.nested.property('error.code', 'kube.conflict');
    });
  }

  it('keeps what others added: data, subsets, labels, annotations, and fields of the record', async () => {
    const { store, path, annotation, write } = scene();
    const others = {
      data: { a: 'b' },
      binaryData: { c: 'ZA==' },
      subsets: [{ addresses: [{ ip: '10.0.0.1' }] }],
    };
    const annotations = { mine: 'yes', [leaderAnnotation]: '{"strategy":"x","holderIdentity":"replica-2"}' };
    const revision = store.put(path, {
      ...others,
      metadata: { name: 'lead', labels: { team: 'a' }, annotations },
    });
    await write(lock, revision);
    expect(store.objects.get(path)).to.deep.include(others);
    expect(store.objects.get(path)).to.have.nested.property('metadata.labels').that.includes({ team: 'a' });
    expect(store.objects.get(path)).to.have.nested.property('metadata.annotations.mine', 'yes');
    expect(annotation()).to.equal(`${record.slice(0, -1)},"strategy":"x"}`);
  });

  it('dates a renewal within the same second a second later, since nobody could see it otherwise', async () => {
    const { write } = scene();
    const first = await write(lock, undefined);
    const second = await write({ ...lock, renewedAtMs: lock.renewedAtMs + 500 }, first.revision);
    const third = await write({ ...lock, renewedAtMs: lock.renewedAtMs + 900 }, second.revision);
    const far = await write({ ...lock, renewedAtMs: lock.renewedAtMs - 3_600_000 }, third.revision);
    const times = [second, third, far].map(({ lock: { renewedAtMs } }) => renewedAtMs - lock.renewedAtMs);
    expect(times).to.deep.equal([1_000, 2_000, -3_600_000]);
  });

  it('loses against another writer, on create and on update', async () => {
    const { box, annotate, annotation, write } = scene();
    const first = await write(lock, undefined);
    annotate('{"holderIdentity":"replica-2"}');
    for (const revision of [undefined, first.revision])
      expect(await box.write(lock, revision, signal)).to.have.nested.property('error.code', 'kube.conflict');
    expect(annotation()).to.equal('{"holderIdentity":"replica-2"}');
  });

  it('finds an object without the annotation free', async () => {
    const { store, path, read } = scene();
    const revision = store.put(path, { metadata: { name: 'lead' } });
    expect(await read()).to.deep.equal({ lock: noLock, revision, stamp: '' });
  });

  for (const text of ['{}', '{"holderIdentity":null}', '{"holderIdentity":"","leaseDurationSeconds":1}']) {
    it(`finds ${text} free, as client-go does`, async () => {
      const { annotate, read } = scene();
      annotate(text);
      const stored = await read();
      expect(stored?.lock.holder).to.equal(undefined);
      expect(stored).to.not.have.property('doubt');
    });
  }

  const unreadable = ['', 'replica-1', 'null', '[]', '7', '"x"', '{"holderIdentity":7}', record.slice(0, -1)];
  for (const text of unreadable) {
    it(`cannot tell who holds ‘${text}’, and says so`, async () => {
      const { annotate, read } = scene();
      annotate(text);
      const stored = await read();
      expect(stored?.doubt).to.contain('ConfigMap monitoring/lead').and.contain('remove the annotation');
      expect(stored?.stamp).to.equal(text);
    });
  }

  it('overwrites what cannot be read when it is told to', async () => {
    const { annotate, annotation, write } = scene();
    await write(lock, annotate('{{'));
    expect(annotation()).to.equal(record);
  });

  it('takes numbers and times of another making for none, as Kubernetes would refuse them in a Lease', async () => {
    const { annotate, read } = scene();
    annotate(
      '{"holderIdentity":"x","leaseDurationSeconds":1e12,"acquireTime":"+030489-01-01T00:00:00Z","renewTime":"noon","leaderTransitions":1.5}',
    );
    expect((await read())?.lock).to.deep.equal({ ...noLock, holder: 'x' });
  });

  it('is read by its own hand whatever it wrote, and never throws for any text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.json(), fc.constant(record)), async (text) => {
        const { annotate, read, write } = scene();
        const revision = annotate(text);
        const stored = await read();
        expect(stored?.revision).to.equal(revision);
        expect((await write(lock, revision)).lock.holder).to.equal('replica-1');
      }),
    );
  });

  it('names all rights that it needs when one is missing', async () => {
    const client = fakeApi(() => refuse('kube.denied', 'GET …: HTTP 403'));
    const box = new AnnotationLockBox(
      { client, clock: new FakeClock(), log: recordingLog(), random: () => 0.5 },
      { namespace: 'monitoring', name: 'lead', kind: 'endpoints' },
    );
    const read = await box.read(signal);
    expect(read.ok || read.error.message).to.equal(
      'GET …: HTTP 403; leader election needs get, list, watch and update on endpoints "lead", and create on endpoints, in namespace monitoring',
    );
  });
});
