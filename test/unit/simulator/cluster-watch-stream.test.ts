import { expect } from 'chai';
import { servedKinds } from '../../../simulator/cluster/kinds.js';
import { fieldAt, textAt } from '../../../simulator/cluster/object.js';
import { toChoice } from '../../../simulator/cluster/selection.js';
import { ObjectStore } from '../../../simulator/cluster/store.js';
import { type WatchOptions, WatchStream } from '../../../simulator/cluster/watch-stream.js';
import { FakeClock } from '../../fake-clock.js';

function scene() {
  const clock = new FakeClock();
  const history = { maxEvents: 100, maxBytes: 1_000_000 };
  const store = new ObjectStore({ clock }, { kinds: servedKinds('v2'), history });
  const table = store.table('configmaps');
  if (table === undefined) throw new Error('no configmaps');
  return {
    clock,
    store,
    put: (name: string, labels: object = {}): unknown =>
      store.put(table, { namespace: 'ns', name }, { metadata: { labels } }),
    remove: (name: string): unknown => store.remove(table, { namespace: 'ns', name }),
    watch(options: Partial<WatchOptions> & { readonly labelSelector?: string } = {}) {
      const lines: string[] = [];
      const seen = { ended: 0, wasReset: 0, buffered: 0 };
      const sink = {
        write: (line: string): void => void lines.push(line),
        end: (): void => {
          seen.ended += 1;
        },
        reset: (): void => {
          seen.wasReset += 1;
        },
        bufferedBytes: (): number => seen.buffered,
      };
      const { labelSelector = '', ...rest } = options;
      const choice = toChoice(table.kind, { namespace: 'ns', labelSelector, fieldSelector: '' });
      const stream = new WatchStream(
        { table, store, clock, sink },
        {
          choice,
          extent: 'whole',
          revision: undefined,
          bookmarkMs: undefined,
          timeoutMs: undefined,
          ...rest,
        },
      );
      stream.start();
      return {
        stream,
        seen,
        events: (): string =>
          lines
            .map((line): unknown => JSON.parse(line))
            .map(
              (event) =>
                `${textAt(event, 'type')} ${textAt(event, 'object', 'metadata', 'name') ?? ''}@${textAt(event, 'object', 'metadata', 'resourceVersion') ?? ''}`,
            )
            .join(', '),
        last: (): unknown => JSON.parse(lines.at(-1) ?? 'null'),
      };
    },
  };
}

describe('a watch', () => {
  it('shows what is there first, unless it says since when', () => {
    const { put, watch } = scene();
    put('b');
    put('a');
    expect(watch().events()).to.equal('ADDED a@2, ADDED b@1');
    expect(watch({ revision: 0 }).events()).to.equal('ADDED a@2, ADDED b@1');
    expect(watch({ revision: 1 }).events()).to.equal('ADDED a@2');
    expect(watch({ revision: 2 }).events()).to.equal('');
  });

  it('tells of each change, a deletion under its own version', () => {
    const { put, remove, watch } = scene();
    const { events, last } = watch();
    put('a');
    put('a', { x: '1' });
    remove('a');
    expect(events()).to.equal('ADDED a@1, MODIFIED a@2, DELETED a@3');
    expect(last()).to.deep.include({ type: 'DELETED' });
    expect(fieldAt(last(), 'object', 'kind')).to.equal('ConfigMap');
    expect(fieldAt(last(), 'object', 'metadata', 'labels')).to.deep.equal({ x: '1' });
  });

  it('turns entering and leaving a selection into ADDED and DELETED', () => {
    const { put, watch } = scene();
    const { events } = watch({ labelSelector: 'x=1' });
    put('a');
    put('a', { x: '1' });
    put('a', { x: '1', y: '2' });
    put('a', { x: '2' });
    put('a', { x: '3' });
    expect(events()).to.equal('ADDED a@2, MODIFIED a@3, DELETED a@4');
  });

  it('sends bookmarks with the newest version of all kinds, and its own kind', async () => {
    const { clock, put, watch } = scene();
    const { events, last, stream } = watch({ bookmarkMs: 1000 });
    await clock.advance(999);
    expect(events()).to.equal('');
    put('a');
    await clock.advance(1);
    expect(events()).to.equal('ADDED a@1, BOOKMARK @1');
    expect(last()).to.deep.equal({
      type: 'BOOKMARK',
      object: {
        kind: 'ConfigMap',
        apiVersion: 'v1',
        metadata: { resourceVersion: '1', creationTimestamp: null },
      },
    });
    stream.close();
    await clock.advance(5000);
    expect(events()).to.equal('ADDED a@1, BOOKMARK @1');
  });

  it('shows metadata alone when asked to, of bookmarks too', async () => {
    const { clock, put, remove, watch } = scene();
    const { last } = watch({ extent: 'metadata', bookmarkMs: 1000 });
    put('a', { x: '1' });
    expect(Object.keys(Object(fieldAt(last(), 'object')))).to.deep.equal(['kind', 'apiVersion', 'metadata']);
    expect(fieldAt(last(), 'object', 'kind')).to.equal('PartialObjectMetadata');
    expect(fieldAt(last(), 'object', 'metadata', 'labels')).to.deep.equal({ x: '1' });
    remove('a');
    expect(last()).to.deep.include({ type: 'DELETED' });
    expect(fieldAt(last(), 'object', 'kind')).to.equal('PartialObjectMetadata');
    expect(fieldAt(last(), 'object', 'metadata', 'resourceVersion')).to.equal('2');
    await clock.advance(1000);
    expect(last()).to.deep.equal({
      type: 'BOOKMARK',
      object: {
        kind: 'PartialObjectMetadata',
        apiVersion: 'meta.k8s.io/v1',
        metadata: { resourceVersion: '2', creationTimestamp: null },
      },
    });
  });

  it('is answered with 410 when it begins before what is remembered', () => {
    const { put, store, watch } = scene();
    put('a');
    put('a', { x: '1' });
    store.compact();
    const { last, seen } = watch({ revision: 1 });
    expect(last()).to.deep.equal({
      type: 'ERROR',
      object: {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: 'too old resource version: 1 (2)',
        reason: 'Expired',
        code: 410,
      },
    });
    expect(seen.ended).to.equal(1);
    expect(watch({ revision: 2 }).seen.ended).to.equal(0);
  });

  it('ends at its time-out, and hears nothing after', async () => {
    const { clock, put, watch } = scene();
    const { events, seen } = watch({ timeoutMs: 5000 });
    await clock.advance(4999);
    put('a');
    expect(seen.ended).to.equal(0);
    await clock.advance(1);
    put('b');
    expect(seen.ended).to.equal(1);
    expect(events()).to.equal('ADDED a@1');
    expect(clock.sleeping).to.equal(0);
  });

  it('is silent once stalled, and does not end', async () => {
    const { clock, put, watch } = scene();
    const { events, seen, stream } = watch({ bookmarkMs: 1000 });
    stream.stall();
    put('a');
    await clock.advance(3000);
    expect(events()).to.equal('');
    expect(seen).to.include({ ended: 0, wasReset: 0 });
  });

  it('is cut off when its client reads too slowly', () => {
    const { put, watch } = scene();
    const { seen } = watch();
    seen.buffered = 65 * 1024 * 1024;
    put('a');
    put('b');
    expect(seen.wasReset).to.equal(1);
  });
});
