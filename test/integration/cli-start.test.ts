import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { runBundle, startBundle } from './cli-bundle.js';

const apiKey = '0123456789abcdef0123456789abcdef';
const appKey = 'canary-application-key-of-this-test';
const agentsToken = 'canaryTokenOfNodeAgents0123456789';

describe('starting the bundled program', () => {
  let folder = '';

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'cli-start-'));
    writeFileSync(join(folder, 'short'), 'short\n');
  });

  after(() => {
    rmSync(folder, { recursive: true });
  });

  /** A cluster and a Datadog where nobody listens, and ports that nobody else has. */
  function environment(): Record<string, string> {
    const kubeconfig = join(folder, 'kubeconfig');
    writeFileSync(
      kubeconfig,
      `apiVersion: v1
kind: Config
current-context: c
contexts: [{ name: c, context: { cluster: c, user: u } }]
clusters: [{ name: c, cluster: { server: "https://127.0.0.1:1", insecure-skip-tls-verify: true } }]
users: [{ name: u, user: { token: canary-cluster-token } }]
`,
    );
    return {
      DD_API_KEY: apiKey,
      DD_APP_KEY: appKey,
      DD_KUBERNETES_KUBECONFIG_PATH: kubeconfig,
      DD_EXTERNAL_METRICS_PROVIDER_ENABLED: 'true',
      DD_EXTERNAL_METRICS_PROVIDER_PORT: '0',
      DD_EXTERNAL_METRICS_PROVIDER_ENDPOINT: 'http://127.0.0.1:1',
      DD_URL: 'http://127.0.0.1:1',
      DD_HEALTH_PORT: '0',
      DD_EXPVAR_PORT: '0',
      DD_GUI_PORT: '-1',
      DD_CLUSTER_AGENT_CMD_PORT: '0',
      DD_CLUSTER_AGENT_AUTH_TOKEN: agentsToken,
      DD_AUTH_TOKEN_FILE_PATH: join(folder, 'auth_token'),
      DD_SHUTDOWN_DELAY: '0',
      DD_SHUTDOWN_DRAIN_TIMEOUT: '1',
      DD_LEADER_LEASE_DURATION: '15',
    };
  }

  it('refuses wrong settings, all at once, without showing a secret', async () => {
    const { code, stdout, stderr } = await runBundle(['start'], {
      ...environment(),
      DD_APP_KEY: `${appKey} twice`,
      DD_EXTERNAL_METRICS_MAX_AGE: '60',
      DD_EXTERNAL_METRICS_PROVIDER_MAX_AGE: '90',
      DD_LOG_LEVEL: 'loud',
    });
    expect(code).to.equal(1);
    expect(stdout).to.equal('');
    expect(
      stderr
        .trimEnd()
        .split('\n')
        .map((line) => line.split(' (')[0]),
    ).to.deep.equal([
      'error: DD_APP_KEY',
      'error: DD_EXTERNAL_METRICS_PROVIDER_MAX_AGE and DD_EXTERNAL_METRICS_MAX_AGE',
      'error: DD_LOG_LEVEL',
      'warning: DD_LEADER_LEASE_DURATION',
    ]);
    expect(stderr).to.not.include(appKey);
  });

  it('refuses to start without tokens, with what to do', async () => {
    const { code, stderr } = await runBundle(['start'], {
      ...environment(),
      DD_CLUSTER_AGENT_AUTH_TOKEN: '',
      DD_CLUSTER_AGENT_AUTH_TOKEN_FILE_PATH: join(folder, 'missing', 'cluster_agent.auth_token'),
      DD_AUTH_TOKEN_FILE_PATH: join(folder, 'short'),
    });
    expect(code).to.equal(1);
    expect(stderr.split('\n').slice(0, 2)).to.deep.equal([
      `error: DD_CLUSTER_AGENT_AUTH_TOKEN: not set, and the file ${join(folder, 'missing', 'cluster_agent.auth_token')} cannot be created: ENOENT; set it to 32 or more letters and digits, the same for all replicas and node agents`,
      `error: DD_AUTH_TOKEN_FILE_PATH: the file ${join(folder, 'short')} holds 5 characters, expected 32 to 1024 letters and digits; name a file in a folder that this process may write to`,
    ]);
  });

  it('waits for a cluster that is away, says so, and stops in order at SIGTERM', async () => {
    const running = startBundle(['start'], environment());
    await seen(() => running.stdout().includes('kube.unreachable'), running.ended);
    running.process.kill('SIGTERM');
    const { code, stdout, stderr } = await running.ended;
    expect(stderr).to.equal('');
    expect(code).to.equal(0);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(lines[0]).to.include({ level: 'info', msg: 'starting' });
    expect(lines[1]).to.include({ level: 'warn', setting: 'DD_LEADER_LEASE_DURATION' });
    expect(stdout).to.include('"signal":"SIGTERM"');
    const localToken = readFileSync(join(folder, 'auth_token'), 'utf8');
    expect(localToken).to.match(/^[0-9a-f]{64}$/);
    expect(statSync(join(folder, 'auth_token')).mode & 0o777).to.equal(0o600);
    for (const secret of [apiKey, appKey, 'canary-cluster-token', agentsToken, localToken])
      expect(stdout).to.not.include(secret);
  });

  it('ends at once at a second signal', async () => {
    const running = startBundle(['start'], { ...environment(), DD_SHUTDOWN_DRAIN_TIMEOUT: '20' });
    await seen(() => running.stdout().includes('kube.unreachable'), running.ended);
    // An idle connection holds an orderly stop up for a second, so that it cannot have ended between the two.
    const idle = connect(healthPortOf(running.stdout()), '127.0.0.1');
    idle.on('error', () => {});
    await once(idle, 'connect');
    // Stopped in between, so that it sees both signals in one turn; which comes second is the kernel's choice.
    running.process.kill('SIGSTOP');
    running.process.kill('SIGINT');
    running.process.kill('SIGTERM');
    running.process.kill('SIGCONT');
    expect((await running.ended).code).to.be.oneOf([130, 143]);
    idle.destroy();
  });
});

/** Waits until `condition` holds, or fails with what the program left when it ended first. */
async function seen(condition: () => boolean, ended: Promise<{ readonly stderr: string }>): Promise<void> {
  let outcome: { readonly stderr: string } | undefined;
  void ended.then((value) => {
    outcome = value;
  });
  while (!condition()) {
    if (outcome !== undefined) throw new Error(`the program ended too early: ${outcome.stderr}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function healthPortOf(log: string): number {
  return Number(/"listener":"health","port":(\d+)/.exec(log)?.[1]);
}
