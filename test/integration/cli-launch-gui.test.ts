import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { StandIns } from '../../simulator/stand-ins.js';
import { runBundle, startBundle } from './cli-bundle.js';
import { until } from './corridor-scene.js';

describe('datadog-cluster-agent launch-gui', () => {
  const standIns = new StandIns();
  let folder = '';
  let environment: Readonly<Record<string, string>> = {};

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'launch-gui-'));
    await standIns.start();
    const kubeconfig = join(folder, 'kubeconfig');
    writeFileSync(kubeconfig, standIns.cluster.kubeconfig(), { mode: 0o600 });
    environment = {
      DD_API_KEY: 'a'.repeat(32),
      DD_APP_KEY: 'b'.repeat(40),
      DD_POD_NAME: 'dca-0',
      DD_KUBERNETES_KUBECONFIG_PATH: kubeconfig,
      DD_KUBE_RESOURCES_NAMESPACE: 'datadog',
      DD_EXTERNAL_METRICS_PROVIDER_ENABLED: 'true',
      DD_EXTERNAL_METRICS_PROVIDER_ENDPOINT: 'http://127.0.0.1:1',
      DD_URL: 'http://127.0.0.1:1',
      DD_EXTERNAL_METRICS_PROVIDER_PORT: '0',
      DD_HEALTH_PORT: '0',
      DD_EXPVAR_PORT: '0',
      DD_CLUSTER_AGENT_CMD_PORT: '0',
      DD_CLUSTER_AGENT_AUTH_TOKEN: 'c'.repeat(32),
      DD_AUTH_TOKEN_FILE_PATH: join(folder, 'auth_token'),
      DD_SHUTDOWN_DELAY: '0',
      DD_GUI_PORT: String(await freePort()),
    };
  });

  after(async () => {
    await standIns.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('says what is wrong where there is no token, no page, or no such port', async () => {
    const early = await runBundle(['launch-gui'], environment);
    expect(early.code).to.equal(1);
    expect(early.stderr).to.contain('Could not open the page: the token file').and.contain('ENOENT');
    const off = await runBundle(['launch-gui'], { ...environment, DD_GUI_PORT: '-1' });
    expect(off.stderr).to.contain('the page is turned off');
    const odd = await runBundle(['launch-gui', '--port', 'x'], environment);
    expect(odd.stderr).to.contain('expected a port');
  });

  it('prints an address that opens the page of the shipped program', async () => {
    const running = startBundle(['start'], environment);
    try {
      const port = environment['DD_GUI_PORT'];
      await until('the page', () => /"listener":"page","port":\d+,"msg":"listening"/.test(running.stdout()));
      const printed = await runBundle(['launch-gui', '--port', '7000'], environment);
      expect(printed.code).to.equal(0);
      const [address = ''] = printed.stdout.split('\n');
      const { origin, hash } = new URL(address);
      expect(origin).to.equal('https://127.0.0.1:7000');
      expect(printed.stdout).to.contain(`kubectl port-forward pod/POD 7000:${port}`);
      const entered = await ask(`https://127.0.0.1:${port}/session`, hash.replace('#code=', ''));
      expect(entered?.status).to.equal(200);
      const cookie = entered?.cookie ?? '';
      const page = await ask(`https://127.0.0.1:${port}/`, undefined, { cookie });
      expect(page).to.include({ status: 200 });
      const script = await ask(`https://127.0.0.1:${port}/page.js`);
      expect(script?.body.length).to.be.above(30_000);
    } finally {
      running.process.kill('SIGTERM');
      await running.ended;
    }
  });
});

interface Answer {
  readonly status: number;
  readonly cookie: string;
  readonly body: string;
}

/** `undefined` while nothing listens. */
function ask(url: string, body?: string, headers: Record<string, string> = {}): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const method = body === undefined ? 'GET' : 'POST';
    const asked = request(url, { method, headers, rejectUnauthorized: false, agent: false }, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      answer.on('end', () => {
        const cookie = answer.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
        resolve({ status: answer.statusCode ?? 0, cookie, body: text });
      });
    });
    asked.on('error', () => resolve(undefined));
    asked.end(body);
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
