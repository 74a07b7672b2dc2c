import { expect } from 'chai';
import { systemClock } from '../../core/clock.js';
import type { Report } from '../../explain/report.js';
import { reportText } from '../../explain/text.js';
import type { Verdict } from '../../explain/verdict.js';
import { autoscaler } from '../../simulator/autoscaler.js';
import type { DatadogFault } from '../../simulator/datadog/faults.js';
import { SimulatedHpaController } from '../../simulator/hpa-controller.js';
import { type ReplicaChoices, type SimulatedReplica, StandIns, tokens } from '../../simulator/stand-ins.js';
import { agentService, node, replicaSlice } from './cmdapi-objects.js';
import { type Answer, CommandClient } from './cmdapi-scene.js';

/** What a replica tells of an HPA of the namespace shop. */
async function explain(replica: SimulatedReplica, name: string, query = ''): Promise<Report> {
  const path = `/api/v1/explain/shop/${name}${query}`;
  const { status, text } = await askCommandPort(replica, path, tokens.local);
  if (status !== 200) throw new Error(`${status} ${text}`);
  return JSON.parse(text) as Report;
}

async function askCommandPort(replica: SimulatedReplica, path: string, token: string): Promise<Answer> {
  const client = new CommandClient(replica.app.commandPort() ?? 0);
  try {
    return await client.ask(path, { token });
  } finally {
    client.close();
  }
}

function verdictIn({ metrics, judgement }: Report): Verdict {
  const found = metrics[0]?.judgement ?? judgement;
  if (found === undefined) throw new Error('a report without a verdict');
  return found.verdict;
}

/** Waits for a verdict; throws with the whole report when another one stays. */
async function untilVerdict(
  replica: SimulatedReplica,
  name: string,
  kind: Verdict['kind'],
  timeoutMs = 10_000,
): Promise<Report> {
  const startedMs = performance.now();
  while (true) {
    const report = await explain(replica, name);
    if (verdictIn(report).kind === kind) return report;
    if (performance.now() - startedMs > timeoutMs)
      throw new Error(`waited in vain for ${kind}:\n${reportText(report)}`);
    await systemClock.sleep(50, new AbortController().signal);
  }
}

class ExplainScene {
  readonly standIns = new StandIns();
  readonly #ended = new AbortController();
  #controlling: Promise<void> = Promise.resolve();

  async start(): Promise<void> {
    await this.standIns.start();
    this.standIns.cluster.apply(node('n1'));
  }

  async replica(choices: Partial<ReplicaChoices> = {}): Promise<SimulatedReplica> {
    const replica = this.standIns.startReplica({ name: 'dca-a', ...choices });
    await this.standIns.untilReady(replica, this.#ended.signal);
    const port = replica.app.commandPort() ?? 0;
    this.standIns.cluster.apply(replicaSlice(replica.name, { port }));
    return replica;
  }

  /** Begins to scale what there is. */
  control(): void {
    const { cluster } = this.standIns;
    const ports = { objects: cluster, metrics: cluster.frontProxy, clock: systemClock };
    this.#controlling = new SimulatedHpaController(ports, { syncMs: 200 }).run(this.#ended.signal);
  }

  /** An HPA of its own name on a metric of its own, with a Deployment. */
  hpa(
    name: string,
    more: { metric?: string; selector?: object; target?: object; maxReplicas?: number } = {},
  ): void {
    const { metric = `m.${name}`, selector, ...rest } = more;
    const asked = { name: metric, ...(selector === undefined ? {} : { selector }) };
    this.standIns.cluster.apply({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { namespace: 'shop', name },
      spec: { replicas: 1, selector: { matchLabels: { app: name } } },
      status: { replicas: 1, readyReplicas: 1 },
    });
    this.standIns.cluster.apply(autoscaler({ namespace: 'shop', name, metric: asked, ...rest }));
  }

  /** What kube-apiserver says of the registration. */
  registered(status: 'True' | 'False', reason: string, message: string): void {
    const condition = { type: 'Available', status, reason, message };
    this.standIns.cluster.merge('apiservices', '', 'v1beta1.external.metrics.k8s.io', {
      status: { conditions: [condition] },
    });
  }

  async stop(): Promise<void> {
    this.#ended.abort();
    await this.#controlling;
    await this.standIns.stop();
  }
}

/** Times so short that a point grows too old within seconds. */
const shortLived = { DD_EXTERNAL_METRICS_PROVIDER_MAX_AGE: '3' };

describe('explain, of one replica that leads', function () {
  this.timeout(30_000);
  const scene = new ExplainScene();
  const { datadog, cluster } = scene.standIns;
  let replica: SimulatedReplica;

  before(async () => {
    await scene.start();
    replica = await scene.replica({ settings: { DD_EXTERNAL_METRICS_PROVIDER_QUERY_TIMEOUT: '0.5' } });
    scene.control();
    // Whether all queries are refused, or one, is told by those that were answered before.
    datadog.shape('m.known', [], () => 1);
    scene.hpa('known');
    await untilVerdict(replica, 'known', 'well');
  });
  after(() => scene.stop());

  afterEach(() => {
    datadog.faults.clear();
    datadog.acceptKeys({});
    scene.registered('True', 'Passed', 'all checks passed');
  });

  it('finds all well, and shows the road from the spec to the replicas', async () => {
    datadog.shape('m.web', ['service:web'], () => 55);
    const target = { type: 'AverageValue', averageValue: '10' };
    scene.hpa('web', { selector: { matchLabels: { service: 'web' } }, target, maxReplicas: 20 });
    const report = await untilVerdict(replica, 'web', 'well');
    const [metric] = report.metrics;
    expect(metric?.asked).to.deep.equal({
      kind: 'query',
      id: 'shop/m.web?service=web',
      query: 'avg:m.web{service:web}.rollup(1)',
    });
    expect(metric?.here.call).to.include.keys('atMs', 'tookMs', 'batchSize');
    expect(metric?.here.points?.points).to.have.length(5);
    expect(metric?.here.answers?.toController).to.include({ status: 200 });
    expect(metric?.computation?.replicas).to.equal(6);
    expect(report.shared.leader).to.deep.equal({ who: 'me' });
    for (const line of reportText(report).split('\n')) expect(line.length).to.be.at.most(100);
  });

  it('asks Datadog again when it is told to, in one more call for each metric', async () => {
    datadog.shape('m.asked', [], () => 7);
    scene.hpa('asked');
    await untilVerdict(replica, 'asked', 'limited');
    const [metric] = (await explain(replica, 'asked', '?query=true')).metrics;
    expect(metric?.fresh).to.deep.include({ state: 'point' });
    const [unasked] = (await explain(replica, 'asked')).metrics;
    expect(unasked).to.not.have.property('fresh');
  });

  it('knows no HPA of another name, and none without an external metric', async () => {
    expect(verdictIn(await explain(replica, 'nobody')).kind).to.equal('hpa_missing');
    cluster.apply({
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { namespace: 'shop', name: 'plain' },
      spec: { scaleTargetRef: { kind: 'Deployment', name: 'plain' }, maxReplicas: 3, metrics: [] },
    });
    expect(verdictIn(await explain(replica, 'plain')).kind).to.equal('no_external_metric');
  });

  it('names what Datadog cannot be asked', async () => {
    scene.hpa('odd', { metric: 'm-odd' });
    const verdict = verdictIn(await untilVerdict(replica, 'odd', 'unaskable'));
    expect(verdict).to.have.property('why').that.contains('metric name m-odd');
    scene.hpa('cases', { metric: 'm.Case' });
    scene.hpa('cases-too', { metric: 'm.case' });
    await untilVerdict(replica, 'cases', 'ambiguous');
    cluster.remove('horizontalpodautoscalers', 'shop', 'cases-too');
    const values = Array.from({ length: 400 }, (_, index) => `value-${index}-${'x'.repeat(20)}`);
    scene.hpa('long', { selector: { matchExpressions: [{ key: 'k', operator: 'In', values }] } });
    await untilVerdict(replica, 'long', 'query_too_long');
  });

  for (const [kind, fault] of [
    ['no_series', { kind: 'noSeries' }],
    ['only_nulls', { kind: 'nulls' }],
    ['several_series', { kind: 'severalSeries' }],
    ['not_a_number', { kind: 'value', value: Number.NaN }],
    ['infinite', { kind: 'value', value: Number.POSITIVE_INFINITY }],
    ['negative', { kind: 'value', value: -1 }],
    ['out_of_range', { kind: 'value', value: 1e300 }],
    ['too_old', { kind: 'shifted', bySeconds: -1_000 }],
    ['clock_wrong', { kind: 'shifted', bySeconds: 1_000 }],
    [
      'datadog_refuses_all',
      { kind: 'status', status: 400, body: '{"errors":["Error parsing query: bad scope"]}' },
    ],
    ['datadog_failing', { kind: 'status', status: 503 }],
    ['datadog_unreadable', { kind: 'html' }],
    ['datadog_unreachable', { kind: 'reset' }],
    ['datadog_timeout', { kind: 'hang' }],
  ] as const satisfies readonly (readonly [Verdict['kind'], DatadogFault])[])
    it(`says ${kind} when Datadog answers with ${JSON.stringify(fault)}`, async () => {
      const name = kind.replaceAll('_', '-');
      datadog.shape(`m.${name}`.replaceAll('-', '_'), [], () => 5);
      datadog.faults.always(fault);
      scene.hpa(name, { metric: `m.${kind}` });
      const report = await untilVerdict(replica, name, kind);
      expect(reportText(report)).to.match(new RegExp(`VERDICT +${kind}: `));
    });

  it("says that a query is refused, in Datadog's words", async () => {
    datadog.faults.forQuery(/m\.bad/, {
      kind: 'status',
      status: 400,
      body: '{"errors":["Error parsing query: bad scope"]}',
    });
    scene.hpa('bad');
    const verdict = verdictIn(await untilVerdict(replica, 'bad', 'rejected'));
    expect(verdict).to.have.property('why').that.contains('Error parsing query: bad scope');
  });

  it('says that the keys are refused, and shows none of them', async () => {
    datadog.acceptKeys({ apiKeys: ['f'.repeat(32)] });
    scene.hpa('keys');
    const report = await untilVerdict(replica, 'keys', 'keys_refused');
    expect(JSON.stringify(report)).to.not.match(/0123456789abcdef0123456789/);
  });

  it('tells who owns the registration, whether its certificate is trusted, and that it is gone', async () => {
    const name = 'v1beta1.external.metrics.k8s.io';
    datadog.shape('m.reg', [], () => 1);
    scene.hpa('reg');
    await untilVerdict(replica, 'reg', 'well');
    scene.registered('False', 'FailedDiscoveryCheck', 'Get "https://…": x509: unknown authority');
    await untilVerdict(replica, 'reg', 'certificate_untrusted');
    scene.registered('False', 'MissingEndpoints', 'endpoints for service have no addresses');
    await untilVerdict(replica, 'reg', 'unavailable');
    const before = cluster.get('apiservices', '', name);
    cluster.merge('apiservices', '', name, { spec: { service: { name: 'keda', namespace: 'keda' } } });
    expect(verdictIn(await untilVerdict(replica, 'reg', 'foreign_owner'))).to.include({ owner: 'keda/keda' });
    cluster.remove('apiservices', '', name);
    await untilVerdict(replica, 'reg', 'not_registered');
    if (before !== undefined) cluster.apply(before);
    scene.registered('True', 'Passed', '');
    await untilVerdict(replica, 'reg', 'well');
  });

  it('tells when the HPA controller may not read, and that it recovers', async () => {
    datadog.shape('m.role', [], () => 1);
    cluster.setAccessPolicy((_user, access) => access.kind !== 'resource' || access.resource !== 'm.role');
    scene.hpa('role');
    const report = await untilVerdict(replica, 'role', 'reader_forbidden');
    expect(report.metrics[0]?.here.answers?.toController).to.include({ status: 403 });
    cluster.setAccessPolicy(() => true);
    await untilVerdict(replica, 'role', 'well', 20_000);
  });

  it("tells the HPA's own troubles from those of the metric", async () => {
    datadog.shape('m.own', [], () => 100);
    scene.hpa('own', { maxReplicas: 3 });
    const limited = await untilVerdict(replica, 'own', 'limited');
    expect(verdictIn(limited)).to.have.nested.property('condition.reason');
    datadog.shape('m.half', [], () => 105);
    scene.hpa('half', { target: { type: 'Value', value: '100' } });
    await untilVerdict(replica, 'half', 'within_tolerance');
    cluster.remove('deployments', 'shop', 'half');
    await untilVerdict(replica, 'half', 'not_able_to_scale');
  });

  it('tells the rest when the HPA and the registration cannot be read', async () => {
    datadog.shape('m.rest', [], () => 1);
    scene.hpa('rest');
    await untilVerdict(replica, 'rest', 'well');
    cluster.setCallerPolicy(
      (user, access) =>
        user.name === 'system:anonymous' ||
        access.kind !== 'resource' ||
        !['apiservices', 'horizontalpodautoscalers'].includes(access.resource),
    );
    const report = await untilVerdict(replica, 'rest', 'hpa_unread');
    expect(report.metrics[0]?.here.record).to.include({ state: 'valid' });
    expect(report.shared.registration).to.include({ state: 'unread' });
    cluster.setCallerPolicy(() => true);
  });

  it('opens to the local token alone', async () => {
    for (const token of [tokens.agents, 'x'.repeat(32)])
      expect((await askCommandPort(replica, '/api/v1/explain/shop/web', token)).status).to.equal(403);
  });
});

describe('explain, elsewhere', function () {
  this.timeout(30_000);
  let scene: ExplainScene;

  beforeEach(async () => {
    scene = new ExplainScene();
    await scene.start();
    scene.standIns.datadog.shape('m.a', [], () => 1);
    scene.hpa('a');
  });
  afterEach(() => scene.stop());

  it('of a follower shows what its leader did, in one hop, and says when the leader is silent', async () => {
    const settings = { DD_LEADER_ELECTION: 'true' };
    const leader = await scene.replica({ settings });
    const follower = await scene.replica({ name: 'dca-b', settings });
    scene.control();
    const report = await untilVerdict(follower, 'a', 'well');
    expect(report.shared).to.deep.include({
      replica: 'dca-b',
      leader: { who: 'other', name: 'dca-a' },
    });
    expect(report.metrics[0]?.here).to.not.have.property('call');
    expect(report.metrics[0]?.atLeader).to.include.keys('call', 'points', 'record');
    expect(leader.app.isLeader()).to.equal(true);
    scene.standIns.cluster.remove('endpointslices', agentService.namespace, `${agentService.name}-dca-a`);
    scene.hpa('b');
    scene.standIns.datadog.faults.always({ kind: 'hang' });
    scene.hpa('c');
    const silent = await untilVerdict(follower, 'c', 'leader_unreachable');
    expect(silent.shared.leader)
      .to.have.property('silence')
      .that.contains('has no endpoint of the pod dca-a');
  });

  it('says that nobody leads', async () => {
    scene.standIns.cluster.setCallerPolicy(
      (_user, access) => access.kind !== 'resource' || access.resource !== 'leases',
    );
    const replica = await scene.replica({ settings: { DD_LEADER_ELECTION: 'true' } });
    await untilVerdict(replica, 'a', 'no_leader');
  });

  it('says which key is missing', async () => {
    const replica = await scene.replica({ settings: { DD_APP_KEY: '' } });
    const verdict = verdictIn(await untilVerdict(replica, 'a', 'keys_missing'));
    expect(verdict).to.have.property('why').that.contains('DD_APP_KEY not set');
  });

  it('says until when the rate limit holds, while the last value is served and after', async () => {
    const replica = await scene.replica({
      settings: { ...shortLived, DD_EXTERNAL_METRICS_PROVIDER_MAX_AGE: '9' },
    });
    scene.control();
    await untilVerdict(replica, 'a', 'well');
    scene.standIns.datadog.faults.always({
      kind: 'status',
      status: 429,
      headers: { 'x-ratelimit-reset': '30', 'x-ratelimit-period': '60' },
    });
    const served = verdictIn(await untilVerdict(replica, 'a', 'rate_limited'));
    expect(served).to.have.property('servedForMs');
    await systemClock.sleep(9_500, new AbortController().signal);
    const ended = verdictIn(await untilVerdict(replica, 'a', 'rate_limited'));
    expect(ended)
      .to.have.property('why')
      .that.matches(/no query before \d{4}-/);
    expect(ended).to.not.have.property('servedForMs');
  });

  it('says that the HPA controller has not looked yet', async () => {
    const replica = await scene.replica();
    await untilVerdict(replica, 'a', 'not_asked');
  });
});
