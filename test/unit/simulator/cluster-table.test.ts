import { expect } from 'chai';
import { Version } from '../../../simulator/cluster/table.js';

/** A version of a Node that counts how often its labels are read, and so how often it is written out. */
function scene() {
  const seen = { reads: 0 };
  const metadata = {
    name: 'a',
    uid: 'u',
    resourceVersion: '7',
    creationTimestamp: '2026-01-02T03:04:05Z',
    get labels() {
      seen.reads += 1;
      return { zone: 'x' };
    },
  };
  const version = new Version(7, '/a', { apiVersion: 'v1', kind: 'Node', metadata, spec: { podCIDR: 'c' } });
  return { seen, version };
}

describe('a stored version', () => {
  it('is written once, and its metadata once more, however often it is shown', () => {
    const { seen, version } = scene();
    for (let turn = 0; turn < 3; turn += 1) {
      expect(version.jsonOf('whole')).to.contain(version.itemJson.slice(1));
      expect(version.jsonOf('metadata')).to.equal(version.metadataJson);
    }
    expect(seen.reads).to.equal(2);
  });

  it('shows its metadata as a PartialObjectMetadata, and nothing else of itself', () => {
    expect(JSON.parse(scene().version.metadataJson)).to.deep.equal({
      kind: 'PartialObjectMetadata',
      apiVersion: 'meta.k8s.io/v1',
      metadata: {
        name: 'a',
        uid: 'u',
        resourceVersion: '7',
        creationTimestamp: '2026-01-02T03:04:05Z',
        labels: { zone: 'x' },
      },
    });
  });
});
