import { expect } from 'chai';
import fc from 'fast-check';
import { Mapping, type PodGroup } from '../../../metadata/mapping.js';

type Pod = PodGroup['pods'][number];

const pod = (name: string, node = 'n1', isReady = true): Pod => ({ name, namespace: 'shop', node, isReady });
const group = (service: string, ...pods: readonly Pod[]): PodGroup => ({ service, namespace: 'shop', pods });

/** node → `namespace/pod` → services. */
type Shown = Record<string, Record<string, readonly string[]>>;

function show(mapping: Mapping): Shown {
  const nodes = [...mapping.nodeNames()].map((node) => {
    const pods = [...(mapping.podsOn(node)?.pods ?? [])];
    return [node, Object.fromEntries(pods.map(([key, { services }]) => [key, services.names]))] as const;
  });
  return Object.fromEntries(nodes);
}

/** The same, from all groups at once and by the plainest code. */
function expected(groups: Iterable<PodGroup>): Shown {
  const shown: Record<string, Record<string, string[]>> = {};
  for (const { service, pods } of groups) {
    for (const { node, namespace, name, isReady } of pods) {
      if (!isReady) continue;
      shown[node] ??= {};
      const onNode = shown[node];
      const services = new Set(onNode[`${namespace}/${name}`]).add(service);
      onNode[`${namespace}/${name}`] = [...services].sort();
    }
  }
  return shown;
}

describe('Mapping', () => {
  it('leads from a node over its pods to their services', () => {
    const mapping = new Mapping();
    mapping.put('shop/web-1', group('web', pod('a'), pod('b', 'n2')));
    mapping.put('shop/api-1', group('api', pod('a')));
    expect(show(mapping)).to.deep.equal({ n1: { 'shop/a': ['api', 'web'] }, n2: { 'shop/b': ['web'] } });
    expect(mapping.servicesOf({ node: 'n1', namespace: 'shop', name: 'a' })?.tags.toString()).to.equal(
      '["kube_service:api","kube_service:web"]',
    );
    expect(mapping.servicesOf({ node: 'n2', namespace: 'shop', name: 'a' })).to.equal(undefined);
    expect(mapping.size()).to.deep.equal({ groups: 2, nodes: 2, pods: 2 });
  });

  it('takes a service that loses its last pod on a node from that node', () => {
    const mapping = new Mapping();
    mapping.put('shop/web-1', group('web', pod('a'), pod('b', 'n2')));
    expect(mapping.put('shop/web-1', group('web', pod('b', 'n2')))).to.equal(true);
    expect(show(mapping)).to.deep.equal({ n2: { 'shop/b': ['web'] } });
    expect([...mapping.nodeNames()]).to.deep.equal(['n2']);
  });

  it('counts only pods that are ready', () => {
    const mapping = new Mapping();
    mapping.put('shop/web-1', group('web', pod('a', 'n1', false), pod('b')));
    expect(show(mapping)).to.deep.equal({ n1: { 'shop/b': ['web'] } });
  });

  it('merges the slices of one service: a pod of two slices goes with the second of them', () => {
    const mapping = new Mapping();
    mapping.put('shop/web-ipv4', group('web', pod('a'), pod('b')));
    mapping.put('shop/web-ipv6', group('web', pod('a')));
    expect(mapping.remove('shop/web-ipv4')).to.equal(true);
    expect(show(mapping)).to.deep.equal({ n1: { 'shop/a': ['web'] } });
    mapping.remove('shop/web-ipv6');
    expect(show(mapping)).to.deep.equal({});
  });

  it('takes two mentions of a pod in one group for one', () => {
    const mapping = new Mapping();
    mapping.put('shop/web-1', group('web', pod('a'), pod('a')));
    mapping.put('shop/web-1', group('web'));
    expect(show(mapping)).to.deep.equal({});
  });

  it('never credits a pod by the address or node of another: a pod of the same name elsewhere is another pod', () => {
    const mapping = new Mapping();
    mapping.put('shop/db-1', group('db', pod('db-0', 'n1')));
    mapping.put('shop/db-1', group('db', pod('db-0', 'n2')));
    expect(show(mapping)).to.deep.equal({ n2: { 'shop/db-0': ['db'] } });
  });

  it('says whether a group has changed anything, and gives a changed node a new revision', () => {
    const mapping = new Mapping();
    expect(mapping.put('shop/web-1', group('web', pod('a')))).to.equal(true);
    const revision = mapping.podsOn('n1')?.revision ?? 0;
    expect(mapping.put('shop/web-1', group('web', pod('a'), pod('b', 'n1', false)))).to.equal(false);
    expect(mapping.podsOn('n1')?.revision).to.equal(revision);
    expect(mapping.put('shop/api-1', group('api', pod('a')))).to.equal(true);
    expect(mapping.podsOn('n1')?.revision).to.be.above(revision);
    expect(mapping.remove('shop/never-seen')).to.equal(false);
  });

  it('never gives a node that comes again the revision that it had before', () => {
    const mapping = new Mapping();
    mapping.put('shop/web-1', group('web', pod('a')));
    const before = mapping.podsOn('n1')?.revision;
    mapping.remove('shop/web-1');
    expect(mapping.podsOn('n1')).to.equal(undefined);
    mapping.put('shop/web-1', group('web', pod('a')));
    expect(mapping.podsOn('n1')?.revision).to.not.equal(before);
  });

  it('follows a slice that is given to another service', () => {
    const mapping = new Mapping();
    mapping.put('shop/x', group('web', pod('a'), pod('b', 'n2')));
    mapping.put('shop/x', group('api', pod('a')));
    expect(show(mapping)).to.deep.equal({ n1: { 'shop/a': ['api'] } });
  });

  it('shares one set among all pods that have the same services', () => {
    const mapping = new Mapping();
    mapping.put('shop/web-1', group('web', pod('a'), pod('b', 'n2')));
    const of = (node: string, name: string) => mapping.servicesOf({ node, namespace: 'shop', name });
    expect(of('n1', 'a')).to.equal(of('n2', 'b'));
  });

  it('is at any moment what all groups together say, for any changes in any order', () => {
    const anyPod = fc.record({
      name: fc.constantFrom('a', 'b', 'c'),
      namespace: fc.constantFrom('shop', 'bank'),
      node: fc.constantFrom('n1', 'n2', 'n3'),
      isReady: fc.boolean(),
    });
    const anyGroup = fc.record({
      service: fc.constantFrom('web', 'api', 'db'),
      namespace: fc.constant('shop'),
      pods: fc.array(anyPod, { maxLength: 5 }),
    });
    const anyStep = fc.tuple(
      fc.constantFrom('s1', 's2', 's3', 's4'),
      fc.option(anyGroup, { nil: undefined, freq: 4 }),
    );
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 30 }), (steps) => {
        const mapping = new Mapping();
        const model = new Map<string, PodGroup>();
        for (const [key, next] of steps) {
          const before = JSON.stringify(expected(model.values()));
          const hasChanged = next === undefined ? mapping.remove(key) : mapping.put(key, next);
          if (next === undefined) model.delete(key);
          else model.set(key, next);
          const after = expected(model.values());
          expect(show(mapping)).to.deep.equal(after);
          if (!hasChanged) expect(JSON.stringify(after)).to.equal(before);
        }
      }),
      { numRuns: 300 },
    );
  });
});
