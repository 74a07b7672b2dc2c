import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { StatusReport } from '../../cmdapi/status/report.js';
import { tokens } from '../../simulator/stand-ins.js';
import { keysOf, metricsOf, StatusScene } from './status-scene.js';

const hasValue = (report: StatusReport): boolean => metricsOf(report).metrics.valid === 1;

describe('the status', function () {
  this.timeout(40_000);
  let scene: StatusScene;

  beforeEach(async () => {
    scene = new StatusScene();
    await scene.start();
  });

  afterEach(() => scene.stop());

  it('of a leader and of a follower tells what each does', async () => {
    scene.standIns.cluster.merge('apiservices', '', 'v1beta1.external.metrics.k8s.io', {
      status: {
        conditions: [{ type: 'Available', status: 'True', reason: 'Passed', message: 'all checks passed' }],
      },
    });
    const first = await scene.replica({ settings: { DD_LOG_LEVEL: 'debug', DD_HOSTNAME: 'host.example' } });
    await first.until('a value', hasValue);
    const second = await scene.replica();
    const following = await second.until(
      'the shared value and its leader',
      (report) => hasValue(report) && report.leader.who === 'other',
    );
    const leading = await first.until('all checks', (report) => {
      const { refresh, apiService } = metricsOf(report);
      return refresh !== null && apiService.readAt !== null && keysOf(report)[0]?.verdict === 'valid';
    });
    expect(leading.leader).to.include({ who: 'me', isElected: true, transitions: 0 });
    expect(leading.leader)
      .to.have.property('renewedAtMs')
      .above(Date.now() - 60_000);
    expect(leading.process).to.include({
      hostname: 'host.example',
      hostnameFrom: 'DD_HOSTNAME (environment)',
      logLevel: 'debug',
      settingsFile: null,
      pid: process.pid,
    });
    const metrics = metricsOf(leading);
    expect(metrics.metrics).to.include({ wanted: 1, valid: 1, pending: 0, invalid: 0, troubled: 0 });
    expect(metrics.refresh).to.include({ queries: 1, calls: 1, splits: 0 });
    expect(metrics.apiService).to.include({
      available: 'True',
      isOurs: true,
      service: 'datadog/datadog-custom-metrics-server',
    });
    expect(metrics.certificate?.remainingSeconds).to.be.above(86_400);
    expect(metrics.rateLimit?.remaining).to.be.a('number');
    expect(keysOf(leading).map(({ kind, shown, verdict }) => [kind, shown, verdict])).to.deep.equal([
      ['API key', '********bcdef', 'valid'],
      ['application key', '********34567', 'valid'],
    ]);
    expect(leading.store).to.nested.include({
      'configMaps[0].name': 'datadog-custom-metrics',
      lagSeconds: null,
    });
    expect(JSON.stringify(leading.reflectors)).to.contain('"autoscalers with external metrics","objects":1');
    expect(leading.events).to.deep.equal({ unavailable: 'not collected (DD_COLLECT_KUBERNETES_EVENTS)' });

    expect(following.leader).to.include({ who: 'other', name: 'dca-0' });
    expect(metricsOf(following).refresh).to.equal(null);
    const shown = await second.command(['status']);
    expect(shown.code).to.equal(0);
    expect(shown.stdout).to.contain('Leader Name is: dca-0\n');
    expect(shown.stdout).to.contain('The leader asks Datadog; this replica serves what the leader shares');
  });

  it('is shown by the command as text, as JSON, and into a file; and answered as text to those who ask for it', async () => {
    const asked = await scene.replica();
    await asked.until('a value', hasValue);
    const text = await asked.command(['status']);
    expect({ code: text.code, stderr: text.stderr }).to.deep.equal({ code: 0, stderr: '' });
    const title = 'Datadog Cluster Agent (v0.0.0-simulated)';
    expect(text.stdout.startsWith(`${'='.repeat(40)}\n${title}\n${'='.repeat(40)}\n`)).to.equal(true);
    expect(text.stdout).to.not.contain('\u001b');
    expect(Math.max(...text.stdout.split('\n').map(({ length }) => length))).to.be.at.most(100);
    const answered = await asked.text('/status?format=text');
    const titles = (body: string) => body.match(/^.*(?=\n[=-]+$)/gm);
    expect(titles(answered)).to.deep.equal(titles(text.stdout));
    const json = await asked.command(['status', '--json']);
    expect(json.stdout.trimEnd().split('\n')).to.have.length(1);
    expect((JSON.parse(json.stdout) as StatusReport).pod).to.equal('dca-0');
    const file = join(scene.standIns.folder, 'status.json');
    expect(await asked.command(['status', '-p', '-o', file])).to.deep.equal({
      code: 0,
      stdout: '',
      stderr: '',
    });
    expect(statSync(file).mode & 0o777).to.equal(0o600);
    expect(Object.keys(JSON.parse(readFileSync(file, 'utf8')) as object)).to.include.members([
      'health',
      'store',
    ]);
    const away = await asked.command(['status'], { DD_CLUSTER_AGENT_CMD_PORT: '1' });
    expect(away.code).to.equal(1);
    expect(away.stderr).to.match(
      /^Could not tell the status: https:\/\/127\.0\.0\.1:1: .*is the Cluster Agent running/,
    );
  });

  it('with Datadog down says that values are their last ones, and why', async () => {
    const asked = await scene.replica({
      settings: { DD_EXTERNAL_METRICS_PROVIDER_MAX_AGE: '30' },
      logLevel: 'warn',
      logTo: { write: () => {} },
    });
    await asked.until('a value', hasValue);
    scene.standIns.datadog.faults.always({ kind: 'status', status: 503 });
    const report = await asked.until('trouble', (now) => metricsOf(now).metrics.troubled === 1);
    expect(JSON.stringify(report.recentLog)).to.contain('Datadog could not be asked');
    expect(report.health.ready.Unhealthy).to.deep.equal([]);
    expect(await asked.text('/status?format=text')).to.contain('as Datadog could not be asked: 1');
    expect(await asked.scraped('/metrics')).to.contain('datadog_requests{status="other_http_error"}');
  });

  it('names keys that Datadog refuses, and keys that are missing', async () => {
    scene.standIns.datadog.acceptKeys({ apiKeys: [], applicationKeys: [] });
    const refused = await scene.replica({ settings: { DD_LEADER_ELECTION: 'false' } });
    const report = await refused.until('the check', (now) =>
      keysOf(now).every(({ verdict }) => verdict === 'invalid'),
    );
    expect(report.leader).to.include({ who: 'me', isElected: false });
    expect(await refused.text('/status?format=text')).to.match(
      /API key for queries ending with bcdef: API Key invalid\n.*checked: /,
    );
    const missing = await scene.replica({ settings: { DD_API_KEY: '', DD_APP_KEY: '' } });
    expect(keysOf(await missing.report()).map(({ shown }) => shown)).to.deep.equal([null, null]);
    expect(await missing.text('/status?format=text')).to.contain('API key for queries: not set');
  });

  it('never shows a secret, in any form, whatever is wrong', async () => {
    const secrets = {
      DD_API_KEY: 'planted-api-key-0123456789-abcde',
      DD_APP_KEY: 'planted-app-key-0123456789-abcde',
      DD_PROXY_HTTP: 'http://user:planted-proxy-pass@127.0.0.1:1',
    };
    const asked = await scene.replica({ settings: secrets, logLevel: 'debug', logTo: { write: () => {} } });
    await asked.until('trouble', (report) => JSON.stringify(report.recentLog).includes('could not be'));
    const told = [
      await asked.text('/status'),
      await asked.text('/status?format=text'),
      await asked.text('/status/health'),
      await asked.scraped('/metrics'),
      await asked.scraped('/debug/vars'),
      (await asked.command(['status'])).stdout,
      (await asked.command(['health'])).stdout,
    ];
    expect(JSON.parse(told[4] ?? '')).to.include({ version: '0.0.0-simulated', commit: 'simulated' });
    const planted = [
      ...Object.values(secrets),
      'planted',
      tokens.local,
      tokens.agents,
      scene.standIns.cluster.adminToken,
    ];
    for (const text of told) for (const secret of planted) expect(text).to.not.contain(secret);
  });

  it('without external metrics says so in their place', async () => {
    const asked = await scene.replica({ settings: { DD_EXTERNAL_METRICS_PROVIDER_ENABLED: 'false' } });
    const { externalMetrics, store, keys } = await asked.report();
    const unavailable = 'external metrics are turned off (DD_EXTERNAL_METRICS_PROVIDER_ENABLED)';
    expect([externalMetrics, store, keys]).to.deep.equal([{ unavailable }, { unavailable }, []]);
  });
});

describe('the commands health and telemetry', function () {
  this.timeout(40_000);
  const scene = new StatusScene();

  before(() => scene.start());
  after(() => scene.stop());

  it('tell what is well with exit code 0, and what is not with 1', async () => {
    const asked = await scene.replica();
    await asked.until('readiness', ({ health }) => health.ready.Unhealthy.length === 0);
    const well = await asked.command(['health']);
    expect({ code: well.code, stderr: well.stderr }).to.deep.equal({ code: 0, stderr: '' });
    expect(well.stdout).to.match(/^Agent health: PASS\n=== \d+ healthy components ===\n.*refresher, /);
    const { cluster } = scene.standIns;
    const token = cluster.issueToken({ name: 'cut-off', groups: ['system:masters'] });
    const unwell = await scene.replica({
      kubeconfig: cluster.kubeconfigFor(token),
      settings: {
        DD_EXTERNAL_METRICS_PROVIDER_MAX_AGE: '3',
        DD_EXTERNAL_METRICS_PROVIDER_LOCAL_COPY_REFRESH_RATE: '1',
      },
    });
    await unwell.until('readiness', ({ health }) => health.ready.Unhealthy.length === 0);
    cluster.revokeToken(token);
    cluster.breakWatches('close');
    await unwell.until('silence', ({ health }) => health.ready.Unhealthy.length > 0);
    const failed = await unwell.command(['health', '--json']);
    expect(failed.code).to.equal(1);
    expect((JSON.parse(failed.stdout) as { Unhealthy: string[] }).Unhealthy).to.include('replicator');
    expect((await unwell.command(['health'])).stdout).to.contain('Agent health: FAIL');
    const away = await asked.command(['health'], { DD_CLUSTER_AGENT_CMD_PORT: '1' });
    expect([away.code, away.stdout]).to.deep.equal([1, '']);
  });

  it('print the metrics as scrapers get them', async () => {
    const asked = await scene.replica();
    const { code, stdout } = await asked.command(['telemetry']);
    expect(code).to.equal(0);
    expect(stdout)
      .to.match(/^# HELP /)
      .and.contain('\nkube_api_requests_total{');
    const away = await asked.command(['telemetry'], { DD_EXPVAR_PORT: '1' });
    expect(away.code).to.equal(1);
    expect(away.stderr).to.contain('with this DD_EXPVAR_PORT?');
  });
});
