import { expect } from 'chai';
import type { Fault } from '../../../core/fault.js';
import type { Result } from '../../../core/result.js';
import type { Call, Method } from '../../../kube/api.js';
import { ApiServiceBundle } from '../../../kube/apiservice.js';
import { FakeClock, settle } from '../../fake-clock.js';
import { fakeApi, listOf, recordingLog } from './fake-api.js';
import { FakeStore, refuse } from './fake-store.js';

const { signal } = new AbortController();
const name = 'v1beta1.external.metrics.k8s.io';
const path = `/apis/apiregistration.k8s.io/v1/apiservices/${name}`;
const pem = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
const ours = { namespace: 'monitoring', name: 'agent', port: 443 };

function scene(
  spec?: Record<string, unknown>,
  intercept?: (method: Method, call: Call) => Result<unknown, Fault> | undefined,
) {
  const store = new FakeStore();
  if (spec !== undefined) store.put(path, { metadata: { name }, spec });
  const client = fakeApi(
    (method, asked, call) => intercept?.(method, call) ?? store.answer(method, asked, call),
  );
  const bundle = new ApiServiceBundle(
    { client, clock: new FakeClock(), log: recordingLog(), random: () => 0.5 },
    { serviceNamespace: 'monitoring', serviceName: 'agent' },
  );
  return { store, client, bundle };
}

describe('ApiServiceBundle', () => {
  it('sets the bundle, takes insecureSkipTLSVerify away, and leaves the rest', async () => {
    const { store, client, bundle } = scene({
      service: ours,
      insecureSkipTLSVerify: true,
      groupPriorityMinimum: 100,
    });
    expect(await bundle.publish(pem, signal)).to.deep.equal({ ok: true, value: 'changed' });
    expect(store.objects.get(path)?.['spec']).to.deep.equal({
      service: ours,
      groupPriorityMinimum: 100,
      caBundle: Buffer.from(pem).toString('base64'),
    });
    expect(client.seen[1]).to.deep.include({ method: 'PATCH', path });
    expect(client.seen[1]?.call).to.deep.include({ contentType: 'application/merge-patch+json' });
  });

  it('writes nothing when all is well', async () => {
    const { client, bundle } = scene({ service: ours, caBundle: Buffer.from(pem).toString('base64') });
    expect(await bundle.publish(pem, signal)).to.deep.equal({ ok: true, value: 'unchanged' });
    expect(client.seen.map(({ method }) => method)).to.deep.equal(['GET']);
  });

  it('touches no APIService of another server, and names its owner', async () => {
    for (const [service, owner] of [
      [
        { namespace: 'keda', name: 'keda-operator-metrics-apiserver' },
        'Service keda/keda-operator-metrics-apiserver',
      ],
      [{ namespace: 'monitoring', name: 'other' }, 'Service monitoring/other'],
      [undefined, 'kube-apiserver itself'],
    ] as const) {
      const { client, bundle } = scene({ service, insecureSkipTLSVerify: true });
      const published = await bundle.publish(pem, signal);
      expect(published.ok || published.error.code).to.equal('kube.rejected');
      expect(published.ok || published.error.message)
        .to.contain(owner)
        .and.to.contain('expected our Service monitoring/agent');
      expect(client.seen.map(({ method }) => method)).to.deep.equal(['GET']);
    }
  });

  it('writes no bundle that holds no certificate', async () => {
    const { client, bundle } = scene({ service: ours });
    const published = await bundle.publish('nonsense', signal);
    expect(published.ok || published.error.code).to.equal('kube.rejected');
    expect(client.seen).to.deep.equal([]);
  });

  it('says what to do when nothing is registered', async () => {
    const published = await scene().bundle.publish(pem, signal);
    expect(published.ok || published.error.code).to.equal('kube.not_found');
    expect(published.ok || published.error.message)
      .to.contain(name)
      .and.to.contain('apply');
  });

  it('tries again on what another writer left, and not for ever', async () => {
    let conflicts = 2;
    const few = scene({ service: ours }, (method) => {
      if (method !== 'PATCH' || conflicts === 0) return undefined;
      conflicts -= 1;
      return refuse('kube.conflict');
    });
    expect(await few.bundle.publish(pem, signal)).to.deep.equal({ ok: true, value: 'changed' });
    const endless = scene({ service: ours }, (method) =>
      method === 'PATCH' ? refuse('kube.conflict') : undefined,
    );
    const published = await endless.bundle.publish(pem, signal);
    expect(published.ok || published.error.code).to.equal('kube.conflict');
    expect(endless.client.seen.length).to.equal(8);
  });

  it('hears of changes that matter, and not of the status', async () => {
    const { bundle, client } = scene({ service: ours }, (method) =>
      method === 'GET' ? listOf([{ metadata: { name }, spec: { service: ours } }], '5') : undefined,
    );
    let changes = 0;
    const stop = new AbortController();
    const ended = bundle.follow(() => {
      changes += 1;
    }, stop.signal);
    await settle();
    const send = async (object: object): Promise<void> => {
      client.wires[0]?.send({
        type: 'MODIFIED',
        object: { metadata: { name, resourceVersion: '6' }, ...object },
      });
      await settle();
    };
    await send({ spec: { service: ours }, status: { conditions: [{ type: 'Available', status: 'False' }] } });
    expect(changes).to.equal(1);
    await send({ spec: { service: ours, caBundle: 'AAAA' } });
    expect(changes).to.equal(2);
    stop.abort();
    await ended;
  });
});
