import { expect } from 'chai';
import { fieldAt, type KubeObject, listAt, textAt, textsAt } from '../../../simulator/cluster/object.js';
import { ClusterSimulator } from '../../../simulator/cluster.js';
import { toServiceSizes } from '../../../simulator/large-cluster/service-sizes.js';
import {
  LargeCluster,
  type LargeClusterSize,
  largeSize,
  smallSize,
} from '../../../simulator/large-cluster.js';
import { SeededRandom } from '../../../simulator/seeded-random.js';

/** A small cluster, built; nothing of it goes over a wire. */
function scene(differences: Partial<LargeClusterSize> = {}) {
  const simulator = new ClusterSimulator();
  const cluster = new LargeCluster(simulator, { ...smallSize, ...differences });
  cluster.build();
  const slices = (): readonly KubeObject[] => simulator.objects('endpointslices');
  return {
    simulator,
    cluster,
    slices,
    change(times: number): void {
      for (let turn = 0; turn < times; turn += 1) cluster.change();
    },
    all: (): readonly KubeObject[] =>
      ['nodes', 'namespaces', 'endpointslices'].flatMap((resource) => simulator.objects(resource)),
    /** The mapping as a reader of the API would make it. */
    mapping: () => toMapping(slices()),
  };
}

function toMapping(slices: readonly KubeObject[]): Map<string, Map<string, Set<string>>> {
  const byNode = new Map<string, Map<string, Set<string>>>();
  for (const slice of slices) {
    for (const endpoint of listAt(slice, 'endpoints')) {
      const node = textAt(endpoint, 'nodeName');
      const isReady = fieldAt(endpoint, 'conditions', 'ready') === true;
      if (node === undefined || !isReady || textAt(endpoint, 'targetRef', 'kind') !== 'Pod') continue;
      const pod = podOf(endpoint);
      const pods = byNode.get(node) ?? new Map<string, Set<string>>();
      byNode.set(node, pods.set(pod, new Set([...(pods.get(pod) ?? []), serviceOf(slice)])));
    }
  }
  return byNode;
}

function podOf(endpoint: unknown): string {
  return `${textAt(endpoint, 'targetRef', 'namespace')}/${textAt(endpoint, 'targetRef', 'name')}`;
}

function serviceOf(slice: KubeObject): string {
  return textsAt(slice, 'metadata', 'labels')['kubernetes.io/service-name'] ?? '';
}

/** How many of the items there are of each key. */
function countBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return counts;
}

describe('a large cluster', () => {
  it('is the same for the same seed, and so are its changes', () => {
    const [one, same, other] = [scene(), scene(), scene({ seed: 1 })];
    expect(one.all()).to.deep.equal(same.all());
    expect(one.all()).to.not.deep.equal(other.all());
    for (const { change } of [one, same]) change(50);
    expect(one.all()).to.deep.equal(same.all());
  });

  it('has the size that it is to have', () => {
    const { simulator, slices } = scene();
    expect(simulator.objects('nodes').length).to.equal(50);
    expect(new Set(slices().map(serviceOf)).size).to.equal(100);
    const endpoints = slices().flatMap((slice) => listAt(slice, 'endpoints'));
    const services = countBy(endpoints, podOf);
    expect(services.size).to.equal(1200);
    expect([...services.values()].filter((count) => count === 2).length).to.be.within(45, 120);
    expect(Math.max(...services.values())).to.equal(2);
    expect(simulator.objects('pods')).to.deep.equal([]);
  });

  it('has services of several slices, none with more endpoints than it may have', () => {
    for (const endpointsPerSlice of [100, 20]) {
      const { slices } = scene({ endpointsPerSlice });
      const counts = slices().map((slice) => listAt(slice, 'endpoints').length);
      expect(Math.max(...counts)).to.equal(endpointsPerSlice);
      expect(Math.max(...countBy(slices(), serviceOf).values())).to.be.above(2);
    }
  });

  it('has nodes as large as real ones', () => {
    for (const node of scene().simulator.objects('nodes')) {
      expect(JSON.stringify(node).length).to.be.within(12_000, 15_000);
      expect(Object.keys(textsAt(node, 'metadata', 'labels')).length).to.equal(30);
      expect(Object.keys(textsAt(node, 'metadata', 'annotations')).length).to.equal(8);
      expect(listAt(node, 'status', 'images').length).to.equal(40);
    }
  });

  it('has endpoints that are pods of its namespaces on its nodes', () => {
    const { simulator, slices } = scene();
    const nodes = new Set(simulator.objects('nodes').map(({ metadata }) => metadata.name));
    const namespaces = simulator.objects('namespaces').map(({ metadata }) => metadata.name);
    expect(namespaces.length).to.equal(10);
    for (const slice of slices()) {
      const { name, namespace } = slice.metadata;
      expect(name.slice(0, -5)).to.equal(`${serviceOf(slice)}-`);
      expect(namespaces).to.include(namespace);
      for (const endpoint of listAt(slice, 'endpoints')) {
        expect(nodes.has(textAt(endpoint, 'nodeName') ?? '')).to.equal(true);
        expect(textAt(endpoint, 'targetRef', 'namespace')).to.equal(namespace);
      }
    }
  });

  it('knows what the mapping must be, at first and after 500 changes', () => {
    const { cluster, change, mapping } = scene();
    const before = cluster.expected();
    expect(before).to.deep.equal(mapping());
    change(500);
    expect(cluster.expected()).to.deep.equal(mapping());
    expect(cluster.expected()).to.not.deep.equal(before);
  });

  it('changes one endpoint of one slice at a time', () => {
    const { simulator, slices, change } = scene();
    const kinds = new Set<string>();
    for (let turn = 0; turn < 200; turn += 1) {
      const before = slices();
      const revision = Number(simulator.resourceVersion);
      change(1);
      expect(Number(simulator.resourceVersion)).to.equal(revision + 1);
      const changed = slices().flatMap((slice, at) => (slice === before[at] ? [] : [[before[at], slice]]));
      expect(changed.length).to.equal(1);
      kinds.add(kindOf(changed[0] ?? []));
    }
    expect([...kinds].sort()).to.deep.equal(['another pod', 'another node', 'ready', 'unready'].sort());
  });

  it('carries a change of a pod with two services from the one to the other, with the next write', () => {
    const { slices, change } = scene();
    const lag = (): number => {
      const texts = new Map(slices().map((slice) => [serviceOf(slice), JSON.stringify(slice['endpoints'])]));
      const twins = [...texts].filter(([service]) => service.endsWith('-headless'));
      expect(twins.length).to.equal(7);
      return twins.filter(([service, text]) => texts.get(service.replace('-headless', '')) !== text).length;
    };
    expect(lag()).to.equal(0);
    for (let turn = 0; turn < 100; turn += 1) {
      change(10);
      expect(lag()).to.be.at.most(1);
    }
  });

  it('is refused when its services cannot share its pods', () => {
    expect(() => scene({ pods: 300 })).to.throw(RangeError, 'cannot share 240 pods');
    expect(() => scene({ pods: 15_000 })).to.throw(RangeError, 'cannot share 12000 pods');
  });
});

/** What a write did to the one endpoint that differs. */
function kindOf([before, after]: readonly unknown[]): string {
  const were = listAt(before, 'endpoints');
  const differing = listAt(after, 'endpoints').flatMap((is, at) =>
    JSON.stringify(is) === JSON.stringify(were[at]) ? [] : [{ was: were[at], is }],
  );
  const [{ was, is } = { was: {}, is: {} }] = differing;
  expect(differing.length).to.equal(1);
  if (podOf(was) !== podOf(is)) return 'another pod';
  if (textAt(was, 'nodeName') !== textAt(is, 'nodeName')) return 'another node';
  return fieldAt(is, 'conditions', 'ready') === true ? 'ready' : 'unready';
}

describe('the sizes of services', () => {
  it('add up, are mostly small, and for a few dozen several hundred', () => {
    const { pods, services } = largeSize;
    const sizes = toServiceSizes(pods * 0.8, services, new SeededRandom(1));
    expect(sizes.length).to.equal(10_000);
    expect(sizes.reduce((sum, size) => sum + size, 0)).to.equal(120_000);
    const larges = sizes.filter((size) => size > 30);
    expect(larges.length).to.equal(40);
    expect(Math.min(...larges)).to.be.at.least(250);
    expect(Math.min(...sizes)).to.equal(3);
    expect(new Set(sizes.filter((size) => size <= 30)).size).to.equal(28);
  });
});

describe('chance from a seed', () => {
  it('goes the same way for the same seed', () => {
    const draw = (seed: number): readonly number[] => {
      const random = new SeededRandom(seed);
      return Array.from({ length: 100 }, () => random.between(1, 1000));
    };
    expect(draw(7)).to.deep.equal(draw(7));
    expect(draw(7)).to.not.deep.equal(draw(8));
    expect(new Set(draw(7)).size).to.be.above(80);
  });

  it('keeps within its bounds, and reaches them', () => {
    const random = new SeededRandom(7);
    const drawn = new Set(Array.from({ length: 1000 }, () => random.between(3, 5)));
    expect([...drawn].sort()).to.deep.equal([3, 4, 5]);
  });

  it('draws names and identities in their forms', () => {
    const random = new SeededRandom(7);
    expect(random.suffix(5)).to.match(/^[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    expect(random.uuid()).to.match(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(() => random.pick([])).to.throw(RangeError);
  });
});
