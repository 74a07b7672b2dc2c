import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { createAuthority, newMaterial } from '../../certs/authority.js';
import { reportText } from '../../explain/text.js';
import { outputOf } from '../control-plane/kubectl.js';
import { until } from '../control-plane/waiting.js';
import {
  apiService,
  explain,
  mend,
  patch,
  scale,
  spoil,
  untilVerdict,
  verdictIn,
  withoutReader,
  withoutRightToPatch,
} from './explain-scene.js';
import { runBeside } from './node-side-world.js';
import { autoscaler, namespace } from './objects.js';
import type { Replica } from './replica.js';
import { logsFolder, startWorld, untilAvailable, type World } from './world.js';

describe('The command explain, on a real control plane', function () {
  this.timeout(120_000);
  let world: World;
  let leader: Replica;
  let follower: Replica;

  before('start the control plane and two replicas', async () => {
    world = await startWorld();
    await untilAvailable(world.plane);
    // Ten for each of six replicas, to the point: nothing is left for the tolerance.
    world.setMetric('m.web', [], 60);
    await scale(world, 'web');
    const [first, second] = world.replicas.map(({ replica }) => replica);
    if (first === undefined || second === undefined) throw new Error('two replicas were to start');
    const leads = await until('a leader', async () => {
      const { report } = await explain(first, 'web');
      return report.shared.leader.who === 'unknown' ? undefined : report.shared.leader.who;
    });
    [leader, follower] = leads === 'me' ? [first, second] : [second, first];
  });

  after('stop everything', async function () {
    const failed = this.test?.parent?.tests.some((test) => test.isFailed()) ?? true;
    await world?.stop(failed || world === undefined);
  });

  afterEach(() => mend(world));

  it('finds all well, and computes what the real controller computes', async () => {
    const report = await untilVerdict(leader, 'web', 'well');
    expect(report.metrics[0]?.computation?.replicas).to.equal(6);
    expect(verdictIn(report)).to.deep.equal({ kind: 'well', desired: 6 });
    const text = await runBeside(leader, ['explain', `${namespace}/web`]);
    expect(text).to.deep.include({ code: 0, stderr: '' });
    for (const line of text.stdout.split('\n')) expect(line.length, line).to.be.at.most(100);
    await keep('well', text.stdout);
  });

  it('says the same on the follower, and that it cannot reach the leader where it knows no endpoint', async () => {
    const report = await untilVerdict(follower, 'web', 'well');
    expect(report.shared.leader).to.include({ who: 'other', name: leader.name });
    expect(report.shared.leader).to.have.property('silence').that.contains('has no endpoint');
  });

  it('knows no such HPA, none without an external metric, and what cannot be asked', async () => {
    await untilVerdict(leader, 'missing', 'hpa_missing');
    await scale(world, 'odd', { metric: 'no-such-name' });
    await untilVerdict(leader, 'odd', 'unaskable');
    const cpu = autoscaler('cpu', { metric: 'x', target: {}, maxReplicas: 3 }) as {
      spec: { metrics: object[] };
    };
    cpu.spec.metrics = [
      {
        type: 'Resource',
        resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
      },
    ];
    await world.plane.apply(cpu);
    await untilVerdict(leader, 'cpu', 'no_external_metric');
  });

  it('names a selector that nothing is reported with, nulls, several series, a negative and an old value', async () => {
    for (const name of ['nulls', 'several', 'negative', 'old']) world.setMetric(`m.${name}`, [], 7);
    spoil(world, /m\.nulls/, { kind: 'nulls' });
    spoil(world, /m\.several/, { kind: 'severalSeries' });
    spoil(world, /m\.negative/, { kind: 'value', value: -1 });
    spoil(world, /m\.old/, { kind: 'shifted', bySeconds: -600 });
    world.setMetric('m.wrong', ['queue:jobs'], 7);
    await scale(world, 'wrong', { selector: { matchLabels: { queue: 'Jobz' } } });
    for (const name of ['nulls', 'several', 'negative', 'old']) await scale(world, name);
    await untilVerdict(leader, 'wrong', 'no_series');
    const text = await until("the HPA's own words", async () => {
      const told = reportText((await explain(leader, 'wrong')).report);
      return told.includes('FailedGetExternalMetric') ? told : undefined;
    });
    await keep('no_series', text);
    await untilVerdict(leader, 'nulls', 'only_nulls');
    await untilVerdict(leader, 'several', 'several_series');
    await untilVerdict(leader, 'negative', 'negative');
    await untilVerdict(leader, 'old', 'too_old');
  });

  it("names a query that Datadog rejects, in Datadog's words", async () => {
    spoil(world, /m\.rejected/, { kind: 'status', status: 400, body: '{"errors":["Error parsing query"]}' });
    await scale(world, 'rejected');
    const report = await untilVerdict(leader, 'rejected', 'rejected');
    expect(verdictIn(report)).to.have.property('why').that.contains('Error parsing query');
  });

  it('names refused keys and a failing Datadog, and what is served meanwhile', async () => {
    for (const [status, kind] of [
      [403, 'keys_refused'],
      [503, 'datadog_failing'],
    ] as const) {
      for (const { datadog } of world.replicas) datadog.faults.always({ kind: 'status', status });
      expect(verdictIn(await untilVerdict(leader, 'web', kind))).to.have.property('servedForMs');
      mend(world);
      await untilVerdict(leader, 'web', 'well');
    }
  });

  it('names a wrong caBundle by what kube-apiserver says of our certificate', async () => {
    const stranger = createAuthority(validity(), newMaterial()).certPem;
    await withoutRightToPatch(world, async () => {
      const caBundle = Buffer.from(stranger).toString('base64');
      await until('the wrong bundle to stay', async () => {
        await patch(world, 'apiservice', apiService, { spec: { caBundle } });
        const kept = await outputOf(world.plane.kubectl, [
          'get',
          'apiservice',
          apiService,
          '-o',
          'jsonpath={.spec.caBundle}',
        ]);
        return kept.trim() === caBundle ? true : undefined;
      });
      const report = await untilVerdict(leader, 'web', 'certificate_untrusted');
      await keep('certificate_untrusted', reportText(report));
    });
    await untilVerdict(leader, 'web', 'well', 60_000);
  });

  it('names a Service that nobody answers at, and another owner', async () => {
    const port = world.replicas[0]?.replica.metricsPort ?? 0;
    await patch(world, 'apiservice', apiService, { spec: { service: { port: 1 } } });
    await untilVerdict(leader, 'web', 'unavailable');
    const ours = { name: 'datadog-custom-metrics-server', namespace: 'datadog', port };
    const theirs = { name: 'keda-operator-metrics-apiserver', namespace: 'keda' };
    await patch(world, 'apiservice', apiService, { spec: { service: theirs } });
    expect(verdictIn(await untilVerdict(leader, 'web', 'foreign_owner'))).to.include({
      owner: 'keda/keda-operator-metrics-apiserver',
    });
    await patch(world, 'apiservice', apiService, { spec: { service: ours } });
    await untilVerdict(leader, 'web', 'well', 60_000);
  });

  it('names the right that the HPA controller lacks', async () => {
    await withoutReader(world, async () => {
      await keep('reader_forbidden', reportText(await untilVerdict(leader, 'web', 'reader_forbidden')));
    });
    await untilVerdict(leader, 'web', 'well', 60_000);
  });

  it("names the HPA's own limits: its maximum, its tolerance, a workload that is not there", async () => {
    world.setMetric('m.most', [], 500);
    await scale(world, 'most', { maxReplicas: 3 });
    await untilVerdict(leader, 'most', 'limited');
    world.setMetric('m.web', [], 58);
    await untilVerdict(leader, 'web', 'within_tolerance');
    world.setMetric('m.none', [], 5);
    const target = { type: 'AverageValue', averageValue: '10' };
    await world.plane.apply(autoscaler('none', { metric: 'm.none', target, maxReplicas: 3 }));
    const report = await untilVerdict(leader, 'none', 'not_able_to_scale');
    expect(verdictIn(report)).to.have.nested.property('condition.reason', 'FailedGetScale');
  });

  it('names the rate limit with its reset, which it heeds', async () => {
    for (const { datadog } of world.replicas)
      datadog.faults.always({
        kind: 'status',
        status: 429,
        headers: { 'x-ratelimit-reset': '20', 'x-ratelimit-period': '60' },
      });
    const report = await untilVerdict(leader, 'web', 'rate_limited');
    expect(verdictIn(report))
      .to.have.property('why')
      .that.matches(/no query before \d{4}-/);
    await keep('rate_limited', reportText(report));
  });

  it('shows no secret', async () => {
    const { report } = await explain(leader, 'web');
    expect(JSON.stringify(report)).to.not.match(/a{32}|b{40}|Bearer/);
  });
});

function validity() {
  return { notBeforeMs: Date.now() - 60_000, notAfterMs: Date.now() + 3_600_000 };
}

/** What the command said, beside the logs, for those who want to read it. */
function keep(name: string, text: string): Promise<void> {
  return writeFile(join(logsFolder, `explain-${name}.txt`), text);
}
