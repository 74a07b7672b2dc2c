import { expect } from 'chai';
import { outputOf } from '../control-plane/kubectl.js';
import { until } from '../control-plane/waiting.js';
import { askDirectly } from './direct.js';
import { autoscaler, deployment, metricsReader, namespace } from './objects.js';
import { startWorld, untilAvailable, type World } from './world.js';

const rawQueueDepth = `/apis/external.metrics.k8s.io/v1beta1/namespaces/${namespace}/queue.depth?labelSelector=queue+in+%28jobs%2Cmail%29`;

describe('The corridor, on a real control plane', function () {
  this.timeout(120_000);
  let world: World;

  before('start the control plane, two replicas and the stand-in Datadogs', async () => {
    world = await startWorld();
  });

  after('stop everything', async function () {
    const failed = this.test?.parent?.tests.some((test) => test.isFailed()) ?? true;
    await world?.stop(failed || world === undefined);
  });

  it('registers with verified TLS: the APIService is available, has our CA and no insecureSkipTLSVerify', async () => {
    await untilAvailable(world.plane);
    const spec = JSON.parse(
      await outputOf(world.plane.kubectl, [
        'get',
        'apiservice',
        'v1beta1.external.metrics.k8s.io',
        '-o',
        'jsonpath={.spec}',
      ]),
    ) as { readonly caBundle?: string; readonly insecureSkipTLSVerify?: boolean };
    expect(Buffer.from(spec.caBundle ?? '', 'base64').toString()).to.match(/^-----BEGIN CERTIFICATE-----/);
    expect(spec.insecureSkipTLSVerify).to.equal(undefined);
  });

  it('scales on AverageValue with a matchExpressions selector, up and down', async () => {
    world.setMetric('queue.depth', ['queue:jobs'], 55);
    const selector = { matchExpressions: [{ key: 'queue', operator: 'In', values: ['mail', 'jobs'] }] };
    const target = { type: 'AverageValue', averageValue: '10' };
    await world.plane.apply(
      deployment('worker'),
      autoscaler('worker', { metric: 'queue.depth', selector, target, maxReplicas: 20 }),
    );
    await untilReplicas(world, 'worker', '6');
    world.setMetric('queue.depth', ['queue:jobs'], 120);
    await untilReplicas(world, 'worker', '12');
    world.setMetric('queue.depth', ['queue:jobs'], 10);
    await untilReplicas(world, 'worker', '1');
  });

  it('scales on Value: metric 100, target 50, min 1, max 3 goes to 3 replicas, and at 0 back to 1', async () => {
    world.setMetric('web.requests', ['service:web'], 100);
    const selector = { matchLabels: { service: 'web' } };
    const target = { type: 'Value', value: '50' };
    await world.plane.apply(
      deployment('web'),
      autoscaler('web', { metric: 'web.requests', selector, target, maxReplicas: 3 }),
    );
    await untilReplicas(world, 'web', '3');
    world.setMetric('web.requests', ['service:web'], 0);
    await untilReplicas(world, 'web', '1');
  });

  it('matches a metric name of mixed case, which the HPA controller lower-cases', async () => {
    world.setMetric('Shop.Orders', [], 30);
    const target = { type: 'AverageValue', averageValue: '10' };
    await world.plane.apply(
      deployment('orders'),
      autoscaler('orders', { metric: 'Shop.Orders', target, maxReplicas: 5 }),
    );
    await untilReplicas(world, 'orders', '3');
  });

  it('lists the metrics among the API resources', async () => {
    await until(
      'the metric in kubectl api-resources',
      async () => {
        const listed = await outputOf(world.plane.kubectl, [
          'api-resources',
          '--api-group=external.metrics.k8s.io',
          '-o',
          'name',
        ]);
        return listed.includes('queue.depth.external.metrics.k8s.io') ? true : undefined;
      },
      { timeoutMs: 90_000 },
    );
  });

  it('answers kubectl get --raw for a user with the right, and forbids it without', async () => {
    await world.plane.apply(metricsReader('alice'));
    const alice = await world.plane.kubeconfigForUser('alice');
    const mallory = await world.plane.kubeconfigForUser('mallory');
    const answer = await until('the role binding to work', async () => {
      const result = await world.plane.kubectlAs(alice, ['get', '--raw', rawQueueDepth]);
      return result.code === 0 ? result.stdout : undefined;
    });
    expect(JSON.parse(answer)).to.deep.include({
      kind: 'ExternalMetricValueList',
      apiVersion: 'external.metrics.k8s.io/v1beta1',
    });
    expect((JSON.parse(answer) as { items: object[] }).items).to.have.length(1);
    const refused = await world.plane.kubectlAs(mallory, ['get', '--raw', rawQueueDepth]);
    expect(refused.code).to.equal(1);
    expect(refused.stderr).to.contain(
      'queue.depth.external.metrics.k8s.io is forbidden: User "mallory" cannot list resource',
    );
  });

  it('says in the HPA what is wrong and what to do, when Datadog has no series', async () => {
    const target = { type: 'AverageValue', averageValue: '10' };
    await world.plane.apply(
      deployment('lost'),
      autoscaler('lost', { metric: 'no.such.metric', target, maxReplicas: 5 }),
    );
    const message = await until('the condition of the HPA', async () => {
      const text = await world.read('hpa/lost', '{.status.conditions[?(@.type=="ScalingActive")].message}');
      return text.includes('no series') ? text : undefined;
    });
    expect(message).to.contain('avg:no.such.metric{*}.rollup(1)');
  });

  it('has two replicas that answer the same value, of which only the leader asks Datadog', async () => {
    world.setMetric('queue.depth', ['queue:jobs'], 42);
    const values = await until('both replicas to answer 42', async () => {
      const answers = await Promise.all(
        world.replicas.map(({ replica }) => askDirectly(world.plane, replica, rawQueueDepth)),
      );
      return answers.every((answer) => answer === '42') ? answers : undefined;
    });
    expect(values).to.deep.equal(['42', '42']);
    const calls = world.replicas.map(
      ({ datadog }) => datadog.calls.filter(({ path }) => path === '/api/v1/query').length,
    );
    expect(calls.filter((count) => count > 0)).to.have.length(1, `queries per replica: ${calls.join(', ')}`);
  });

  it('was never refused anything by the API server, with just the rights that the project ships', async () => {
    for (const { replica } of world.replicas) {
      const lines = (await replica.log()).split('\n').filter((line) => /forbidden|kube\.denied/i.test(line));
      expect(lines.filter((line) => !line.includes('mallory'))).to.deep.equal([]);
    }
  });

  it('ends with exit code 0 on SIGTERM', async () => {
    for (const { replica } of [...world.replicas].reverse()) {
      await replica.process.stop(30_000);
      expect(replica.process.ending()).to.equal('exit code 0');
    }
  });
});

/** Pods never run here; those that the autoscaler made are marked ready, which a Value target counts. */
async function untilReplicas(world: World, name: string, replicas: string): Promise<void> {
  let last = '';
  try {
    await until(
      `${replicas} replicas of ${name}`,
      async () => {
        await world.plane.markPodsReady(namespace, `app=${name}`);
        last = await world.read(`deployment/${name}`, '{.spec.replicas}');
        return last === replicas ? true : undefined;
      },
      { timeoutMs: 60_000 },
    );
  } catch (error: unknown) {
    const hpa = await world.read(`hpa/${name}`, '{.status.conditions}');
    throw new Error(`${String(error)}: it has ${last}; the HPA says ${hpa}`);
  }
}
