import { expect } from 'chai';
import { listAt, type ObjectDraft, textAt } from '../../../simulator/cluster/object.js';
import { ClusterSimulator } from '../../../simulator/cluster.js';
import { SimulatedHpaController } from '../../../simulator/hpa-controller.js';
import { FakeClock } from '../../fake-clock.js';

const signal = new AbortController().signal;

/** An autoscaler of Deployment `web`, the metrics server's next answer, and a controller between them; no socket is open. */
function scene(spec: object, replicas = 1, options: { readonly runsWorkloads?: boolean } = {}) {
  const clock = new FakeClock();
  const objects = new ClusterSimulator({ clock });
  const answer = { status: 200, body: '' };
  const controller = new SimulatedHpaController(
    {
      objects,
      clock,
      metrics: {
        get: async () => ({
          contentType: 'application/json',
          headers: {},
          status: answer.status,
          body: Buffer.from(answer.body),
        }),
      },
    },
    { syncMs: 15_000, ...options },
  );
  objects.apply(deployment(replicas));
  objects.apply({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { namespace: 'default', name: 'web' },
    spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, ...spec },
  });
  return {
    clock,
    objects,
    controller,
    replicas: (): unknown => objects.get('deployments', 'default', 'web')?.['spec'],
    condition: (type: string): unknown =>
      listAt(objects.get('horizontalpodautoscalers', 'default', 'web'), 'status', 'conditions').find(
        (one) => textAt(one, 'type') === type,
      ),
    status: (): unknown => objects.get('horizontalpodautoscalers', 'default', 'web')?.['status'],
    async syncAt(value: string): Promise<void> {
      answer.status = 200;
      answer.body = JSON.stringify({ items: [{ value }] });
      await controller.sync(signal);
    },
    async syncFailing(message: string): Promise<void> {
      answer.status = 503;
      answer.body = JSON.stringify({ kind: 'Status', message });
      await controller.sync(signal);
    },
  };
}

function deployment(replicas: number): ObjectDraft {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace: 'default', name: 'web' },
    spec: { replicas },
  };
}

function external(target: object, name = 'hits'): object {
  return { type: 'External', external: { metric: { name, selector: { matchLabels: { a: 'b' } } }, target } };
}

const average = {
  minReplicas: 1,
  maxReplicas: 10,
  metrics: [external({ type: 'AverageValue', averageValue: '10' })],
};
const nowDown = { behavior: { scaleDown: { stabilizationWindowSeconds: 0 } } };

describe('SimulatedHpaController', () => {
  it('follows an AverageValue up, doubling at most, and shows it in the status', async () => {
    const app = scene(average);
    await app.syncAt('65');
    expect(app.replicas()).to.deep.equal({ replicas: 4 });
    expect(app.condition('ScalingLimited')).to.include({ status: 'True', reason: 'ScaleUpLimit' });
    await app.syncAt('65');
    expect(app.replicas()).to.deep.equal({ replicas: 7 });
    expect(app.status()).to.deep.include({
      currentReplicas: 4,
      desiredReplicas: 7,
      currentMetrics: [
        {
          type: 'External',
          external: {
            metric: { name: 'hits', selector: { matchLabels: { a: 'b' }, matchExpressions: [] } },
            current: { averageValue: '16250m' },
          },
        },
      ],
    });
    expect(app.condition('ScalingActive')).to.include({ status: 'True', reason: 'ValidMetricFound' });
  });

  it('follows a Value up and down: 100 of 50 makes 3, at most, and 0 makes 1', async () => {
    const app = scene({
      minReplicas: 1,
      maxReplicas: 3,
      metrics: [external({ type: 'Value', value: '50' })],
      ...nowDown,
    });
    await app.syncAt('100');
    expect(app.replicas()).to.deep.equal({ replicas: 2 });
    await app.syncAt('100');
    expect(app.replicas()).to.deep.equal({ replicas: 3 });
    await app.syncAt('0');
    expect(app.replicas()).to.deep.equal({ replicas: 1 });
  });

  it('holds the highest recommendation for 300 s before it scales down', async () => {
    const app = scene(average, 6);
    await app.syncAt('10');
    expect(app.replicas()).to.deep.equal({ replicas: 6 });
    expect(app.condition('AbleToScale')).to.include({ reason: 'ScaleDownStabilized' });
    await app.clock.advance(301_000);
    await app.syncAt('10');
    expect(app.replicas()).to.deep.equal({ replicas: 1 });
    expect(app.condition('AbleToScale')).to.include({ reason: 'SucceededRescale' });
  });

  it('keeps the replicas and shows the server’s own words when the metric cannot be read', async () => {
    const app = scene(average, 3);
    await app.syncFailing('the last point is 120 s old');
    expect(app.replicas()).to.deep.equal({ replicas: 3 });
    expect(app.condition('ScalingActive')).to.include({
      status: 'False',
      reason: 'FailedGetExternalMetric',
      message:
        'the HPA was unable to compute the replica count: unable to get external metric default/hits/&LabelSelector{' +
        'MatchLabels:map[string]string{a: b,},MatchExpressions:[]LabelSelectorRequirement{},}: unable to fetch metrics ' +
        'from external metrics API: the last point is 120 s old',
    });
  });

  it('dates a condition by when its truth changed', async () => {
    const app = scene(average);
    const dateOf = (): string | undefined => textAt(app.condition('ScalingActive'), 'lastTransitionTime');
    await app.syncAt('10');
    await app.clock.advance(15_000);
    await app.syncAt('11');
    expect(dateOf()).to.equal('2026-01-01T00:00:00Z');
    await app.clock.advance(15_000);
    await app.syncFailing('gone');
    expect(dateOf()).to.equal('2026-01-01T00:00:30Z');
  });

  it('brings replicas within the bounds without asking for metrics', async () => {
    const app = scene(average, 12);
    await app.syncFailing('nobody asks');
    expect(app.replicas()).to.deep.equal({ replicas: 10 });
    expect(app.condition('ScalingActive')).to.equal(undefined);
  });

  it('leaves a workload at zero alone and says so', async () => {
    const app = scene(average, 0);
    await app.syncAt('100');
    expect(app.replicas()).to.deep.equal({ replicas: 0 });
    expect(app.condition('ScalingActive')).to.include({ status: 'False', reason: 'ScalingDisabled' });
  });

  it('says when there is nothing to scale', async () => {
    const app = scene(average);
    app.objects.remove('deployments', 'default', 'web');
    await app.syncAt('100');
    expect(app.condition('AbleToScale')).to.include({ status: 'False', reason: 'FailedGetScale' });
  });

  it('refuses a metric that is not external, by name', async () => {
    const app = scene({
      minReplicas: 1,
      maxReplicas: 3,
      metrics: [{ type: 'Resource', resource: { name: 'cpu' } }],
    });
    await app.syncAt('1');
    expect(textAt(app.condition('ScalingActive'), 'message')).to.contain("not 'Resource'");
  });

  it('counts the pods that a test says are ready when it does not play the workloads', async () => {
    const app = scene(
      { minReplicas: 1, maxReplicas: 9, metrics: [external({ type: 'Value', value: '50' })] },
      4,
      { runsWorkloads: false },
    );
    app.objects.merge('deployments', 'default', 'web', { status: { replicas: 4, readyReplicas: 2 } });
    await app.syncAt('150');
    expect(app.replicas()).to.deep.equal({ replicas: 6 });
  });

  it('runs a round at each period until it is told to stop', async () => {
    const app = scene(average);
    const stop = new AbortController();
    await app.syncAt('100');
    const running = app.controller.run(stop.signal);
    await app.clock.advance(1);
    expect(app.replicas()).to.deep.equal({ replicas: 8 });
    await app.clock.advance(15_000);
    expect(app.replicas()).to.deep.equal({ replicas: 10 });
    stop.abort();
    await running;
    expect(app.clock.sleeping).to.equal(0);
  });

  it('writes nothing when nothing changes', async () => {
    const app = scene(average);
    await app.syncAt('10');
    await app.syncAt('10');
    const before = app.objects.resourceVersion;
    await app.syncAt('10');
    expect(app.objects.resourceVersion).to.equal(before);
  });
});
