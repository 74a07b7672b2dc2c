import { expect } from 'chai';
import { Fault } from '../../../core/fault.js';
import { fail, ok } from '../../../core/result.js';
import type { KubeApi } from '../../../kube/api.js';
import { AutoscalerStatuses, parseAutoscalerStatus } from '../../../kube/autoscaler-status.js';
import { parseRegistration, RegistrationReader } from '../../../kube/registration.js';

const place = { namespace: 'shop', name: 'web' };
const { signal } = new AbortController();

function kube(answers: Readonly<Record<string, unknown>>, asked: string[] = []): KubeApi {
  return {
    request: async (method, path, { query }) => {
      asked.push(`${method} ${path}${query === undefined ? '' : ` ${JSON.stringify(query)}`}`);
      const answer = answers[path];
      if (answer instanceof Fault) return fail(answer);
      return answer === undefined ? fail(new Fault('kube.not_found', path)) : ok(answer);
    },
    stream: () => {
      throw new Error('nothing is watched');
    },
  };
}

const metric = { name: 'm', selector: { matchLabels: { a: 'b' } } };
const object = {
  metadata: place,
  spec: {
    maxReplicas: 9,
    metrics: [
      { type: 'Resource' },
      { type: 'External', external: { metric, target: { type: 'Value', value: '1500m' } } },
      { type: 'External', external: { metric: { name: 'm' }, target: { averageValue: '10' } } },
      { type: 'External', external: { metric: { name: '' } } },
    ],
    behavior: { scaleUp: { tolerance: '50m' }, scaleDown: { tolerance: '0.2' } },
  },
  status: {
    currentReplicas: 2,
    desiredReplicas: 3,
    conditions: [{ type: 'ScalingActive', status: 'False', reason: 'R', message: 'M' }, 'x'],
    currentMetrics: [
      { type: 'External', external: { metric: { name: 'm' }, current: { averageValue: '7', value: '0' } } },
      { type: 'External', external: { metric, current: { value: '8' } } },
    ],
  },
};

describe('the status of an HPA', () => {
  it('holds targets, what the controller last saw of each metric, and the conditions', () => {
    expect(parseAutoscalerStatus(object, place)).to.deep.equal({
      ...place,
      minReplicas: 1,
      maxReplicas: 9,
      externalMetrics: [
        { spec: ok(metric), target: { type: 'Value', quantity: '1500m' }, current: '8' },
        {
          spec: ok({ name: 'm', selector: undefined }),
          target: { type: 'AverageValue', quantity: '10' },
          current: '7',
        },
        {
          spec: fail('.name: expected a text that is not empty'),
          target: undefined,
          current: undefined,
        },
      ],
      otherMetrics: 1,
      tolerance: { up: 0.05, down: 0.2 },
      conditions: [{ type: 'ScalingActive', status: 'False', reason: 'R', message: 'M' }],
      currentReplicas: 2,
      desiredReplicas: 3,
    });
  });

  it('makes do with nothing', () => {
    expect(parseAutoscalerStatus({}, place)).to.deep.include({ externalMetrics: [], conditions: [] });
  });

  it('is read by a list of one, for which there is a right', async () => {
    const asked: string[] = [];
    const path = '/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers';
    const found = await new AutoscalerStatuses({ client: kube({ [path]: { items: [object] } }, asked) }).read(
      place,
      signal,
    );
    expect(found.ok && found.value?.maxReplicas).to.equal(9);
    expect(asked).to.deep.equal([`GET ${path} {"fieldSelector":"metadata.name=web"}`]);
    const none = await new AutoscalerStatuses({ client: kube({ [path]: { items: [] } }) }).read(
      place,
      signal,
    );
    expect(none).to.deep.equal(ok(undefined));
  });

  it('is never that of another namespace, whatever stands in the path', async () => {
    const path = '/apis/autoscaling/v2/namespaces/../horizontalpodautoscalers';
    const statuses = new AutoscalerStatuses({ client: kube({ [path]: { items: [object] } }) });
    expect(await statuses.read({ ...place, namespace: '..' }, signal)).to.deep.equal(ok(undefined));
  });

  it('is read in the older version where there is no newer one; other faults are told', async () => {
    const path = '/apis/autoscaling/v2beta2/namespaces/shop/horizontalpodautoscalers';
    const found = await new AutoscalerStatuses({ client: kube({ [path]: { items: [object] } }) }).read(
      place,
      signal,
    );
    expect(found.ok && found.value?.name).to.equal('web');
    const denied = new Fault('kube.denied', 'no');
    const refused = await new AutoscalerStatuses({
      client: kube({ '/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers': denied }),
    }).read(place, signal);
    expect(refused).to.deep.equal(fail(denied));
  });
});

describe('the registration', () => {
  const path = '/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.external.metrics.k8s.io';
  const available = { type: 'Available', status: 'False', reason: 'R', message: 'M' };

  it('names its Service and whether it is available', async () => {
    const service = { namespace: 'a', name: 'b' };
    const apiService = { spec: { service: { ...service, port: 443 } }, status: { conditions: [available] } };
    expect(await new RegistrationReader({ client: kube({ [path]: apiService }) }).read(signal)).to.deep.equal(
      ok({ service, available }),
    );
    expect(parseRegistration({ spec: { service: null } })).to.deep.equal({
      service: undefined,
      available: undefined,
    });
  });

  it('may be missing, and may not be readable', async () => {
    expect(await new RegistrationReader({ client: kube({}) }).read(signal)).to.deep.equal(ok(undefined));
    const denied = new Fault('kube.denied', 'no');
    expect(await new RegistrationReader({ client: kube({ [path]: denied }) }).read(signal)).to.deep.equal(
      fail(denied),
    );
  });
});
