import { expect } from 'chai';
import { ConfigMapShards } from '../../../kube/configmap.js';
import { FakeClock, settle } from '../../fake-clock.js';
import { fakeApi, listOf, recordingLog } from './fake-api.js';
import { FakeStore } from './fake-store.js';

const { signal } = new AbortController();
const path = '/api/v1/namespaces/monitoring/configmaps/box';

function scene(options: { readonly timeoutMs?: number } = {}) {
  const store = new FakeStore();
  const clock = new FakeClock();
  const client = fakeApi((method, asked, call) =>
    asked.endsWith('/configmaps') && method === 'GET'
      ? listOf([...store.objects.values()], '50')
      : store.answer(method, asked, call),
  );
  const shards = new ConfigMapShards(
    { client, clock, log: recordingLog(), random: () => 0 },
    { namespace: 'monitoring', ...options },
  );
  const methods = (): string[] => client.seen.map(({ method }) => method);
  return { store, clock, client, shards, methods };
}

const content = { data: { a: '1' }, annotations: { 'made-at': 'noon' } };

describe('ConfigMapShards', () => {
  it('reads nothing where there is nothing', async () => {
    expect(await scene().shards.read('box', signal)).to.deep.equal({ ok: true, value: undefined });
  });

  it('creates with our label, and reads back what it wrote', async () => {
    const { shards, store } = scene();
    const written = await shards.write('box', content, undefined, signal);
    expect(written).to.deep.equal({ ok: true, value: { ...content, revision: '101' } });
    expect(await shards.read('box', signal)).to.deep.equal(written);
    expect(store.objects.get(path)).to.deep.equal({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      data: { a: '1' },
      metadata: {
        name: 'box',
        namespace: 'monitoring',
        labels: { 'app.kubernetes.io/managed-by': 'datadog-cluster-agent' },
        annotations: { 'made-at': 'noon' },
        resourceVersion: '101',
      },
    });
  });

  it('bounds each request as it was told', async () => {
    const { shards, client } = scene({ timeoutMs: 700 });
    await shards.write('box', content, undefined, signal);
    await shards.write('box', content, '101', signal);
    await shards.read('box', signal);
    await shards.remove('box', '102', signal);
    const bounds = client.seen.map(
      ({ method, call }) => `${method} ${'timeoutMs' in call ? call.timeoutMs : '-'}`,
    );
    expect(bounds).to.deep.equal(['POST 700', 'PUT 700', 'GET 700', 'DELETE 700']);
  });

  it('refuses to create what exists', async () => {
    const { shards, store } = scene();
    store.put(path, { metadata: { name: 'box' } });
    const written = await shards.write('box', content, undefined, signal);
    expect(written.ok || written.error.code).to.equal('kube.conflict');
  });

  it('keeps what others added: labels, annotations, owners, binary data', async () => {
    const { shards, store } = scene();
    const foreign = {
      labels: { team: 'blue' },
      annotations: { note: 'hands off', 'made-at': 'dawn' },
      ownerReferences: [{ uid: 'u' }],
      finalizers: ['f'],
    };
    const revision = store.put(path, {
      metadata: { name: 'box', namespace: 'monitoring', managedFields: [{}], ...foreign },
      data: { old: 'x' },
      binaryData: { blob: 'AAAA' },
    });
    const written = await shards.write('box', content, revision, signal);
    expect(written.ok && written.value.annotations).to.deep.equal({ note: 'hands off', 'made-at': 'noon' });
    const { metadata, ...rest } = store.objects.get(path) ?? {};
    expect(rest).to.deep.equal({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      data: { a: '1' },
      binaryData: { blob: 'AAAA' },
    });
    expect(metadata).to.deep.equal({
      name: 'box',
      namespace: 'monitoring',
      labels: { team: 'blue', 'app.kubernetes.io/managed-by': 'datadog-cluster-agent' },
      annotations: { note: 'hands off', 'made-at': 'noon' },
      ownerReferences: [{ uid: 'u' }],
      finalizers: ['f'],
      resourceVersion: '102',
    });
  });

  it('writes without a read before it when it knows the revision, and with one when it does not', async () => {
    const { shards, store, methods } = scene();
    const first = await shards.write('box', content, undefined, signal);
    const second = await shards.write('box', content, first.ok ? first.value.revision : '', signal);
    expect(second.ok && second.value.revision).to.equal('102');
    expect(methods()).to.deep.equal(['POST', 'PUT']);
    const foreign = store.put(path, { metadata: { name: 'box', labels: { theirs: 'yes' } } });
    expect((await shards.write('box', content, foreign, signal)).ok).to.equal(true);
    expect(methods()).to.deep.equal(['POST', 'PUT', 'GET', 'PUT']);
    expect(store.objects.get(path)?.['metadata']).to.deep.include({
      labels: { theirs: 'yes', 'app.kubernetes.io/managed-by': 'datadog-cluster-agent' },
    });
  });

  it('never overwrites a change that it has not seen', async () => {
    const { shards, store } = scene();
    const first = await shards.write('box', content, undefined, signal);
    const revision = first.ok ? first.value.revision : '';
    store.put(path, { metadata: { name: 'box' }, data: { theirs: '1' } });
    for (const stale of [revision, '7']) {
      const written = await shards.write('box', content, stale, signal);
      expect(written.ok || written.error.code).to.equal('kube.conflict');
    }
    expect(store.objects.get(path)?.['data']).to.deep.equal({ theirs: '1' });
  });

  it('says that a deleted one is gone, so that it can be made anew', async () => {
    const { shards, store } = scene();
    const first = await shards.write('box', content, undefined, signal);
    const revision = first.ok ? first.value.revision : '';
    store.objects.clear();
    const known = await shards.write('box', content, revision, signal);
    const unknown = await shards.write('box', content, '7', signal);
    expect([known.ok || known.error.code, unknown.ok || unknown.error.code]).to.deep.equal([
      'kube.not_found',
      'kube.not_found',
    ]);
    expect((await shards.write('box', content, undefined, signal)).ok).to.equal(true);
  });

  it('removes only the revision that was named, and is content when there is none', async () => {
    const { shards, store } = scene();
    const revision = store.put(path, { metadata: { name: 'box' } });
    const stale = await shards.remove('box', '1', signal);
    expect(stale.ok || stale.error.code).to.equal('kube.conflict');
    expect(await shards.remove('box', revision, signal)).to.deep.equal({ ok: true, value: undefined });
    expect(await shards.remove('box', revision, signal)).to.deep.equal({ ok: true, value: undefined });
    expect(store.objects.size).to.equal(0);
  });

  it('leaves out what is no text, and does not choke on data that is no object', async () => {
    const { shards, store } = scene();
    store.put(path, { metadata: { name: 'box', annotations: 'none' }, data: { a: '1', b: 2, c: null } });
    expect(await shards.read('box', signal)).to.deep.equal({
      ok: true,
      value: { data: { a: '1' }, annotations: {}, revision: '101' },
    });
    store.put(path, { metadata: { name: 'box' }, data: ['x'] });
    const read = await shards.read('box', signal);
    expect(read.ok && read.value?.data).to.deep.equal({});
  });

  it('follows one object: first what is there, then each change, and its absence', async () => {
    const { shards, clock, client } = scene();
    const heard: (string | undefined)[] = [];
    const stop = new AbortController();
    expect(shards.heardAgoMs()).to.equal(Number.POSITIVE_INFINITY);
    const ended = shards.follow(
      'box',
      (shard) => heard.push(shard && `${shard.revision}:${shard.data['a']}`),
      stop.signal,
    );
    await settle();
    expect(client.seen[0]?.call.query).to.include({ fieldSelector: 'metadata.name=box' });
    const object = (revision: string, a: string) => ({
      metadata: { namespace: 'monitoring', name: 'box', resourceVersion: revision },
      data: { a },
    });
    client.wires[0]?.send({ type: 'ADDED', object: object('51', 'x') });
    await settle();
    client.wires[0]?.send({ type: 'MODIFIED', object: object('52', 'x') });
    client.wires[0]?.send({ type: 'DELETED', object: object('53', 'x') });
    await settle();
    expect(heard).to.deep.equal([undefined, '51:x', '52:x', undefined]);
    await clock.advance(3000);
    expect(shards.heardAgoMs()).to.equal(3000);
    stop.abort();
    await ended;
    expect(shards.heardAgoMs()).to.equal(Number.POSITIVE_INFINITY);
  });

  it('reports the longest silence of all that it follows', async () => {
    const { shards, clock, client } = scene();
    const stop = new AbortController();
    const ended = [
      shards.follow('box', () => {}, stop.signal),
      shards.follow('box-1', () => {}, stop.signal),
    ];
    await clock.advance(5000);
    client.wires[1]?.send({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '60' } } });
    await clock.advance(1000);
    expect(shards.heardAgoMs()).to.equal(6000);
    client.wires[0]?.send({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '60' } } });
    await settle();
    expect(shards.heardAgoMs()).to.equal(1000);
    stop.abort();
    await Promise.all(ended);
  });

  it('writes on what it heard by following', async () => {
    const { shards, client, store, methods } = scene();
    const stop = new AbortController();
    const ended = shards.follow('box', () => {}, stop.signal);
    const revision = store.put(path, {
      metadata: { namespace: 'monitoring', name: 'box', labels: { theirs: 'yes' } },
    });
    await settle();
    client.wires[0]?.send({ type: 'ADDED', object: store.objects.get(path) });
    await settle();
    expect((await shards.write('box', content, revision, signal)).ok).to.equal(true);
    expect(methods().filter((method) => method !== 'WATCH')).to.deep.equal(['GET', 'PUT']);
    expect(store.objects.get(path)?.['metadata']).to.deep.include({
      labels: { theirs: 'yes', 'app.kubernetes.io/managed-by': 'datadog-cluster-agent' },
    });
    stop.abort();
    await ended;
  });
});
