import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { projectRoot } from '../project-root.js';
import { readZip } from '../zip-reader.js';
import type { Outcome } from './cli-bundle.js';
import { autoscaler } from './corridor-scene.js';
import { FlareIntake } from './flare-intake.js';
import { type AskedReplica, StatusScene } from './status-scene.js';

/** Each is planted where its name says; none may be in any flare. */
const planted = {
  environmentPassword: 'planted-proxy-password',
  environmentOther: 'planted-in-unlisted-variable',
  annotation: 'planted-in-annotation',
  annotationJson: 'planted-in-json-of-annotation',
  configMap: 'planted-in-configmap-entry',
  configMapPem: 'planted0in0pem',
  errorText: 'planted-in-error-text',
  apiKey: '0123456789abcdef0123456789a',
  appKey: '0123456789abcdef0123456789abcdef012',
  agentsToken: 'agents0123456789agents0123456789',
  localToken: 'local01234567890local01234567890',
} as const;

const { version } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as {
  readonly version: string;
};

describe('the command flare', function () {
  this.timeout(60_000);
  const scene = new StatusScene();
  const intake = new FlareIntake();
  let url = '';
  let asked: AskedReplica;
  let output = '';

  before(async () => {
    await scene.start();
    url = await intake.start();
    const hpa = autoscaler('secretive', 'm.a');
    scene.standIns.cluster.apply(autoscaler('lost', 'm.lost'));
    scene.standIns.cluster.apply({
      ...hpa,
      metadata: {
        ...hpa.metadata,
        annotations: {
          'example.com/api-token': planted.annotation,
          'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({
            metadata: { annotations: { db_password: planted.annotationJson } },
          }),
        },
      },
    });
    asked = await scene.replica({
      logLevel: 'warn',
      logTo: { write: () => {} },
      settings: { DD_EXTERNAL_METRICS_PROVIDER_ENABLED: 'true' },
    });
    await asked.until('metrics', ({ store }) => !('unavailable' in store));
  });

  beforeEach(() => {
    output = join(scene.standIns.folder, `flare-${Math.random()}.zip`);
    intake.uploads.length = 0;
    intake.redirect = undefined;
    intake.answer = { status: 200, body: '{"case_id":4711,"error":""}' };
  });

  after(async () => {
    await intake.stop();
    await scene.stop();
  });

  function flare(
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<Outcome> {
    return asked.command(['flare', '--output', output, ...args], {
      DD_API_KEY: '0123456789abcdef0123456789abcdef',
      DD_APP_KEY: '0123456789abcdef0123456789abcdef01234567',
      DD_URL: url,
      DD_HOSTNAME: 'host-1',
      DD_EXTERNAL_METRICS_PROVIDER_ENABLED: 'true',
      DD_EXTERNAL_METRICS_PROVIDER_ENDPOINT: url,
      DD_KUBE_RESOURCES_NAMESPACE: 'datadog',
      DD_KUBERNETES_KUBECONFIG_PATH: join(scene.standIns.folder, 'dca-0.kubeconfig'),
      DD_PROXY_NO_PROXY: '127.0.0.1',
      DD_PROXY_HTTPS: `http://proxyuser:${planted.environmentPassword}@127.0.0.1:1`,
      SOME_PASSWORD: planted.environmentOther,
      ...environment,
    });
  }

  function files(): ReadonlyMap<string, string> {
    return readZip(readFileSync(output));
  }

  it('holds what the replica, the cluster and the command itself tell, in one folder, for its owner alone', async () => {
    const { code, stdout } = await flare(['--local']);
    expect({ code, stdout }).to.deep.equal({ code: 0, stdout: `${output}\n` });
    expect(statSync(output).mode & 0o777).to.equal(0o600);
    const all = files();
    expect([...all.keys()].every((path) => path.startsWith('host-1/'))).to.equal(true);
    const told = (path: string): string => all.get(`host-1/${path}`) ?? '';
    expect(told('flare.txt')).to.contain('the running replica has told its part');
    expect(told('status.log')).to.contain('External Metrics');
    expect(JSON.parse(told('status.json'))).to.have.property('leader');
    expect(JSON.parse(told('health.json'))).to.have.property('Healthy');
    expect(JSON.parse(told('process.json'))).to.have.keys('settings', 'environment', 'process');
    expect(told('telemetry.log')).to.contain('# HELP datadog_requests');
    expect(told('config.log')).to.match(/api_key +\*+bcdef/);
    expect(told('envvars.log')).to.contain('DD_HOSTNAME=host-1').and.contain('DD_API_KEY=********');
    expect(told('check.log')).to.contain('Rights (RBAC)');
    expect(told('cluster-agent-metadatamapper.log')).to.contain('Metadata Mapper');
    expect(told('kubernetes/horizontalpodautoscalers.yaml')).to.contain('secretive');
    expect(told('kubernetes/configmap-datadog-custom-metrics.yaml')).to.contain('kind: ConfigMap');
    expect(told('kubernetes/lease-datadog-leader-election.yaml')).to.contain('holderIdentity');
    expect(told('explain.log')).to.match(/^HPA [^\n]+\n=+\n[\s\S]*\nVERDICT {7}no_series: /);
    expect(told('explain.log')).to.match(/^HPA shop\/lost/);
    expect(JSON.parse(told('explain.json'))).to.have.length(1);
  });

  it('holds no secret that was planted in settings, environment, annotations, ConfigMaps, error texts and logs', async () => {
    scene.standIns.cluster.apply({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: 'datadog', name: 'datadogtoken' },
      data: {
        'event.tokenKey': '1',
        'x.yaml': `user: a\npassword: ${planted.configMap}\n`,
        pem: `-----BEGIN PRIVATE KEY-----\n${planted.configMapPem}\n-----END PRIVATE KEY-----\n`,
      },
    });
    scene.standIns.datadog.faults.always({
      kind: 'status',
      status: 403,
      body: JSON.stringify({
        errors: [`refused api_key=${planted.errorText} for Bearer ${planted.errorText}`],
      }),
    });
    await asked.until('the error in the log', ({ recentLog }) =>
      JSON.stringify(recentLog).includes('refused'),
    );
    const { code } = await flare(['--local'], { DD_COLLECT_KUBERNETES_EVENTS: 'true' });
    expect(code).to.equal(0);
    const all = files();
    expect(all.get('host-1/kubernetes/configmap-datadogtoken.yaml'))
      .to.contain('event.tokenKey')
      .and.contain('user: a');
    expect(all.get('host-1/logs/recent.log')).to.contain('refused');
    for (const [path, content] of all)
      for (const [place, secret] of Object.entries(planted))
        expect(content.includes(secret), `${place} in ${path}`).to.equal(false);
  });

  it('tells why a part is missing, and is made all the same', async () => {
    scene.standIns.cluster.setCallerPolicy(
      (_user, access) => access.kind !== 'resource' || access.resource !== 'configmaps',
    );
    const { code } = await flare(['--local'], { DD_EXPVAR_PORT: '1' });
    scene.standIns.cluster.setCallerPolicy(() => true);
    expect(code).to.equal(0);
    const all = files();
    expect(all.get('host-1/telemetry.log')).to.match(
      /^This part could not be had: http:\/\/127\.0\.0\.1:1: .*ECONNREFUSED/,
    );
    expect(all.get('host-1/kubernetes/configmap-datadog-custom-metrics.yaml')).to.match(
      /^This part could not be had: GET .*configmaps\/datadog-custom-metrics: HTTP 403/,
    );
    expect(all.get('host-1/status.log')).to.contain('External Metrics');
  });

  it('is made of what the command itself can have when no replica answers, and says so', async () => {
    const { code, stderr } = await flare(['--local'], { DD_CLUSTER_AGENT_CMD_PORT: '1' });
    expect(code).to.equal(0);
    expect(stderr).to.contain('No replica answered');
    const all = files();
    expect(all.get('host-1/local')).to.match(/^No replica answered: .*ECONNREFUSED/);
    expect(all.get('host-1/kubernetes/horizontalpodautoscalers.yaml')).to.contain('secretive');
    expect(all.has('host-1/status.log')).to.equal(false);
  });

  it('is sent as Datadog takes it: each field, the key in the header alone, after the redirect was asked for', async () => {
    intake.redirect = '/support/flare/moved/123';
    const { code, stderr } = await flare(['123', '--send', '--email', 'me@example.com']);
    expect(code, stderr).to.equal(0);
    expect(stderr).to.contain('successfully uploaded. For future reference, your internal case id is 4711');
    const [upload] = intake.uploads;
    const { file, ...rest } = upload ?? { file: Buffer.alloc(0) };
    expect(rest).to.deep.equal({
      url: '/support/flare/moved/123',
      key: '0123456789abcdef0123456789abcdef',
      fields: { case_id: '123', email: 'me@example.com', agent_version: version, hostname: 'host-1' },
      fileName: 'datadog-agent.zip',
    });
    expect(file.equals(readFileSync(output))).to.equal(true);
    expect(intake.strayKeys).to.deep.equal([]);
    expect(intake.requests.join('\n')).to.not.contain('0123456789abcdef');
  });

  it('stays on disk when it is refused, and when nobody says yes', async () => {
    for (const [answer, message] of [
      [
        { status: 403, body: '{"error":"invalid key"}' },
        /refused the API key \(403: invalid key\): check DD_API_KEY and DD_SITE/,
      ],
      [{ status: 200, body: '{"case_id":1,"error":"no such case"}' }, /did not take it: no such case/],
      [{ status: 500, body: '<html>' }, /answered 500;/],
      [{ status: 200, body: '<html>' }, /cannot be read; contact Datadog's support by email/],
    ] as const) {
      intake.answer = answer;
      rmSync(output, { force: true });
      const { code, stderr } = await flare(['--send', '-e', 'me@example.com']);
      expect(code).to.equal(1);
      expect(stderr).to.match(message).and.contain(`the file stays at ${output}`);
      expect(existsSync(output)).to.equal(true);
    }
    intake.uploads.length = 0;
    rmSync(output, { force: true });
    const { code, stderr } = await flare(['-e', 'me@example.com']);
    expect({ code, sent: intake.uploads.length }).to.deep.equal({ code: 0, sent: 0 });
    expect(stderr).to.contain('Not sent. The file stays at');
  });

  it('never follows a redirect to another domain with the key', async () => {
    intake.redirect = 'http://example.org/flare';
    const { code, stderr } = await flare(['--send', '-e', 'me@example.com']);
    expect(code).to.equal(1);
    expect(stderr).to.contain('is led on to http://example.org, which is not of the same domain: not sent');
    expect(intake.uploads).to.deep.equal([]);
  });
});
