import { expect } from 'chai';
import { Fault } from '../../../core/fault.js';
import { fail, ok, type Result } from '../../../core/result.js';
import { createRegistry } from '../../../core/telemetry.js';
import { RegistrationWatch } from '../../../kube/registration-watch.js';
import { FakeClock } from '../../fake-clock.js';
import { fakeApi } from './fake-api.js';

function apiService(service: object | undefined, status?: string) {
  const conditions = [
    { type: 'Other', status: 'True' },
    { type: 'Available', status, reason: 'Why', message: 'because' },
  ];
  return { spec: { service }, ...(status === undefined ? {} : { status: { conditions } }) };
}

const ours = { namespace: 'datadog', name: 'server' };

async function scene(answer: () => Result<unknown, Fault>, service = 'datadog/server') {
  const clock = new FakeClock();
  const registry = createRegistry({ withProcessMetrics: false });
  const api = fakeApi(answer);
  const registration = new RegistrationWatch(
    { client: api, clock, registry },
    { service: service === '' ? undefined : service },
  );
  const stop = new AbortController();
  const before = await gaugeOf(registry);
  const ended = registration.run(stop.signal);
  await clock.advance(0);
  return {
    clock,
    api,
    before,
    told: () => registration.describe(),
    gauge: () => gaugeOf(registry),
    end: async () => {
      stop.abort();
      await ended;
    },
  };
}

async function gaugeOf(registry: ReturnType<typeof createRegistry>): Promise<string | undefined> {
  const line = (await registry.metrics()).split('\n').find((one) => /^external_metrics_apiservice/.test(one));
  return line?.split(' ')[1];
}

describe('the APIService, as people are told of it', () => {
  it('is ours, and available, with what the cluster says', async () => {
    const { told, gauge, before, end } = await scene(() => ok(apiService(ours, 'True')));
    expect(before).to.equal('Nan');
    expect(told()).to.deep.include({
      available: 'True',
      reason: 'Why',
      message: 'because',
      service: 'datadog/server',
      isOurs: true,
      problem: null,
    });
    expect(await gauge()).to.equal('1');
    await end();
  });

  for (const [title, object, expected] of [
    ['leads to another server', apiService({ namespace: 'keda', name: 'keda' }, 'True'), { isOurs: false }],
    ['cannot be reached', apiService(ours, 'False'), { available: 'False', isOurs: true }],
    ['was not judged yet', apiService(ours), { available: 'Unknown', reason: null }],
    ['is served by kube-apiserver itself', apiService(undefined, 'True'), { service: null, isOurs: false }],
    ['is nonsense', 'text', { available: 'Unknown', service: null }],
  ] as const)
    it(`${title}: then it is no good`, async () => {
      const { told, gauge, end } = await scene(() => ok(object));
      expect(told()).to.include(expected);
      expect(await gauge()).to.equal('0');
      await end();
    });

  it('is missing, with what to do', async () => {
    const { told, gauge, end } = await scene(() => fail(new Fault('kube.not_found', 'GET: HTTP 404')));
    expect(told().problem).to.match(/^there is no APIService .*apply the one of our manifests$/);
    expect(await gauge()).to.equal('0');
    await end();
  });

  it('is told as it was while it cannot be read, and why; and looked at again', async () => {
    let answer: Result<unknown, Fault> = ok(apiService(ours, 'True'));
    const { clock, told, end, api } = await scene(() => answer);
    const { readAt } = told();
    answer = fail(new Fault('kube.unreachable', 'no answer'));
    await clock.advance(30_000);
    expect(told()).to.include({
      available: 'True',
      readAt,
      problem: 'it cannot be read: no answer',
    });
    answer = ok(apiService(ours, 'False'));
    await clock.advance(30_000);
    expect(told()).to.include({ available: 'False', problem: null });
    expect(api.seen).to.have.length(3);
    await end();
  });

  it('is looked at seldom where the right to it is missing', async () => {
    const { clock, told, end, api } = await scene(() => fail(new Fault('kube.denied', 'HTTP 403: grant it')));
    await clock.advance(599_000);
    expect(api.seen).to.have.length(1);
    expect(told().problem).to.equal('it cannot be read: HTTP 403: grant it');
    await clock.advance(1_000);
    expect(api.seen).to.have.length(2);
    await end();
  });

  it('is good with a Service of any name where that may be another one', async () => {
    const { told, gauge, end } = await scene(() => ok(apiService({ namespace: 'a', name: 'b' }, 'True')), '');
    expect(told()).to.include({ service: 'a/b', isOurs: null });
    expect(await gauge()).to.equal('1');
    await end();
  });
});
