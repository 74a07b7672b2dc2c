import { expect } from 'chai';
import { ok } from '../../../core/result.js';
import { settle } from '../../fake-clock.js';
import { faultOf, scene, startMs, well } from './scene.js';

describe('ControlPlaneChecks', () => {
  const stops: AbortController[] = [];
  const started = async (options: Parameters<typeof scene>[0] = {}) => {
    const app = scene(options);
    stops.push(app.stop);
    void app.start();
    await settle();
    return app;
  };
  afterEach(() => {
    for (const stop of stops.splice(0)) stop.abort();
  });

  it('sends one check for each component at the start, and again every 15 s', async () => {
    const { world, tick } = await started();
    expect(world.sent[0]).to.deep.equal([
      {
        name: 'kube_apiserver_controlplane.up',
        status: 'ok',
        message: 'answers',
        tags: ['component:apiserver', 'env:prod'],
        host: 'dca-0',
        observedAtMs: startMs,
      },
      ...['scheduler', 'etcd-0'].map((name) => ({
        name: 'kube_apiserver_controlplane.up',
        status: 'ok',
        message: 'ok',
        tags: [`component:${name}`, 'env:prod'],
        host: 'dca-0',
        observedAtMs: startMs,
      })),
    ]);
    for (let count = 2; count <= 4; count += 1) {
      await tick();
      expect(world.sent).to.have.length(count);
    }
    expect(world.reads.every((read) => read === 'componentstatuses')).to.equal(true);
  });

  it('keeps to 15 s from start to start when a look takes time, and pauses for a second after a longer one', async () => {
    const { world, clock, stop } = await started();
    let tookMs = 10_000;
    const startsMs: number[] = [];
    world.whileReading = () => {
      startsMs.push(clock.monotonicMs());
      return clock.sleep(tookMs, stop.signal);
    };
    await clock.advance(29_000);
    tookMs = 20_000;
    await clock.advance(60_000);
    expect(startsMs).to.deep.equal([15_000, 30_000, 51_000, 72_000]);
  });

  it('reads and sends nothing without the lead, and says so as well', async () => {
    const { world, checks, clock } = scene();
    const stop = new AbortController();
    stops.push(stop);
    world.isLeader = false;
    void checks.run(stop.signal);
    await clock.advance(60_000);
    expect([world.reads, world.sent, checks.health()]).to.deep.equal([[], [], { state: 'ready' }]);
    expect(checks.describe()).to.deep.equal({
      source: null,
      lastReadAt: null,
      components: [],
      lastSubmission: null,
      denial: null,
    });
    world.isLeader = true;
    await clock.advance(15_000);
    expect(world.sent).to.have.length(1);
  });

  it('sends nothing when the lead is lost between the look and the submission', async () => {
    const { world, tick, checks } = await started();
    world.whileReading = () => {
      world.isLeader = false;
    };
    await tick();
    expect([world.reads.length, world.sent.length]).to.deep.equal([2, 1]);
    expect(checks.describe().components).to.deep.equal([]);
  });

  it('knows nothing of what it saw when it led before', async () => {
    const { world, tick, last } = await started();
    world.isLeader = false;
    await tick();
    world.isLeader = true;
    world.components = ok([well('scheduler')]);
    await tick();
    expect(last()).to.deep.equal(['apiserver ok: answers', 'scheduler ok: ok']);
  });

  it('reports a component that is listed no longer as unknown, until it is back', async () => {
    const { world, tick, last } = await started();
    world.components = ok([well('scheduler')]);
    const gone = 'etcd-0 unknown: since 2026-01-01T00:00:15.000Z no longer listed';
    for (let count = 0; count < 3; count += 1) {
      await tick();
      expect(last()).to.deep.equal(['apiserver ok: answers', 'scheduler ok: ok', gone]);
    }
    world.components = ok([well('scheduler'), well('etcd-0')]);
    await tick();
    expect(last()?.[2]).to.equal('etcd-0 ok: ok');
  });

  for (const usesComponentStatus of [true, false]) {
    const how = usesComponentStatus ? 'the list' : '/readyz';
    it(`calls an API server critical that does not answer, and the rest unknown, with ${how}`, async () => {
      const { world, tick, last, checks } = await started({ usesComponentStatus });
      const before = last();
      world.components = faultOf('kube.unreachable', 'GET /api/v1/componentstatuses: refused');
      world.readiness = faultOf('kube.unreachable', 'GET /readyz: refused');
      await tick();
      const rest = usesComponentStatus ? ['scheduler', 'etcd-0'] : ['etcd'];
      expect(last()).to.deep.equal([
        'apiserver critical: does not answer: GET /readyz: refused',
        ...rest.map(
          (name) => `${name} unknown: since 2026-01-01T00:00:15.000Z not known: GET /readyz: refused`,
        ),
      ]);
      expect(checks.health()).to.deep.equal({ state: 'ready' });
      world.components = ok([well('scheduler'), well('etcd-0')]);
      world.readiness = ok({ isReady: true, checks: [{ name: 'etcd', passed: true }] });
      await tick();
      expect(last()).to.deep.equal(before);
    });
  }

  it('asks /readyz before it calls an API server dead whose list only takes too long', async () => {
    const { world, tick, last, log } = await started();
    world.components = faultOf('kube.unreachable', 'no answer within 8000 ms');
    await tick();
    await tick();
    const since = 'since 2026-01-01T00:00:15.000Z not known: no answer within 8000 ms';
    expect(last()).to.deep.equal([
      'apiserver ok: ready',
      `scheduler unknown: ${since}`,
      `etcd-0 unknown: ${since}`,
    ]);
    world.components = ok([well('scheduler'), well('etcd-0')]);
    await tick();
    expect(last()?.[1]).to.equal('scheduler ok: ok');
    expect(log.lines).to.deep.equal([
      'warn the components of the control plane cannot be listed; asking /readyz whether the API server works',
      'info the components of the control plane can be listed again',
    ]);
  });

  it('waits longer for a list that is only slow, and as long as it is', async () => {
    const { world, clock, stop } = await started();
    const slow = (tookMs: number) => () => clock.sleep(tookMs, stop.signal);
    const list = world.components;
    world.components = faultOf('kube.unreachable', 'no answer within 5000 ms');
    world.whileReading = slow(5_000);
    await clock.advance(29_000);
    world.components = list;
    world.whileReading = slow(20_000);
    await clock.advance(60_000);
    world.whileReading = slow(100);
    await clock.advance(60_000);
    const early = world.patience.slice(0, 5);
    expect(early).to.deep.equal(['short', 'short', 'long', 'long', 'long']);
    expect(world.patience.slice(-3)).to.deep.equal(['short', 'short', 'short']);
  });

  for (const [title, readiness] of [
    ['does not answer', faultOf('kube.unreachable')],
    ['is not ready', ok({ isReady: false, checks: [{ name: 'etcd', passed: false }] })],
  ] as const) {
    it(`does not wait longer for the list of an API server that ${title}`, async () => {
      const { world, tick } = await started();
      world.components = faultOf('kube.unreachable');
      await tick();
      await tick();
      world.readiness = readiness;
      await tick();
      await tick();
      expect(world.patience).to.deep.equal(['short', 'short', 'long', 'long', 'short']);
    });
  }

  it('does not wait longer for a list that is denied', async () => {
    const { world, tick } = await started();
    world.components = faultOf('kube.denied');
    await tick();
    await tick();
    expect(world.patience).to.deep.equal(['short', 'short', 'short']);
  });

  it('reads /readyz where the cluster has no list, says so once, and is ready', async () => {
    const app = scene();
    stops.push(app.stop);
    app.world.components = faultOf('kube.not_found');
    void app.start();
    await app.clock.advance(45_000);
    expect(app.last()).to.deep.equal(['apiserver ok: ready', 'etcd ok: reached by the API server']);
    expect(app.log.lines).to.deep.equal([
      'info the cluster has no componentstatuses; the control plane is read from /readyz',
    ]);
    expect(app.checks.health()).to.deep.equal({ state: 'ready' });
    expect(app.checks.describe()).to.include({ source: 'readyz', denial: null });
  });

  it('reads /readyz where the list is denied, says so once, and shows the rule until it is granted', async () => {
    const { world, tick, last, log, checks } = await started();
    const rule = 'GET …: HTTP 403; grant it by RBAC: a ClusterRole with …';
    world.components = faultOf('kube.denied', rule);
    await tick();
    await tick();
    expect(last()).to.deep.equal([
      'apiserver ok: ready',
      'etcd ok: reached by the API server',
      'scheduler unknown: since 2026-01-01T00:00:15.000Z no longer listed, as only /readyz can be read',
      'etcd-0 unknown: since 2026-01-01T00:00:15.000Z no longer listed, as only /readyz can be read',
    ]);
    expect(log.lines).to.deep.equal([
      'warn componentstatuses may not be listed; the control plane is read from /readyz, which tells of less',
    ]);
    expect(log.fields).to.deep.equal([{ code: 'kube.denied', reason: rule }]);
    expect(checks.health()).to.deep.equal({ state: 'degraded', detail: rule });
    expect(checks.describe().denial).to.equal(rule);
    world.components = ok([well('scheduler'), well('etcd-0')]);
    await tick();
    expect(checks.health()).to.deep.equal({ state: 'ready' });
    expect(last()?.slice(0, 3)).to.deep.equal(['apiserver ok: answers', 'scheduler ok: ok', 'etcd-0 ok: ok']);
  });

  it('names both rules where all is denied', async () => {
    const { world, tick, last, checks } = await started();
    world.components = faultOf('kube.denied', 'rule 1');
    world.readiness = faultOf('kube.denied', 'rule 2');
    await tick();
    expect(last()?.[0]).to.equal('apiserver unknown: does not say how it is: rule 2');
    expect(checks.health()).to.deep.equal({ state: 'degraded', detail: 'rule 1; and rule 2' });
  });

  it('never asks for the list where that was chosen', async () => {
    const { world, tick } = await started({ usesComponentStatus: false });
    await tick();
    expect(world.reads).to.deep.equal(['readyz', 'readyz']);
  });

  it('sends what is true then after an outage of Datadog, and speaks of it twice', async () => {
    const { world, tick, last, log, checks, registry } = await started();
    world.datadog = faultOf('datadog.unreachable', 'api.datadoghq.com answered 503');
    world.components = ok([{ name: 'scheduler', health: 'unhealthy', message: 'refused' }, well('etcd-0')]);
    await tick();
    await tick();
    expect(checks.health()).to.deep.equal({
      state: 'degraded',
      detail: 'service checks are not accepted: api.datadoghq.com answered 503',
    });
    expect(checks.describe().lastSubmission).to.deep.equal({
      at: '2026-01-01T00:00:30.000Z',
      trouble: 'api.datadoghq.com answered 503',
    });
    world.datadog = ok(undefined);
    world.components = ok([well('scheduler'), well('etcd-0')]);
    await tick();
    expect(world.sent).to.have.length(4);
    expect(last()).to.deep.equal(['apiserver ok: answers', 'scheduler ok: ok', 'etcd-0 ok: ok']);
    expect(checks.health()).to.deep.equal({ state: 'ready' });
    expect(log.lines).to.deep.equal([
      'warn service checks of the control plane are not accepted; the next look is sent, and this one is not kept',
      'info Datadog accepts service checks again',
    ]);
    const outcomes = await registry.getSingleMetric('control_plane_submissions_total')?.get();
    expect(outcomes?.values.map(({ labels, value }) => [labels['outcome'], value])).to.deep.equal([
      ['accepted', 2],
      ['datadog.unreachable', 2],
    ]);
  });

  it('has no trouble any more once another leads', async () => {
    const { world, tick, checks } = await started();
    world.datadog = faultOf('datadog.denied', 'no key');
    await tick();
    expect(checks.health().state).to.equal('degraded');
    world.isLeader = false;
    await tick();
    expect([checks.health(), checks.describe().lastSubmission]).to.deep.equal([{ state: 'ready' }, null]);
  });

  it('counts what was accepted, under names that Kubernetes gives and one more', async () => {
    const { world, tick, registry } = await started();
    world.components = ok([well('etcd-0'), well('etcd-17'), well('own-thing'), well('another')]);
    await tick();
    const counted = await registry.getSingleMetric('control_plane_checks_total')?.get();
    expect(
      counted?.values.map(({ labels, value }) => `${labels['component']} ${labels['status']} ${value}`),
    ).to.deep.equal(['apiserver ok 2', 'scheduler ok 1', 'etcd ok 3', 'other ok 2', 'scheduler unknown 1']);
  });

  it('describes what it knows', async () => {
    const { world, tick, checks } = await started();
    world.components = ok([{ name: 'scheduler', health: 'unhealthy', message: 'refused' }]);
    await tick();
    expect(checks.describe()).to.deep.equal({
      source: 'componentstatuses',
      lastReadAt: '2026-01-01T00:00:15.000Z',
      components: [
        { name: 'apiserver', status: 'ok', message: 'answers', since: '2026-01-01T00:00:00.000Z' },
        { name: 'scheduler', status: 'critical', message: 'refused', since: '2026-01-01T00:00:15.000Z' },
        {
          name: 'etcd-0',
          status: 'unknown',
          message: 'since 2026-01-01T00:00:15.000Z no longer listed',
          since: '2026-01-01T00:00:15.000Z',
        },
      ],
      lastSubmission: { at: '2026-01-01T00:00:15.000Z', trouble: null },
      denial: null,
    });
  });

  it('ends at once when it is stopped, in the middle of a look too, and sends nothing then', async () => {
    const app = scene();
    app.world.whileReading = () => app.stop.abort();
    app.world.components = faultOf('kube.unreachable', 'given up by us');
    await app.start();
    expect([app.world.sent, app.clock.sleeping, app.log.lines]).to.deep.equal([[], 0, []]);
  });
});
