import { expect } from 'chai';
import type { Health } from '../../../core/component.js';
import { Directory, type FollowedFacts, type Lookup, type ObjectFacts } from '../../../metadata/directory.js';
import { Mapping, type PodGroup } from '../../../metadata/mapping.js';

const facts = (differences: Partial<ObjectFacts> = {}): ObjectFacts => ({
  uid: 'uid-1',
  labels: {},
  annotations: {},
  ...differences,
});

interface Differences {
  /** `undefined`: not read yet. */
  readonly nodes?: Readonly<Record<string, ObjectFacts>> | undefined;
  readonly namespaces?: Readonly<Record<string, ObjectFacts>>;
  readonly groups?: readonly PodGroup[] | undefined;
  readonly isMapperOff?: boolean;
  readonly silentMs?: number;
}

const web: PodGroup = {
  service: 'web',
  namespace: 'shop',
  pods: [
    { name: 'b', namespace: 'shop', node: 'n1', isReady: true },
    { name: 'a', namespace: 'shop', node: 'n1', isReady: true },
    { name: 'c', namespace: 'bank', node: 'n1', isReady: true },
  ],
};

function scene(differences: Differences = {}) {
  const all = {
    nodes: { n1: facts(), n2: facts() },
    namespaces: {},
    groups: [web],
    silentMs: 0,
    ...differences,
  };
  const state = { nodes: all.nodes, silentMs: all.silentMs };
  const followed = (read: () => Readonly<Record<string, ObjectFacts>> | undefined): FollowedFacts => ({
    items: () => new Map(Object.entries(read() ?? {})),
    hasSynced: () => read() !== undefined,
    staleForMs: () => state.silentMs,
    health: (): Health =>
      read() === undefined ? { state: 'starting', detail: 'nodes: cannot be listed' } : { state: 'ready' },
  });
  const mapping = new Mapping();
  for (const [index, group] of (all.groups ?? []).entries()) mapping.put(String(index), group);
  const endpoints = followed(() => (all.groups === undefined ? undefined : {}));
  const directory = new Directory(
    {
      nodes: followed(() => state.nodes),
      namespaces: followed(() => all.namespaces),
      services: all.isMapperOff === true ? undefined : { mapping, endpoints },
    },
    { maxSilenceMs: 120_000 },
  );
  return { directory, mapping, state };
}

const bodyOf = (lookup: Lookup): string => (lookup.state === 'found' ? lookup.body.toString() : lookup.state);
const allOf = (directory: Directory): string => {
  const all = directory.allPods();
  return all.state === 'found' ? Buffer.concat([...all.pieces]).toString() : all.reason;
};

describe('Directory', () => {
  it('tells the services of the pods of a node in a fixed order, each thing once', () => {
    const { directory } = scene();
    expect(bodyOf(directory.podsOnNode('n1'))).to.equal(
      '{"Nodes":{"n1":{"services":{"bank":{"c":{"web":{}}},"shop":{"a":{"web":{}},"b":{"web":{}}}}}}}',
    );
  });

  it('always has the node in its answer: empty without services, with a word about one that is not there', () => {
    const { directory } = scene();
    expect(bodyOf(directory.podsOnNode('n2'))).to.equal('{"Nodes":{"n2":{"services":{}}}}');
    expect(JSON.parse(bodyOf(directory.podsOnNode('__proto__')))).to.deep.equal(
      JSON.parse('{"Nodes":{"__proto__":{"services":{}}},"Errors":"the cluster has no node __proto__"}'),
    );
  });

  it('shows nothing of a node that is gone, and all again when it has come back', () => {
    const { directory, state } = scene();
    state.nodes = { n2: facts() };
    expect(JSON.parse(bodyOf(directory.podsOnNode('n1'))).Nodes).to.deep.equal({ n1: { services: {} } });
    expect(bodyOf(directory.podTags({ node: 'n1', namespace: 'shop', name: 'a' }))).to.equal('null');
    state.nodes = { n1: facts() };
    expect(bodyOf(directory.podTags({ node: 'n1', namespace: 'shop', name: 'a' }))).to.equal(
      '["kube_service:web"]',
    );
  });

  it('believes what services say of a node while the nodes cannot be told', () => {
    const { directory } = scene({ nodes: undefined });
    expect(bodyOf(directory.podTags({ node: 'n1', namespace: 'shop', name: 'a' }))).to.equal(
      '["kube_service:web"]',
    );
    expect(JSON.parse(allOf(directory))).to.have.nested.property('Nodes.n1.services.shop.a.web');
    expect(directory.nodeLabels('n1')).to.deep.equal({
      state: 'starting',
      reason: 'nodes: cannot be listed',
    });
  });

  it('says null for a pod that no service leads to, or that nobody has heard of', () => {
    const { directory } = scene();
    for (const pod of [
      { node: 'n2', namespace: 'shop', name: 'a' },
      { node: 'n1', namespace: 'bank', name: 'a' },
      { node: 'never-seen', namespace: 'shop', name: 'a' },
    ])
      expect(bodyOf(directory.podTags(pod))).to.equal('null');
  });

  it('says nothing about services before they were all read: an empty answer would take tags away', () => {
    const { directory } = scene({ groups: undefined });
    const starting = { state: 'starting', reason: 'nodes: cannot be listed' };
    expect(directory.podsOnNode('n1')).to.deep.equal(starting);
    expect(directory.podTags({ node: 'n1', namespace: 'shop', name: 'a' })).to.deep.equal(starting);
    expect(directory.allPods()).to.deep.equal(starting);
  });

  it('tells all nodes as it tells each', () => {
    const { directory } = scene();
    expect(allOf(directory)).to.equal(
      '{"Nodes":{"n1":{"services":{"bank":{"c":{"web":{}}},"shop":{"a":{"web":{}},"b":{"web":{}}}}},"n2":{"services":{}}}}',
    );
    expect(allOf(scene({ nodes: {} }).directory)).to.equal('{"Nodes":{}}');
  });

  it('tells labels, annotations, uids and namespaces', () => {
    const labels = { tier: 'web' };
    const annotations = { 'cluster.k8s.io/machine': 'm-1', note: 'x y' };
    const { directory } = scene({
      nodes: { n1: facts({ uid: 'uid-n1', labels, annotations }) },
      namespaces: { shop: facts({ labels, annotations }) },
    });
    expect(bodyOf(directory.nodeLabels('n1'))).to.equal('{"tier":"web"}');
    expect(bodyOf(directory.nodeUid('n1'))).to.equal('{"uid":"uid-n1"}');
    expect(bodyOf(directory.nodeAnnotations('n1', ['cluster.k8s.io/machine']))).to.equal(
      '{"cluster.k8s.io/machine":"m-1"}',
    );
    expect(bodyOf(directory.nodeAnnotations('n1', ['note', 'other']))).to.equal('{"note":"x y"}');
    expect(bodyOf(directory.namespaceLabels('shop'))).to.equal('{"tier":"web"}');
    expect(JSON.parse(bodyOf(directory.namespaceMetadata('shop')))).to.deep.equal({
      Name: 'shop',
      Namespace: '',
      Annotations: annotations,
      Labels: labels,
    });
    expect(directory.namespaceLabels('never-seen')).to.deep.equal({ state: 'unknown' });
    expect(directory.nodeAnnotations('never-seen', [])).to.deep.equal({ state: 'unknown' });
  });

  it('does not take one list of annotations for another that reads alike', () => {
    const { directory } = scene({ nodes: { n1: facts({ annotations: { a: '1', b: '2', 'a b': '3' } }) } });
    expect(bodyOf(directory.nodeAnnotations('n1', ['a b']))).to.equal('{"a b":"3"}');
    expect(bodyOf(directory.nodeAnnotations('n1', ['a', 'b']))).to.equal('{"a":"1","b":"2"}');
  });

  it('renders an answer once for each state of what it tells', () => {
    const { directory, mapping, state } = scene();
    const first = directory.podsOnNode('n1');
    const labels = directory.nodeLabels('n1');
    expect(bytes(directory.podsOnNode('n1'))).to.equal(bytes(first));
    mapping.put('other', { ...web, service: 'api' });
    expect(bytes(directory.podsOnNode('n1'))).to.not.equal(bytes(first));
    expect(bodyOf(directory.podsOnNode('n1'))).to.contain('"a":{"api":{},"web":{}}');
    expect(bytes(directory.nodeLabels('n1'))).to.equal(bytes(labels));
    state.nodes = { n1: facts({ labels: { new: '1' } }) };
    expect(bodyOf(directory.nodeLabels('n1'))).to.equal('{"new":"1"}');
  });

  it('answers without services and says so, where the mapper is turned off', () => {
    const { directory } = scene({ isMapperOff: true });
    expect(bodyOf(directory.podsOnNode('n1'))).to.equal('{"Nodes":{"n1":{"services":{}}}}');
    expect(bodyOf(directory.podTags({ node: 'n1', namespace: 'shop', name: 'a' }))).to.equal('null');
    expect(directory.warning()).to.contain('DD_USE_METADATA_MAPPER=false');
    expect(JSON.parse(allOf(directory)).Warnings).to.deep.equal([directory.warning()]);
  });

  it('warns when it has not heard of the cluster for too long', () => {
    const { directory, state } = scene();
    expect(directory.warning()).to.equal(undefined);
    state.silentMs = 121_000;
    expect(directory.warning()).to.contain('has not heard of the API server for 121 s');
    expect(directory.describe()).to.have.nested.property('nodes.silentSeconds', 121);
  });
});

function bytes(lookup: Lookup): Buffer | undefined {
  return lookup.state === 'found' ? lookup.body : undefined;
}
