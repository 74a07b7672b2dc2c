import { expect } from 'chai';
import type { Fault } from '../../../core/fault.js';
import { ok, type Result } from '../../../core/result.js';
import { Autoscalers } from '../../../kube/autoscalers.js';
import { FakeClock, settle } from '../../fake-clock.js';
import { fakeApi, listOf, recordingLog } from './fake-api.js';
import { refuse } from './fake-store.js';

const hpa = (name: string, metric: unknown, rest: object = {}, revision = '1') => ({
  metadata: { namespace: 'shop', name, uid: `uid-${name}`, resourceVersion: revision },
  spec: { metrics: [{ type: 'External', external: { metric } }] },
  ...rest,
});
const group = (...versions: readonly string[]): Result<unknown, Fault> =>
  ok({
    kind: 'APIGroup',
    versions: versions.map((version) => ({ groupVersion: `autoscaling/${version}`, version })),
  });

async function scene(
  answers: Record<string, () => Result<unknown, Fault>>,
  options: { readonly namespace?: string } = {},
) {
  const clock = new FakeClock();
  const log = recordingLog();
  const client = fakeApi(
    (_method, path) => answers[path]?.() ?? refuse('kube.not_found', `GET ${path}: HTTP 404`),
  );
  const autoscalers = new Autoscalers(
    { client, clock, log, random: () => 0 },
    { resyncMs: 300_000, ...options },
  );
  const stop = new AbortController();
  const ended = autoscalers.run(stop.signal);
  await settle();
  const end = async (): Promise<void> => {
    stop.abort();
    await ended;
  };
  const names = (): string[] =>
    autoscalers.list().map(({ name, metrics }) => `${name}:${metrics.map((metric) => metric.name)}`);
  return { clock, log, client, autoscalers, names, end };
}

const v2 = '/apis/autoscaling/v2/horizontalpodautoscalers';

describe('Autoscalers', () => {
  it('reads the newest version that is served, in all namespaces', async () => {
    const { autoscalers, names, client, end } = await scene({
      '/apis/autoscaling': () => group('v1', 'v2beta2', 'v2'),
      [v2]: () =>
        listOf([hpa('a', { name: 'm' }), { metadata: { namespace: 'shop', name: 'cpu-only' } }], '5'),
    });
    expect(autoscalers.hasSynced()).to.equal(true);
    expect(names()).to.deep.equal(['a:m']);
    expect(autoscalers.list()[0]).to.include({
      kind: 'HorizontalPodAutoscaler',
      namespace: 'shop',
      uid: 'uid-a',
    });
    expect(client.seen.map(({ path }) => path)).to.deep.equal(['/apis/autoscaling', v2, v2]);
    await end();
  });

  it('reads one namespace only, when told so', async () => {
    const path = '/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers';
    const { names, end } = await scene(
      { '/apis/autoscaling': () => group('v2'), [path]: () => listOf([hpa('a', { name: 'm' })], '5') },
      { namespace: 'shop' },
    );
    expect(names()).to.deep.equal(['a:m']);
    await end();
  });

  it('falls back to v2beta2, and finds v2 when the cluster has moved on, keeping its list meanwhile', async () => {
    let served = ['v1', 'v2beta2'];
    const listing = (version: string) => () =>
      served.includes(version) ? listOf([hpa(version, { name: 'm' })], '5') : refuse('kube.not_found');
    const { names, clock, client, autoscalers, end } = await scene({
      '/apis/autoscaling': () => group(...served),
      '/apis/autoscaling/v2beta2/horizontalpodautoscalers': listing('v2beta2'),
      [v2]: listing('v2'),
    });
    expect(names()).to.deep.equal(['v2beta2:m']);
    served = ['v1', 'v2'];
    client.wires[0]?.send({ type: 'ERROR', object: { code: 410 } });
    await settle();
    expect(names()).to.deep.equal(['v2beta2:m']);
    await clock.advance(2000);
    expect(names()).to.deep.equal(['v2:m']);
    expect(autoscalers.health()).to.deep.equal({ state: 'ready' });
    await end();
  });

  it('waits for a cluster that serves neither, and says once what it serves', async () => {
    let versions = ['v1'];
    const { autoscalers, clock, log, end } = await scene({
      '/apis/autoscaling': () => group(...versions),
      [v2]: () => listOf([], '5'),
    });
    await clock.advance(120_000);
    expect(autoscalers.hasSynced()).to.equal(false);
    expect(autoscalers.health()).to.deep.equal({
      state: 'starting',
      detail:
        'autoscalers: GET /apis/autoscaling: expected autoscaling/v2 or autoscaling/v2beta2; the cluster serves v1',
    });
    expect(log.lines).to.deep.equal(['warn autoscalers: cannot be listed; trying again']);
    versions = ['v1', 'v2'];
    await clock.advance(30_000);
    expect(autoscalers.hasSynced()).to.equal(true);
    await end();
  });

  it('hears of changes of the spec, and nothing of the status that changes all the time', async () => {
    const { autoscalers, names, client, end } = await scene({
      '/apis/autoscaling': () => group('v2'),
      [v2]: () => listOf([hpa('a', { name: 'm' })], '5'),
    });
    let changes = 0;
    autoscalers.onChange(() => {
      changes += 1;
    });
    const before = autoscalers.list();
    client.wires[0]?.send({
      type: 'MODIFIED',
      object: hpa('a', { name: 'm' }, { status: { currentReplicas: 2 } }, '6'),
    });
    await settle();
    expect(changes).to.equal(0);
    expect(autoscalers.list()).to.equal(before);
    client.wires[0]?.send({ type: 'MODIFIED', object: hpa('a', { name: 'other' }, {}, '7') });
    await settle();
    expect(changes).to.equal(1);
    expect(names()).to.deep.equal(['a:other']);
    expect(before[0]?.metrics[0]?.name).to.equal('m');
    await end();
  });

  it('remembers what an autoscaler last said of its size, while it is listed', async () => {
    const { autoscalers, client, end } = await scene({
      '/apis/autoscaling': () => group('v2'),
      [v2]: () => listOf([hpa('a', { name: 'm' }, { status: { currentReplicas: 1 } })], '5'),
    });
    const size = () => autoscalers.scaleOf({ namespace: 'shop', name: 'a' })?.currentReplicas;
    expect(size()).to.equal(1);
    const object = hpa('a', { name: 'm' }, { status: { currentReplicas: 2 } }, '6');
    client.wires[0]?.send({ type: 'MODIFIED', object });
    await settle();
    expect(size()).to.equal(2);
    client.wires[0]?.send({ type: 'DELETED', object });
    await settle();
    expect(size()).to.equal(undefined);
    await end();
  });

  it('names a hostile metric once, with its place, and serves the others', async () => {
    const { names, log, client, end } = await scene({
      '/apis/autoscaling': () => group('v2'),
      [v2]: () =>
        listOf(
          [
            hpa('bad', null),
            hpa('good', { name: 'm' }),
            { metadata: { namespace: 'shop', name: 'worse' }, spec: { metrics: 3 } },
          ],
          '5',
        ),
    });
    expect(names()).to.deep.equal(['bad:', 'good:m']);
    client.wires[0]?.send({ type: 'MODIFIED', object: hpa('good', { name: 'm2' }, {}, '6') });
    await settle();
    expect(log.lines.filter((line) => line.startsWith('warn'))).to.deep.equal([
      'warn autoscalers: an object cannot be used and is left out',
      'warn a metric of an autoscaler cannot be understood and is left out',
    ]);
    expect(log.fields).to.deep.include({
      object: 'shop/bad',
      problem: 'spec.metrics[0].external.metric: expected an object with name and selector',
    });
    client.wires[0]?.send({ type: 'MODIFIED', object: hpa('bad', { name: 7 }, {}, '7') });
    await settle();
    expect(log.fields.at(-1)).to.deep.equal({
      object: 'shop/bad',
      problem: 'spec.metrics[0].external.metric.name: expected a text that is not empty',
    });
    await end();
  });
});
