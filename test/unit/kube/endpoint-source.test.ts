import { expect } from 'chai';
import { Fault, type FaultCode } from '../../../core/fault.js';
import { fail } from '../../../core/result.js';
import { EndpointGroups } from '../../../kube/endpoint-groups.js';
import { EndpointSource, type EndpointSourceOptions } from '../../../kube/endpoint-source.js';
import { ServiceAddresses } from '../../../kube/service-addresses.js';
import { FakeClock, settle } from '../../fake-clock.js';
import { fakeApi, listOf, recordingLog } from './fake-api.js';

const slicesPath = '/apis/discovery.k8s.io/v1/endpointslices';
const endpointsPath = '/api/v1/endpoints';
const { signal } = new AbortController();

/** Answers lists; `refused` says which paths are refused, and how, and may be changed while a test runs. */
function cluster(
  refused: Record<string, FaultCode>,
  items: Readonly<Record<string, readonly unknown[]>> = {},
) {
  return fakeApi((_method, path) => {
    const code = Object.entries(refused).find(([part]) => path.includes(part))?.[1];
    if (code !== undefined) return fail(new Fault(code, `GET ${path}: ${code}`));
    return listOf(Object.entries(items).find(([part]) => path.includes(part))?.[1] ?? [], '7');
  });
}

function scene(refused: Record<string, FaultCode> = {}, options: EndpointSourceOptions = {}) {
  const client = cluster(refused);
  const log = recordingLog();
  return { client, log, source: new EndpointSource({ client, log }, options) };
}

describe('EndpointSource', () => {
  it('reads EndpointSlices where it can', async () => {
    const { source, log, client } = scene();
    expect(await source.locate(signal)).to.deep.equal({ ok: true, value: { path: slicesPath } });
    expect(client.seen.map(({ call }) => call.query)).to.deep.equal([{ limit: 1 }]);
    expect(log.lines).to.deep.equal(['info reading the pods behind services']);
  });

  for (const code of ['kube.denied', 'kube.not_found'] as const) {
    it(`falls back to Endpoints after ${code}, says so once, and comes back when it can`, async () => {
      const refused: Record<string, FaultCode> = { endpointslices: code };
      const { source, log } = scene(refused);
      await source.locate(signal);
      expect(await source.locate(signal)).to.deep.equal({ ok: true, value: { path: endpointsPath } });
      expect(source.obstacle).to.equal(`GET ${slicesPath}: ${code}`);
      expect(log.lines).to.deep.equal([
        'warn EndpointSlices cannot be read, so Endpoints are; Kubernetes cuts these after 1,000 pods of a service',
      ]);
      delete refused['endpointslices'];
      expect(await source.locate(signal)).to.deep.equal({ ok: true, value: { path: slicesPath } });
      expect(source.obstacle).to.equal(undefined);
    });
  }

  it('waits, and does not fall back, while the API server is away', async () => {
    const { source, log } = scene({ endpointslices: 'kube.unreachable' });
    const located = await source.locate(signal);
    expect(located.ok || located.error.code).to.equal('kube.unreachable');
    expect([source.obstacle, log.lines]).to.deep.equal([undefined, []]);
  });

  it('names both obstacles when neither can be read', async () => {
    const { source } = scene({ endpointslices: 'kube.denied', endpoints: 'kube.denied' });
    const located = await source.locate(signal);
    expect(located.ok || located.error.message).to.equal(
      `GET ${slicesPath}: kube.denied; and GET ${endpointsPath}: kube.denied`,
    );
  });

  it('asks for what it was told to, and for one service only', async () => {
    const { source, client } = scene({}, { kind: 'Endpoints' });
    expect(await source.locate(signal)).to.deep.equal({ ok: true, value: { path: endpointsPath } });
    expect(client.seen).to.deep.equal([]);
    const one = scene({}, { service: { namespace: 'ns', name: 'svc' } });
    expect(await one.source.locate(signal)).to.deep.equal({
      ok: true,
      value: {
        path: '/apis/discovery.k8s.io/v1/namespaces/ns/endpointslices',
        labelSelector: 'kubernetes.io/service-name=svc',
      },
    });
    const old = scene({ endpointslices: 'kube.denied' }, { service: { namespace: 'ns', name: 'svc' } });
    expect(await old.source.locate(signal)).to.deep.equal({
      ok: true,
      value: { path: '/api/v1/namespaces/ns/endpoints', fieldSelector: 'metadata.name=svc' },
    });
  });
});

const slice = (
  name: string,
  pods: readonly object[],
  ports: readonly object[] = [{ name: 'agentport', port: 5005 }],
) => ({
  metadata: {
    namespace: 'datadog',
    name,
    resourceVersion: '5',
    labels: { 'kubernetes.io/service-name': 'dca' },
  },
  ports,
  endpoints: pods,
});
const endpoint = (name: string, address: string, ready = true) => ({
  addresses: [address],
  nodeName: 'n1',
  conditions: { ready },
  targetRef: { kind: 'Pod', namespace: 'datadog', name },
});

describe('EndpointGroups', () => {
  it('passes groups on, and tells in its health which objects it reads, and why', async () => {
    const seen: string[] = [];
    const client = cluster(
      { endpointslices: 'kube.denied' },
      { [endpointsPath]: [{ metadata: { namespace: 'shop', name: 'web', resourceVersion: '3' } }] },
    );
    const groups = new EndpointGroups(
      {
        client,
        clock: new FakeClock(),
        log: recordingLog(),
        random: () => 0,
        recipient: { put: (key, { service }) => seen.push(`${key} ${service}`) > 0, remove: () => false },
      },
      { resyncMs: 300_000, watchSeconds: 60 },
    );
    const stop = new AbortController();
    expect(groups.health().state).to.equal('starting');
    const ended = groups.run(stop.signal);
    await settle();
    expect(groups.hasSynced()).to.equal(true);
    expect(seen).to.deep.equal(['shop/web web']);
    expect(groups.health()).to.deep.equal({
      state: 'degraded',
      detail: `reads Endpoints, since EndpointSlices cannot be read: GET ${slicesPath}: kube.denied`,
    });
    stop.abort();
    await ended;
  });
});

describe('ServiceAddresses', () => {
  async function addresses(...slices: readonly unknown[]) {
    const client = cluster({}, { endpointslices: slices });
    const service = new ServiceAddresses(
      { client, clock: new FakeClock(), log: recordingLog(), random: () => 0 },
      { namespace: 'datadog', service: 'dca', portName: 'agentport', resyncMs: 300_000, watchSeconds: 60 },
    );
    const stop = new AbortController();
    const ended = service.run(stop.signal);
    await settle();
    stop.abort();
    return { service, ended };
  }

  it('finds a pod by its name, ready or not, and a ready one first', async () => {
    const { service } = await addresses(
      slice('a', [endpoint('dca-0', '10.0.0.1', false), endpoint('dca-1', '10.0.0.2', false)]),
      slice('b', [endpoint('dca-0', '10.0.0.3')]),
    );
    expect(service.addressOf('dca-0')).to.deep.equal({ host: '10.0.0.3', port: 5005 });
    expect(service.addressOf('dca-1')).to.deep.equal({ host: '10.0.0.2', port: 5005 });
    expect(service.addressOf('dca-2')).to.equal(undefined);
  });

  it('takes the port by its name, or the only one', async () => {
    const { service } = await addresses(
      slice(
        'a',
        [endpoint('dca-0', '10.0.0.1')],
        [
          { name: 'x', port: 1 },
          { name: 'agentport', port: 7 },
        ],
      ),
      slice('b', [endpoint('dca-1', '10.0.0.2')], [{ port: 8 }]),
      slice(
        'c',
        [endpoint('dca-2', '10.0.0.3')],
        [
          { name: 'x', port: 1 },
          { name: 'y', port: 2 },
        ],
      ),
    );
    expect(['dca-0', 'dca-1', 'dca-2'].map((name) => service.addressOf(name)?.port)).to.deep.equal([
      7,
      8,
      undefined,
    ]);
  });

  it('never keeps a replica from being ready', () => {
    const service = new ServiceAddresses(
      { client: cluster({}), clock: new FakeClock(), log: recordingLog(), random: () => 0 },
      { namespace: 'datadog', service: 'dca', portName: 'agentport', resyncMs: 300_000, watchSeconds: 60 },
    );
    expect(service.health().state).to.equal('degraded');
  });
});
