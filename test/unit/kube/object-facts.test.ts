import { expect } from 'chai';
import { reflectFacts } from '../../../kube/object-facts.js';
import { FakeClock, settle } from '../../fake-clock.js';
import { fakeApi, listOf, recordingLog } from './fake-api.js';

describe('reflectFacts', () => {
  it('asks for the metadata alone, and keeps uid, labels and annotations', async () => {
    const metadata = {
      name: 'n1',
      uid: 'u1',
      resourceVersion: '3',
      labels: { zone: 'a', broken: 7 },
      annotations: { note: 'x' },
    };
    const client = fakeApi(() => listOf([{ metadata }, { metadata: { name: 'n2' } }], '9'));
    const nodes = reflectFacts(
      { client, clock: new FakeClock(), log: recordingLog(), random: () => 0 },
      { name: 'nodes', kind: { api: '/api/v1', resource: 'nodes' }, resyncMs: 300_000, watchSeconds: 60 },
    );
    const stop = new AbortController();
    const ended = nodes.run(stop.signal);
    await settle();
    expect(Object.fromEntries(nodes.items())).to.deep.equal({
      n1: { uid: 'u1', labels: { zone: 'a' }, annotations: { note: 'x' } },
      n2: { uid: '', labels: {}, annotations: {} },
    });
    expect(client.seen.map(({ path, call }) => [path, call.accept])).to.deep.equal([
      ['/api/v1/nodes', 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json'],
      ['/api/v1/nodes', 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json'],
    ]);
    stop.abort();
    await ended;
  });
});
