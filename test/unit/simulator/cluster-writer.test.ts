import { expect } from 'chai';
import { ApiError } from '../../../simulator/cluster/api-error.js';
import { servedKinds } from '../../../simulator/cluster/kinds.js';
import type { JsonObject } from '../../../simulator/cluster/object.js';
import { ObjectStore } from '../../../simulator/cluster/store.js';
import type { Table } from '../../../simulator/cluster/table.js';
import { Writer, type WriteTarget } from '../../../simulator/cluster/writer.js';
import { FakeClock } from '../../fake-clock.js';

function scene() {
  const clock = new FakeClock();
  const history = { maxEvents: 1000, maxBytes: 1_000_000 };
  const store = new ObjectStore({ clock }, { kinds: servedKinds('v2'), history });
  const writer = new Writer({ store });
  const table = (resource: string): Table => {
    const found = store.table(resource);
    if (found === undefined) throw new Error(`no ${resource}`);
    return found;
  };
  const at = (resource: string, name = '', subresource = ''): WriteTarget => {
    const kind = table(resource).kind;
    return { table: table(resource), namespace: kind.isNamespaced ? 'default' : '', name, subresource };
  };
  writer.force(table('namespaces'), { namespace: '', name: 'default' }, {});
  return { clock, store, writer, at };
}

function configMap(name: string, data: JsonObject = {}, metadata: JsonObject = {}): JsonObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...metadata }, data };
}

function refusal(act: () => unknown): ApiError['status'] {
  try {
    act();
  } catch (error: unknown) {
    if (error instanceof ApiError) return error.status;
    throw error;
  }
  throw new Error('expected a refusal');
}

describe('creating', () => {
  it('gives identity, version and date', () => {
    const { writer, at } = scene();
    const { version, isNew } = writer.create(at('configmaps'), configMap('a', { x: '1' }));
    expect(isNew).to.equal(true);
    expect(version.object.metadata).to.include({
      name: 'a',
      namespace: 'default',
      resourceVersion: '2',
      creationTimestamp: '2026-01-01T00:00:00Z',
    });
    expect(version.object.metadata.uid).to.match(/^[0-9a-f-]{36}$/);
  });

  it('refuses a name that is taken, a namespace that is not there and a version in advance', () => {
    const { writer, at } = scene();
    writer.create(at('configmaps'), configMap('a'));
    expect(refusal(() => writer.create(at('configmaps'), configMap('a')))).to.deep.include({
      code: 409,
      reason: 'AlreadyExists',
      message: 'configmaps "a" already exists',
      details: { name: 'a', kind: 'configmaps' },
    });
    expect(
      refusal(() => writer.create({ ...at('configmaps'), namespace: 'nowhere' }, configMap('b'))),
    ).to.include({
      code: 404,
      message: 'namespaces "nowhere" not found',
    });
    expect(
      refusal(() => writer.create(at('configmaps'), configMap('b', {}, { resourceVersion: '1' }))).code,
    ).to.equal(500);
  });

  it('makes names up from a prefix', () => {
    const { writer, at } = scene();
    const body = { metadata: { generateName: 'web-' } };
    const names = [1, 2, 3].map(() => writer.create(at('pods'), body).version.object.metadata.name);
    expect(new Set(names).size).to.equal(3);
    for (const name of names) expect(name).to.match(/^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  });

  it('drops a status that its subresource must set', () => {
    const { writer, at } = scene();
    const { version } = writer.create(at('deployments'), {
      metadata: { name: 'web' },
      spec: { replicas: 1 },
      status: { replicas: 9 },
    });
    expect(version.object['status']).to.equal(undefined);
    expect(version.object.metadata.generation).to.equal(1);
  });

  it('refuses what a ConfigMap cannot be', () => {
    const { writer, at } = scene();
    const create = (body: unknown): string => refusal(() => writer.create(at('configmaps'), body)).message;
    expect(create(configMap('a', { 'b/c': 'x' }))).to.contain(
      'ConfigMap "a" is invalid: data[b/c]: Invalid value: "b/c": a valid config key',
    );
    expect(create(configMap('a', { big: 'x'.repeat(1_048_577) }))).to.equal(
      'ConfigMap "a" is invalid: []: Too long: may not be more than 1048576 bytes',
    );
    expect(create(configMap('Upper'))).to.contain(
      'metadata.name: Invalid value: "Upper": a lowercase RFC 1123 subdomain',
    );
    expect(create({ metadata: {} })).to.contain(
      'metadata.name: Required value: name or generateName is required',
    );
    expect(create({ ...configMap('a'), kind: 'Secret' })).to.contain(
      'Secret in version "v1" cannot be handled as a ConfigMap',
    );
    expect(create({ ...configMap('a'), apiVersion: 'v2' })).to.contain(
      'does not match the expected API version (v1)',
    );
    expect(create(configMap('a', {}, { namespace: 'other' }))).to.contain(
      'the namespace of the provided object does not match',
    );
    expect(create([])).to.contain('expected a JSON object');
  });

  it('takes a ConfigMap of exactly 1 MiB', () => {
    const { writer, at } = scene();
    expect(writer.create(at('configmaps'), configMap('a', { big: 'x'.repeat(1_048_576) })).isNew).to.equal(
      true,
    );
  });
});

describe('replacing', () => {
  it('compares and swaps', () => {
    const { writer, at } = scene();
    const first = writer.create(at('configmaps'), configMap('a')).version.object;
    const { resourceVersion } = first.metadata;
    const second = writer.replace(at('configmaps', 'a'), configMap('a', { x: '1' }, { resourceVersion }))
      .version.object;
    expect(second.metadata.uid).to.equal(first.metadata.uid);
    expect(
      refusal(() => writer.replace(at('configmaps', 'a'), configMap('a', { x: '2' }, { resourceVersion }))),
    ).to.deep.include({
      code: 409,
      reason: 'Conflict',
      message:
        'Operation cannot be fulfilled on configmaps "a": the object has been modified; ' +
        'please apply your changes to the latest version and try again',
    });
  });

  it('goes ahead without a version, but not for leases', () => {
    const { writer, at } = scene();
    writer.create(at('configmaps'), configMap('a'));
    expect(
      writer.replace(at('configmaps', 'a'), configMap('a', { x: '1' })).version.object['data'],
    ).to.deep.equal({ x: '1' });
    writer.create(at('leases'), { metadata: { name: 'l' }, spec: {} });
    expect(
      refusal(() => writer.replace(at('leases', 'l'), { metadata: { name: 'l' }, spec: { a: 1 } })),
    ).to.include({
      code: 422,
      message:
        'Lease.coordination.k8s.io "l" is invalid: metadata.resourceVersion: Invalid value: 0x0: must be specified for an update',
    });
  });

  it('does not write what is already there', () => {
    const { store, writer, at } = scene();
    writer.create(at('configmaps'), configMap('a', { x: '1' }));
    const before = store.revision;
    writer.replace(at('configmaps', 'a'), configMap('a', { x: '1' }));
    expect(store.revision).to.equal(before);
  });

  it('is 404 for an absent name, and creates a lease', () => {
    const { writer, at } = scene();
    expect(refusal(() => writer.replace(at('configmaps', 'a'), configMap('a')))).to.include({
      code: 404,
      message: 'configmaps "a" not found',
    });
    expect(writer.replace(at('leases', 'l'), { metadata: { name: 'l' } }).isNew).to.equal(true);
  });

  it('refuses an object that was deleted and made anew meanwhile', () => {
    const { writer, at } = scene();
    const old = writer.create(at('leases'), { metadata: { name: 'l' } }).version.object;
    writer.remove(at('leases', 'l'), {});
    const body = { metadata: { name: 'l', uid: old.metadata.uid } };
    expect(refusal(() => writer.replace(at('leases', 'l'), body)).message).to.contain(
      `Precondition failed: UID in precondition: ${old.metadata.uid}, UID in object meta: `,
    );
  });

  it('refuses another name than the URL says', () => {
    const { writer, at } = scene();
    writer.create(at('configmaps'), configMap('a'));
    expect(refusal(() => writer.replace(at('configmaps', 'a'), configMap('b'))).message).to.equal(
      'the name of the object (b) does not match the name on the URL (a)',
    );
  });

  it('keeps spec and status apart, and counts generations of the spec', () => {
    const { writer, at } = scene();
    const metadata = { name: 'web' };
    writer.create(at('deployments'), { metadata, spec: { replicas: 1 } });
    const status = writer.replace(at('deployments', 'web', 'status'), {
      metadata,
      spec: { replicas: 7 },
      status: { replicas: 1 },
    }).version.object;
    expect(status).to.deep.include({ spec: { replicas: 1 }, status: { replicas: 1 } });
    expect(status.metadata.generation).to.equal(1);
    const spec = writer.replace(at('deployments', 'web'), {
      metadata,
      spec: { replicas: 2 },
      status: { replicas: 9 },
    }).version.object;
    expect(spec).to.deep.include({ spec: { replicas: 2 }, status: { replicas: 1 } });
    expect(spec.metadata.generation).to.equal(2);
  });

  it('scales through /scale', () => {
    const { writer, at } = scene();
    const made = writer.create(at('deployments'), {
      metadata: { name: 'web' },
      spec: { replicas: 1, paused: true },
    }).version.object;
    const scale = { metadata: { resourceVersion: made.metadata.resourceVersion }, spec: { replicas: 5 } };
    expect(writer.replace(at('deployments', 'web', 'scale'), scale).version.object['spec']).to.deep.equal({
      replicas: 5,
      paused: true,
    });
    expect(refusal(() => writer.replace(at('deployments', 'web', 'scale'), scale)).code).to.equal(409);
  });
});

describe('deleting', () => {
  it('heeds preconditions', () => {
    const { writer, at } = scene();
    const made = writer.create(at('configmaps'), configMap('a')).version.object.metadata;
    const remove = (preconditions: object): unknown =>
      writer.remove(at('configmaps', 'a'), { preconditions });
    expect(refusal(() => remove({ uid: 'other' })).message).to.contain(
      `UID in precondition: other, UID in object meta: ${made.uid}`,
    );
    expect(refusal(() => remove({ resourceVersion: '1' })).message).to.contain(
      'ResourceVersion in precondition: 1, ResourceVersion in object meta: 2',
    );
    remove({ uid: made.uid, resourceVersion: made.resourceVersion });
    expect(refusal(() => remove({})).code).to.equal(404);
  });

  it('takes a namespace with all that is in it', () => {
    const { store, writer, at } = scene();
    writer.create(at('configmaps'), configMap('a'));
    writer.create(at('leases'), { metadata: { name: 'l' } });
    writer.remove(at('namespaces', 'default'), {});
    expect(store.kinds.map((kind) => store.table(kind.resource)?.size).every((size) => size === 0)).to.equal(
      true,
    );
  });
});
