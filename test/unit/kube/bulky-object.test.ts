import { expect } from 'chai';
import { completed, eventInBrief } from '../../../kube/bulky-object.js';

/** An event as a kube-apiserver writes it. */
function event(revision: string, type = 'MODIFIED'): string {
  const metadata = { name: 'box', namespace: 'monitoring', uid: 'u-1', resourceVersion: revision };
  return JSON.stringify({
    type,
    object: { kind: 'ConfigMap', apiVersion: 'v1', metadata, data: { a: '1' } },
  });
}

describe('an event of a bulky object', () => {
  it('is a bookmark when our own write made it', () => {
    expect(eventInBrief(event('12'), '12')).to.deep.equal({
      type: 'BOOKMARK',
      object: { metadata: { resourceVersion: '12' } },
    });
    expect(eventInBrief(event('12', 'ADDED'), '12')).to.not.equal(undefined);
  });

  it('is read when another did, or none of ours is known', () => {
    expect(eventInBrief(event('13'), '12')).to.equal(undefined);
    expect(eventInBrief(event('12'), undefined)).to.equal(undefined);
  });

  it('is read when it tells of an end', () => {
    expect(eventInBrief(event('12', 'DELETED'), '12')).to.equal(undefined);
  });

  it('is read when the revision stands where anybody could have put it', () => {
    const metadata = {
      name: 'box","namespace":"monitoring","uid":"u","resourceVersion":"12',
      resourceVersion: '9',
    };
    const line = JSON.stringify({
      type: 'MODIFIED',
      object: { kind: 'ConfigMap', apiVersion: 'v1', metadata },
    });
    expect(eventInBrief(line, '12')).to.equal(undefined);
    expect(eventInBrief('{"type":"MODIFIED"', '12')).to.equal(undefined);
  });
});

describe('the object that a write made', () => {
  const sent = { kind: 'ConfigMap', metadata: { name: 'box' }, data: { a: '1' } };

  it('is what was sent, with the metadata that the server answers', () => {
    const answer = { kind: 'PartialObjectMetadata', metadata: { name: 'box', resourceVersion: '12' } };
    expect(completed(answer, sent)).to.deep.equal({
      ...sent,
      metadata: { name: 'box', resourceVersion: '12' },
    });
  });

  it('is the answer where that is whole', () => {
    const answer = { kind: 'ConfigMap', metadata: { resourceVersion: '12' }, data: { a: 'mutated' } };
    expect(completed(answer, sent)).to.equal(answer);
  });
});
