import { expect } from 'chai';
import { parseClusterEvent } from '../../../kube/event-object.js';

const metadata = {
  name: 'web.17',
  namespace: 'shop',
  uid: 'e-1',
  resourceVersion: '42',
  creationTimestamp: '2026-03-04T10:00:00Z',
};
const web = { kind: 'Pod', namespace: 'shop', name: 'web', uid: 'u-1', apiVersion: 'v1' };
const seconds = (time: string): number => Date.parse(`2026-03-04T${time}Z`);

describe('an event of Kubernetes', () => {
  it('is read from core v1', () => {
    expect(
      parseClusterEvent({
        metadata,
        involvedObject: web,
        reason: 'BackOff',
        message: 'Back-off restarting',
        type: 'Warning',
        source: { component: 'kubelet', host: 'node-1' },
        firstTimestamp: '2026-03-04T10:00:00Z',
        lastTimestamp: '2026-03-04T10:05:00Z',
        count: 7,
        reportingComponent: 'kubelet',
        reportingInstance: 'node-1',
      }),
    ).to.deep.equal({
      uid: 'e-1',
      revision: '42',
      involved: { kind: 'Pod', namespace: 'shop', name: 'web', uid: 'u-1' },
      reason: 'BackOff',
      message: 'Back-off restarting',
      type: 'Warning',
      component: 'kubelet',
      host: 'node-1',
      count: 7,
      firstAtMs: seconds('10:00:00'),
      lastAtMs: seconds('10:05:00'),
    });
  });

  it('is read alike from events.k8s.io/v1, with a series', () => {
    const event = parseClusterEvent({
      metadata,
      regarding: web,
      reason: 'Scheduled',
      note: 'assigned',
      type: 'Normal',
      eventTime: '2026-03-04T10:00:01.123456Z',
      reportingController: 'default-scheduler',
      reportingInstance: 'default-scheduler-host',
      series: { count: 3, lastObservedTime: '2026-03-04T10:02:00.000000Z' },
    });
    expect(event).to.deep.include({
      message: 'assigned',
      component: 'default-scheduler',
      host: undefined,
      count: 3,
      firstAtMs: seconds('10:00:01.123'),
      lastAtMs: seconds('10:02:00'),
    });
  });

  it('has the old fields of events.k8s.io/v1 where an old reporter wrote it, and the kubelet’s node', () => {
    const event = parseClusterEvent({
      metadata,
      regarding: web,
      deprecatedSource: { component: 'node-controller' },
      deprecatedCount: 2,
      deprecatedFirstTimestamp: '2026-03-04T09:00:00Z',
      deprecatedLastTimestamp: '2026-03-04T10:00:30Z',
      reportingController: '',
    });
    expect(event).to.include({ component: 'node-controller', count: 2, lastAtMs: seconds('10:00:30') });
    expect(
      parseClusterEvent({ metadata, reportingController: 'kubelet', reportingInstance: 'node-9' }).host,
    ).to.equal('node-9');
  });

  it('is never dated before the API server made it, whatever the clock of its reporter', () => {
    const event = parseClusterEvent({
      metadata,
      lastTimestamp: '1999-01-01T00:00:00Z',
      firstTimestamp: 'yesterday',
    });
    expect(event.lastAtMs).to.equal(seconds('10:00:00'));
    expect(event.firstAtMs).to.equal(seconds('10:00:00'));
  });

  it('has no control characters, no half characters, and no more text than Datadog takes', () => {
    const event = parseClusterEvent({
      metadata,
      involvedObject: { ...web, name: 'a\u0000b\nc' },
      reason: '\u001b[31mRed\u0007',
      message: `line\r\nnext\ttab\u0000\ud800 ${'\u{1f600}'.repeat(50_000)}`,
    });
    expect([event.reason, event.involved.name]).to.deep.equal(['\ufffd[31mRed\ufffd', 'a\ufffdb c']);
    expect(event.message).to.match(/^line\nnext\ttab\ufffd\ufffd /);
    expect(event.message.length).to.be.at.most(3_000);
    expect(event.message)
      .to.match(/… \(\d+ characters in all\)$/)
      .and.not.match(/\p{Cs}/u);
  });

  it('may lack everything but its uid and revision', () => {
    expect(parseClusterEvent({ metadata: { uid: 'e', resourceVersion: '1' } })).to.deep.include({
      reason: '',
      message: '',
      count: 1,
      involved: { kind: '', namespace: '', name: '', uid: '' },
    });
    for (const odd of [undefined, null, 1, 'x', [], {}, { metadata: { uid: 'e' } }, { metadata: 7 }])
      expect(() => parseClusterEvent(odd)).to.throw('it has no metadata.uid or resourceVersion');
    expect(
      parseClusterEvent({ metadata, involvedObject: 'x', series: [], count: -1, source: 4, type: {} }),
    ).to.include({ count: 1, type: '', component: '' });
  });
});
