import { expect } from 'chai';
import { fieldAt, listAt, numberAt, type ObjectDraft, textAt } from '../../simulator/cluster/object.js';
import { configMap, configMaps, Site } from './simulator-cluster-scene.js';

const nodes = '/api/v1/nodes';
const slices = '/apis/discovery.k8s.io/v1/endpointslices';
const listAccept = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
const objectAccept = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

function node(name: string, labels: Record<string, string> = {}): ObjectDraft {
  const metadata = { name, uid: `uid-${name}`, creationTimestamp: '2026-01-02T03:04:05Z', labels };
  const status = { images: [{ names: ['registry.example/image'], sizeBytes: 1 }] };
  return { apiVersion: 'v1', kind: 'Node', metadata, spec: { podCIDR: '10.0.0.0/24' }, status };
}

function slice(name: string, service: string, address = '10.0.0.1'): ObjectDraft {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace: 'ns', labels: { 'kubernetes.io/service-name': service } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [address] }],
  };
}

/** What a metadata-only answer shows of `node(name, labels)`. */
function partialNode(name: string, resourceVersion: string, labels: Record<string, string> = {}): object {
  const metadata = {
    name,
    uid: `uid-${name}`,
    creationTimestamp: '2026-01-02T03:04:05Z',
    labels,
    generation: 1,
    resourceVersion,
  };
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata };
}

function namesOf(list: unknown): readonly unknown[] {
  return listAt(list, 'items').map((item) => textAt(item, 'metadata', 'name'));
}

describe('nodes and endpoints of the stand-in cluster', () => {
  let site: Site;
  beforeEach(async () => {
    site = new Site();
    await site.cluster.start();
  });
  afterEach(() => site.close());

  it('are discovered with their short names', async () => {
    const resources = listAt((await site.ask('/api/v1')).body, 'resources').map((one) => [
      textAt(one, 'name'),
      fieldAt(one, 'namespaced'),
      fieldAt(one, 'shortNames'),
    ]);
    expect(resources).to.deep.include.members([
      ['endpoints', true, ['ep']],
      ['nodes', false, ['no']],
      ['nodes/status', false, undefined],
    ]);
  });

  it('are written as a real server takes them: endpoints by a PUT too, nodes not', async () => {
    const endpoints = { apiVersion: 'v1', kind: 'Endpoints', metadata: { name: 'web', namespace: 'ns' } };
    const path = '/api/v1/namespaces/ns/endpoints/web';
    expect((await site.ask(path, { method: 'PUT', body: endpoints })).status).to.equal(201);
    expect((await site.ask(`${nodes}/a`, { method: 'PUT', body: node('a') })).status).to.equal(404);
    expect((await site.ask(nodes, { method: 'POST', body: node('a') })).status).to.equal(201);
    const status = await site.ask(`${nodes}/a/status`, {
      method: 'PATCH',
      body: { spec: { unschedulable: true }, status: { phase: 'Running' } },
      type: 'application/merge-patch+json',
    });
    expect(fieldAt(status.body, 'status')).to.deep.equal({ phase: 'Running' });
    expect(fieldAt(status.body, 'spec')).to.deep.equal({ podCIDR: '10.0.0.0/24' });
  });
});

describe('metadata-only answers of the stand-in cluster', () => {
  let site: Site;
  beforeEach(async () => {
    site = new Site();
    await site.cluster.start();
  });
  afterEach(() => site.close());

  const read = (path: string, accept: string) => site.ask(path, { headers: { accept } });

  it('show the metadata of each object of a list, as an object of that kind', async () => {
    const { resourceVersion: first } = site.cluster.apply(node('a', { zone: 'x' })).metadata;
    const { resourceVersion: second } = site.cluster.apply(node('b')).metadata;
    const answer = await read(nodes, listAccept);
    expect(answer.status).to.equal(200);
    expect(answer.headers['content-type']).to.equal('application/json');
    expect(answer.body).to.deep.equal({
      kind: 'PartialObjectMetadataList',
      apiVersion: 'meta.k8s.io/v1',
      metadata: { resourceVersion: site.cluster.resourceVersion },
      items: [partialNode('a', first, { zone: 'x' }), partialNode('b', second)],
    });
  });

  it('follow a write', async () => {
    site.cluster.apply(node('a'));
    await read(nodes, listAccept);
    const { resourceVersion } = site.cluster.apply(node('a', { zone: 'y' })).metadata;
    expect(listAt((await read(nodes, listAccept)).body, 'items')).to.deep.equal([
      partialNode('a', resourceVersion, { zone: 'y' }),
    ]);
  });

  it('come in pages', async () => {
    for (const name of ['a', 'b', 'c']) site.cluster.apply(node(name));
    const first = await read(`${nodes}?limit=2`, listAccept);
    expect(numberAt(first.body, 'metadata', 'remainingItemCount')).to.equal(1);
    const token = textAt(first.body, 'metadata', 'continue') ?? '';
    const second = await read(`${nodes}?limit=2&continue=${token}`, listAccept);
    expect([...namesOf(first.body), ...namesOf(second.body)]).to.deep.equal(['a', 'b', 'c']);
    expect(textAt(second.body, 'kind')).to.equal('PartialObjectMetadataList');
  });

  it('show one object, and the scale of one', async () => {
    const { resourceVersion } = site.cluster.apply(node('a')).metadata;
    expect((await read(`${nodes}/a`, objectAccept)).body).to.deep.equal(partialNode('a', resourceVersion));
    expect((await read(`${nodes}/missing`, objectAccept)).body).to.include({ kind: 'Status', code: 404 });
    const metadata = { name: 'web', namespace: 'ns', labels: { app: 'web' } };
    site.cluster.apply({ apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { replicas: 2 } });
    const scale = await read('/apis/apps/v1/namespaces/ns/deployments/web/scale', objectAccept);
    expect(Object.keys(Object(scale.body))).to.deep.equal(['kind', 'apiVersion', 'metadata']);
    expect(textAt(scale.body, 'metadata', 'name')).to.equal('web');
    expect(fieldAt(scale.body, 'metadata', 'labels')).to.equal(undefined);
  });

  it('stream in watches, bookmarks too', async () => {
    const { resourceVersion: first } = site.cluster.apply(node('a')).metadata;
    const watch = await site.watch(`${nodes}?watch=1&allowWatchBookmarks=true`, { accept: objectAccept });
    expect(await watch.next()).to.deep.equal({ type: 'ADDED', object: partialNode('a', first) });
    const { resourceVersion: second } = site.cluster.apply(node('a', { zone: 'x' })).metadata;
    const changed = partialNode('a', second, { zone: 'x' });
    expect(await watch.next()).to.deep.equal({ type: 'MODIFIED', object: changed });
    site.cluster.remove('nodes', '', 'a');
    const { resourceVersion } = site.cluster;
    const removed = partialNode('a', resourceVersion, { zone: 'x' });
    expect(await watch.next()).to.deep.equal({ type: 'DELETED', object: removed });
    const metadata = { resourceVersion, creationTimestamp: null };
    expect(await watch.next()).to.deep.equal({
      type: 'BOOKMARK',
      object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata },
    });
  });

  it('leave the end of a watch a Status', async () => {
    site.cluster.apply(node('a'));
    const watch = await site.watch(`${nodes}?watch=1`, { accept: objectAccept });
    await watch.next();
    site.cluster.breakWatches('expire');
    expect(fieldAt(await watch.next(), 'object')).to.include({ kind: 'Status', code: 410 });
  });

  it('are given where the header names them before anything else that is served', async () => {
    site.cluster.apply(node('a'));
    const kind = async (accept: string): Promise<unknown> =>
      fieldAt((await read(nodes, accept)).body, 'kind');
    expect(await kind(`${listAccept},application/json`)).to.equal('PartialObjectMetadataList');
    expect(await kind(`application/json;as=Table;g=meta.k8s.io;v=v1,application/json`)).to.equal('NodeList');
    expect(await kind('application/json')).to.equal('NodeList');
  });

  it('are refused with 406 in any shape but those', async () => {
    site.cluster.apply(node('a'));
    const table = await read(nodes, 'application/json;as=Table;g=meta.k8s.io;v=v1');
    expect(table.status).to.equal(406);
    expect(table.body).to.deep.equal({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'only the following media types are accepted: application/json',
      reason: 'NotAcceptable',
      code: 406,
    });
    expect((await read(`${nodes}?watch=1`, 'application/json;as=Table;g=meta.k8s.io;v=v1')).status).to.equal(
      406,
    );
    expect((await read(nodes, objectAccept)).body).to.include({ code: 406, reason: 'NotAcceptable' });
  });

  it('are for what is read: a write answers the whole object', async () => {
    const made = await site.ask(configMaps, {
      method: 'POST',
      body: configMap('a', { x: '1' }),
      headers: { accept: objectAccept },
    });
    expect(made.body).to.deep.include({ kind: 'ConfigMap', data: { x: '1' } });
  });
});

describe('the slices of a service in the stand-in cluster', () => {
  let site: Site;
  beforeEach(async () => {
    site = new Site();
    await site.cluster.start();
    site.cluster.apply(slice('web-1', 'web'));
    site.cluster.apply(slice('web-2', 'web'));
    site.cluster.apply(slice('api-1', 'api'));
  });
  afterEach(() => site.close());

  const ofWeb = `${slices}?labelSelector=kubernetes.io/service-name=web`;

  it('are listed by its label, escaped or not', async () => {
    expect(namesOf((await site.ask(ofWeb)).body)).to.deep.equal(['web-1', 'web-2']);
    const escaped = `${slices}?labelSelector=${encodeURIComponent('kubernetes.io/service-name in (api)')}`;
    expect(namesOf((await site.ask(escaped)).body)).to.deep.equal(['api-1']);
    const headless = `${slices}?labelSelector=${encodeURIComponent('!kubernetes.io/service-name')}`;
    expect(namesOf((await site.ask(headless)).body)).to.deep.equal([]);
  });

  it('are watched by its label, whole or not', async () => {
    for (const accept of ['application/json', objectAccept]) {
      const since = site.cluster.resourceVersion;
      const watch = await site.watch(`${ofWeb}&watch=1&resourceVersion=${since}`, { accept });
      site.cluster.apply(slice('api-1', 'api', `10.0.1.${accept.length}`));
      site.cluster.apply(slice('web-2', 'web', `10.0.1.${accept.length}`));
      expect(await watch.brief()).to.equal('MODIFIED web-2');
      site.cluster.apply(slice('web-2', 'api'));
      expect(await watch.brief()).to.equal('DELETED web-2');
      site.cluster.apply(slice('web-2', 'web'));
      expect(await watch.brief()).to.equal('ADDED web-2');
    }
  });
});
