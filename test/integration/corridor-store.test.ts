import { expect } from 'chai';
import { autoscaler, metricPath, namespace, Scene, until, untilAnswer } from './corridor-scene.js';

const first = 'datadog-custom-metrics';

describe('The shared ConfigMaps', function () {
  this.timeout(60_000);
  let scene: Scene;
  let lines: string[];

  beforeEach(async () => {
    scene = new Scene();
    lines = [];
    await scene.start();
    scene.standIns.datadog.shape('m.a', [], () => 4);
    scene.standIns.cluster.apply(autoscaler('a', 'm.a'));
  });

  afterEach(() => scene.stop());

  const entries = (): Readonly<Record<string, string>> =>
    scene.standIns.cluster.configMapData('datadog', first) ?? {};
  const keyOf = (metric: string): string => Object.keys(entries()).find((key) => key.includes(metric)) ?? '';

  async function twoReplicas(settings: Readonly<Record<string, string>> = {}) {
    const choices = {
      settings,
      logLevel: 'warn',
      logTo: { write: (line: string) => lines.push(line) },
    } as const;
    const [one, two] = [await scene.replica(choices), await scene.replica(choices)];
    await until('a leader', () => one.replica.app.isLeader() || two.replica.app.isLeader());
    const [leader, follower] = one.replica.app.isLeader() ? [one, two] : [two, one];
    await untilAnswer(follower.client, metricPath('m.a'), ({ value }) => value === '4');
    return { leader, follower };
  }

  it('hold what people can read', async () => {
    await twoReplicas();
    const entry = JSON.parse(entries()[keyOf('m.a')] ?? '{}') as Readonly<Record<string, unknown>>;
    expect(entry).to.include({
      metric: 'm.a',
      namespace: 'shop',
      selector: '',
      query: 'avg:m.a{*}.rollup(1)',
      state: 'valid',
      value: 4,
    });
    expect(entry['observedAt']).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/);
  });

  it('come back when one is deleted, while both replicas go on answering', async () => {
    const { leader, follower } = await twoReplicas();
    scene.standIns.cluster.remove('configmaps', 'datadog', first);
    expect(await leader.client.metric('shop', 'm.a')).to.include({ status: 200, value: '4' });
    await until('the ConfigMap to come back', () => keyOf('m.a') !== '');
    await untilAnswer(follower.client, metricPath('m.a'), ({ value }) => value === '4');
  });

  it('lose a damaged entry only, by name, and get it back from the leader', async () => {
    const { follower } = await twoReplicas();
    const { datadog, cluster } = scene.standIns;
    datadog.shape('m.b', [], () => 5);
    cluster.apply(autoscaler('b', 'm.b'));
    await untilAnswer(follower.client, metricPath('m.b'), ({ value }) => value === '5');
    const damaged = keyOf('m.b');
    cluster.merge('configmaps', 'datadog', first, { data: { [damaged]: '{"metric":' } });
    expect((await follower.client.metric('shop', 'm.a')).status).to.equal(200);
    await untilAnswer(follower.client, metricPath('m.b'), ({ value }) => value === '5');
    expect(() => JSON.parse(entries()[damaged] ?? '')).not.to.throw();
  });

  it('keep what somebody else put there', async () => {
    await twoReplicas();
    const { cluster, datadog } = scene.standIns;
    cluster.merge('configmaps', 'datadog', first, { data: { note: 'mine' } });
    datadog.shape('m.a', [], () => 6);
    await until('the next write', () => (entries()[keyOf('m.a')] ?? '').includes('"value":6'));
    expect(entries()['note']).to.equal('mine');
  });

  it('give the entries of the original agent to the first leader, and are then in the new form', async () => {
    const { cluster, datadog } = scene.standIns;
    datadog.faults.always({ kind: 'status', status: 503 });
    cluster.apply({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: first, namespace: 'datadog' },
      data: {
        'external_metric-horizontal-shop-a-m.a': JSON.stringify({
          metricName: 'm.a',
          labels: {},
          ts: Math.floor(Date.now() / 1000) - 20,
          reference: { type: 'horizontal', name: 'a', namespace: 'shop', uid: 'x' },
          value: 12.5,
          valid: true,
        }),
      },
    });
    const { client } = await scene.replica();
    await untilAnswer(client, metricPath('m.a'), ({ value }) => value === '12500m');
    await until(
      'the new form',
      () =>
        keyOf('metric.shop.m.a') !== '' && entries()['external_metric-horizontal-shop-a-m.a'] === undefined,
    );
  });

  it('keep two selectors of one metric in one HPA apart', async () => {
    const { cluster, datadog } = scene.standIns;
    datadog.shape('m.s', ['env:prod'], () => 1);
    datadog.shape('m.s', ['env:dev'], () => 2);
    const both = ['prod', 'dev'].map((env) => ({
      type: 'External',
      external: {
        metric: { name: 'm.s', selector: { matchLabels: { env } } },
        target: { type: 'AverageValue', averageValue: '1' },
      },
    }));
    cluster.apply(autoscaler('s', 'm.s'));
    cluster.merge('horizontalpodautoscalers', namespace, 's', { spec: { metrics: both } });
    const { follower } = await twoReplicas();
    await untilAnswer(follower.client, metricPath('m.s', 'env=prod'), ({ value }) => value === '1');
    await untilAnswer(follower.client, metricPath('m.s', 'env=dev'), ({ value }) => value === '2');
  });

  it('grow past the size of one object, serve the metrics of all on a follower, and shrink back', async () => {
    const { cluster, datadog } = scene.standIns;
    const count = 4_500;
    for (let index = 0; index < count; index += 1) {
      datadog.shape(`big.metric_${index}`, [], () => index);
      cluster.apply(autoscaler(`big-${index}`, `big.metric_${index}`));
    }
    const { follower } = await twoReplicas({ DD_EXTERNAL_METRICS_PROVIDER_REFRESH_PERIOD: '5' });
    await until(
      'a second ConfigMap',
      () => cluster.configMapData('datadog', `${first}-1`) !== undefined,
      20_000,
    );
    for (let index = 0; index < count; index += 7) {
      const answer = await follower.client.metric(namespace, `big.metric_${index}`);
      const isRight = answer.value === String(index) || answer.value === `${index / 1_000}k`;
      expect(isRight, `metric ${index}: ${answer.status} ${answer.value ?? answer.message}`).to.equal(true);
    }
    for (let index = 50; index < count; index += 1)
      cluster.remove('horizontalpodautoscalers', namespace, `big-${index}`);
    await until(
      'one ConfigMap again',
      () => cluster.configMapData('datadog', `${first}-1`) === undefined,
      20_000,
    );
    expect(await follower.client.metric(namespace, 'big.metric_7')).to.include({ status: 200, value: '7' });
  });

  it('drop a metric at once when its autoscaler goes', async () => {
    const { follower } = await twoReplicas();
    scene.standIns.cluster.remove('horizontalpodautoscalers', 'shop', 'a');
    const gone = await untilAnswer(follower.client, metricPath('m.a'), ({ status }) => status === 404, 3_000);
    expect(gone.message).to.include(
      'no autoscaler of namespace "shop" is known to ask for external metric "m.a"',
    );
  });
});

describe('A replica', function () {
  this.timeout(40_000);
  let scene: Scene;

  beforeEach(async () => {
    scene = new Scene();
    await scene.start();
    scene.standIns.datadog.shape('m.a', [], () => 4);
    scene.standIns.cluster.apply(autoscaler('a', 'm.a'));
  });

  afterEach(() => scene.stop());

  it('waits for a missing API server at start, and begins when it comes', async () => {
    await scene.standIns.cluster.outage();
    const lines: string[] = [];
    const replica = scene.standIns.startReplica({
      name: 'dca-0',
      logLevel: 'warn',
      logTo: { write: (line) => lines.push(line) },
    });
    await until('a line about it', () => lines.some((line) => /API server|cannot be/.test(line)));
    await scene.standIns.cluster.recover();
    await until(
      'the listener',
      () => scene.standIns.routeTo(replica) && scene.standIns.caBundle() !== undefined,
      20_000,
    );
    await untilAnswer(scene.client(replica), metricPath('m.a'), ({ value }) => value === '4', 15_000);
  });

  it('that is cut off from its leader never serves an old value, and says whom it follows', async () => {
    const one = await scene.replica({ settings: { DD_EXTERNAL_METRICS_PROVIDER_MAX_AGE: '3' } });
    const two = await scene.replica({ settings: { DD_EXTERNAL_METRICS_PROVIDER_MAX_AGE: '3' } });
    const [leader, follower] = one.replica.app.isLeader() ? [one, two] : [two, one];
    await untilAnswer(follower.client, metricPath('m.a'), ({ value }) => value === '4');
    const { cluster } = scene.standIns;
    cluster.inject({ kind: 'silent' }, { resource: 'configmaps' });
    cluster.breakWatches('stall', { resource: 'configmaps' });
    const stale = await untilAnswer(follower.client, metricPath('m.a'), ({ status }) => status === 503);
    expect(stale.message)
      .to.match(/^stale: /)
      .and.to.include(`this replica follows ${leader.replica.name}`);
    expect(await leader.client.metric('shop', 'm.a')).to.include({ status: 200, value: '4' });
    cluster.clearFaults();
  });

  it('takes over within moments when the leader is stopped, and goes on from its values', async () => {
    const one = await scene.replica();
    const two = await scene.replica();
    const [leader, follower] = one.replica.app.isLeader() ? [one, two] : [two, one];
    await untilAnswer(follower.client, metricPath('m.a'), ({ value }) => value === '4');
    expect(await leader.replica.stop()).to.equal(undefined);
    await until('the other to lead', () => follower.replica.app.isLeader(), 5_000);
    expect((await follower.client.metric('shop', 'm.a')).status).to.equal(200);
    scene.standIns.datadog.shape('m.a', [], () => 9);
    await untilAnswer(follower.client, metricPath('m.a'), ({ value }) => value === '9');
  });
});
