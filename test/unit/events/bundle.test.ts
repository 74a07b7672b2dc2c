import { expect } from 'chai';
import fc from 'fast-check';
import type { ClusterEvent } from '../../../core/cluster-event.js';
import { split, toMessages } from '../../../events/bundle.js';
import { clusterEvent } from './event-scene.js';

const options = { clusterName: undefined, tags: [], unbundle: false };
const at = (time: string): number => Date.parse(`2026-03-04T${time}Z`);
const web = { kind: 'Pod', namespace: 'shop', name: 'web-1', uid: 'u-1' };

describe('a bundle of events', () => {
  it('is one event for those of an object and type, as the original writes it', () => {
    const messages = toMessages(
      [
        clusterEvent('1', {
          involved: web,
          reason: 'Pulled',
          message: 'image pulled',
          firstAtMs: at('10:00:00'),
          lastAtMs: at('10:00:05'),
        }),
        clusterEvent('2', {
          involved: web,
          reason: 'BackOff',
          message: 'restarting ~ again',
          count: 3,
          type: 'Normal',
          firstAtMs: at('09:59:00'),
          lastAtMs: at('10:01:07'),
        }),
        clusterEvent('3', {
          involved: web,
          reason: 'Pulled',
          message: 'image pulled',
          count: 2,
          firstAtMs: at('10:00:00'),
          lastAtMs: at('10:00:06'),
        }),
      ],
      options,
    );
    expect(messages.map(({ event }) => event)).to.deep.equal([
      {
        title: 'Events from the Pod shop/web-1',
        text:
          '%%% \n3 **BackOff**: restarting \\~ again\n3 **Pulled**: image pulled\n \n' +
          ' _Events emitted by the kubelet seen at 2026-03-04 10:01:07 +0000 UTC since 2026-03-04 09:59:00 +0000 UTC_ \n\n %%%',
        happenedAtMs: at('10:01:07'),
        alertType: 'info',
        aggregationKey: 'kubernetes_apiserver:u-1',
        host: 'node-1',
        tags: [
          'kube_kind:Pod',
          'kube_name:web-1',
          'kube_namespace:shop',
          'kube_pod:web-1',
          'kubernetes_kind:Pod',
          'name:web-1',
          'namespace:shop',
          'orchestrator:kubernetes',
          'reporting_controller:kubelet',
          'source_component:kubelet',
        ],
      },
    ]);
    expect(messages[0]?.sources).to.have.length(3);
  });

  it('is another for each object, and for warnings', () => {
    const messages = toMessages(
      [
        clusterEvent('1', { involved: web }),
        clusterEvent('2', { involved: web, type: 'Warning' }),
        clusterEvent('3'),
      ],
      options,
    );
    expect(messages.map(({ event: { title, alertType } }) => [title, alertType])).to.deep.equal([
      ['Events from the Pod shop/pod-3', 'info'],
      ['Events from the Pod shop/web-1', 'info'],
      ['Events from the Pod shop/web-1', 'warning'],
    ]);
  });

  for (const [involved, host, clusterName, expected] of [
    [web, 'node-1', 'prod', 'node-1-prod'],
    [web, 'node-1', undefined, 'node-1'],
    [web, undefined, 'prod', undefined],
    [{ kind: 'Node', namespace: '', name: 'node-7', uid: 'node-7' }, undefined, 'prod', 'node-7-prod'],
    [{ kind: 'Deployment', namespace: 'shop', name: 'web', uid: 'd' }, 'node-1', 'prod', undefined],
  ] as const) {
    it(`names the host ${expected} for a ${involved.kind} reported from ${host} in cluster ${clusterName}`, () => {
      const [message] = toMessages([clusterEvent('1', { involved, host })], { ...options, clusterName });
      expect(message?.event.host).to.equal(expected);
      expect(message?.event.tags.includes('kube_cluster_name:prod')).to.equal(clusterName === 'prod');
    });
  }

  it('has the tags of the settings, each tag once and in order', () => {
    const [message] = toMessages([clusterEvent('1')], { ...options, tags: ['team:a', 'env:b', 'team:a'] });
    expect(message?.event.tags).to.include.members(['env:b', 'team:a']);
    expect(message?.event.tags).to.deep.equal([...new Set(message?.event.tags)].sort());
  });

  it('names what has no name, reason or message, and leaves nothing out', () => {
    const nothing = { kind: '', namespace: '', name: '', uid: '' };
    const [message] = toMessages(
      [
        clusterEvent('1', {
          involved: nothing,
          reason: '',
          message: '',
          component: '',
          type: '',
          host: undefined,
        }),
      ],
      options,
    );
    expect(message?.event).to.deep.include({
      title: 'Events from the object (unnamed)',
      alertType: 'info',
      aggregationKey: 'kubernetes_apiserver:',
      tags: ['orchestrator:kubernetes'],
    });
    expect(message?.event.text)
      .to.include('1 **no reason**: no message')
      .and.include('emitted by the cluster');
  });

  it('does not let a message end the Markdown around it', () => {
    const [message] = toMessages([clusterEvent('1', { message: 'a %%% b' })], options);
    expect(message?.event.text.split('%%%')).to.have.length(3);
  });

  it('is several events where its lines would not fit into one, each with its own lines', () => {
    const events = Array.from({ length: 40 }, (_, index) =>
      clusterEvent(String(index), { involved: web, message: `${index} ${'x'.repeat(400)}` }),
    );
    const messages = toMessages(events, options);
    expect(messages.length).to.equal(5);
    expect(Math.max(...messages.map(({ event }) => event.text.length))).to.be.at.most(4_000);
    expect(messages.flatMap(({ sources }) => sources)).to.have.length(40);
  });

  it('is one for each event where bundles are not wanted', () => {
    const messages = toMessages(
      [
        clusterEvent('1', { involved: web, reason: 'Killing', message: 'Stopping ~ %%%', lastAtMs: 5_000 }),
        clusterEvent('2', { involved: web }),
      ],
      { ...options, unbundle: true },
    );
    expect(messages.map(({ event: { title, text } }) => [title, text])).to.deep.equal([
      ['Pod shop/web-1: Started', 'about 2'],
      ['Pod shop/web-1: Killing', 'Stopping ~ %%%'],
    ]);
    expect(messages[1]?.event.tags).to.include('event_reason:Killing');
  });

  it('is the same in whatever order the events come, keeps every event, and fits, whatever is in them', () => {
    const text = fc.oneof(
      fc.string({ maxLength: 30 }),
      fc.constantFrom('', 'x'.repeat(3_000), '~%%%~', '\u{1f600}'.repeat(900)),
    );
    const event: fc.Arbitrary<ClusterEvent> = fc
      .record({
        uid: fc.uuid(),
        reason: text,
        message: text,
        type: fc.constantFrom('Normal', 'Warning', ''),
        component: text,
        host: fc.option(text, { nil: undefined }),
        count: fc.integer({ min: 1, max: 1e6 }),
        firstAtMs: fc.nat(1e9),
        lastAtMs: fc.nat(1e9),
        involved: fc.record({
          kind: fc.constantFrom('Pod', 'Node', ''),
          namespace: text,
          name: text,
          uid: fc.constantFrom('', 'u1', 'u2'),
        }),
      })
      .map((given) => clusterEvent(given.uid, given));
    fc.assert(
      fc.property(
        fc.uniqueArray(event, { selector: ({ uid }) => uid, maxLength: 12 }),
        fc.boolean(),
        (events, unbundle) => {
          const choices = { ...options, unbundle };
          const messages = toMessages(events, choices);
          expect(toMessages([...events].reverse(), choices)).to.deep.equal(messages);
          expect(messages.flatMap(({ sources }) => sources.map(({ uid }) => uid)).sort()).to.deep.equal(
            events.map(({ uid }) => uid).sort(),
          );
          for (const { event: one } of messages) {
            expect(one.text.length).to.be.at.most(4_000);
            expect(one.text).to.not.match(/\p{Cs}/u);
            expect([one.title.length <= 500, one.aggregationKey.length <= 100]).to.deep.equal([true, true]);
            expect(Math.max(0, ...one.tags.map((tag) => tag.length))).to.be.at.most(200);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('is split down to single events, and those to a hundred characters, and no further', () => {
    let [parts] = [
      toMessages(
        Array.from({ length: 5 }, (_, index) =>
          clusterEvent(String(index), { involved: web, message: 'y'.repeat(600) + index }),
        ),
        options,
      ),
    ];
    const uids = new Set<string>();
    for (let depth = 0; parts.length > 0 && depth < 20; depth += 1) {
      for (const { sources } of parts) if (sources.length === 1) uids.add(sources[0]?.uid ?? '');
      parts = parts.flatMap((part) => split(part, options) ?? []);
    }
    expect(parts).to.deep.equal([]);
    expect(uids.size).to.equal(5);
  });
});
