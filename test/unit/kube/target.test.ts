import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadKubeTarget } from '../../../kube/target.js';

let folder: string;
const environment = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' };

const write = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

interface Config {
  readonly cluster?: object;
  readonly user?: object;
  readonly context?: object;
}

const kubeconfig = ({ cluster = {}, user = {}, context = {} }: Config = {}): string =>
  write(
    'config',
    JSON.stringify({
      'current-context': 'ctx',
      clusters: [{ name: 'c', cluster: { server: 'https://api.test:6443/', ...cluster } }],
      users: [{ name: 'u', user }],
      contexts: [{ name: 'ctx', context: { cluster: 'c', user: 'u', ...context } }],
    }),
  );

const errorOf = (choice: Parameters<typeof loadKubeTarget>[0]): string => {
  const target = loadKubeTarget(choice);
  return target.ok ? `no error, but ${target.value.server}` : target.error;
};

const loaded = (choice: Parameters<typeof loadKubeTarget>[0]) => {
  const target = loadKubeTarget(choice);
  if (!target.ok) throw new Error(target.error);
  return target.value;
};

describe('loadKubeTarget', () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kube-target-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('finds the service account of the pod', async () => {
    write('token', 'token-1\n');
    write('ca.crt', 'CA');
    write('namespace', 'monitoring\n');
    const target = loaded({ environment, serviceAccountFolder: folder });
    expect(target).to.include({
      server: 'https://10.0.0.1:443',
      namespace: 'monitoring',
      proxyUrl: undefined,
    });
    expect(await target.credentials(false)).to.deep.equal({
      headers: { authorization: 'Bearer token-1' },
      tls: { ca: 'CA', rejectUnauthorized: true },
    });
    write('token', 'token-2');
    expect((await target.credentials(false)).headers).to.deep.equal({ authorization: 'Bearer token-2' });
  });

  it('puts an IPv6 address in brackets', () => {
    write('token', 't');
    const target = loaded({
      environment: { ...environment, KUBERNETES_SERVICE_HOST: 'fd00::1' },
      serviceAccountFolder: folder,
    });
    expect(target.server).to.equal('https://[fd00::1]:443');
  });

  it('says what is missing when there is no cluster to talk to', () => {
    expect(errorOf({ environment: {} })).to.match(
      /^No cluster to talk to: KUBERNETES_SERVICE_HOST and _PORT are not set.*kubeconfig\.$/,
    );
    expect(errorOf({ environment, serviceAccountFolder: folder })).to.contain(
      `no service account token at ${join(folder, 'token')}`,
    );
  });

  it('refuses an empty token, and tells of files that cannot be read, by name', async () => {
    write('token', ' \n');
    write('ca.crt', 'CA');
    const target = loaded({ environment, serviceAccountFolder: folder });
    const failure = (): Promise<string> =>
      target.credentials(false).then(
        () => 'none',
        (error: Error) => error.message,
      );
    expect(await failure()).to.equal('the token file is empty');
    rmSync(join(folder, 'ca.crt'));
    expect(await failure()).to.equal(`cannot read ${join(folder, 'ca.crt')}: ENOENT`);
  });

  it('prefers a kubeconfig, and takes all that it says', async () => {
    write('ca.pem', 'CA-FILE');
    const path = kubeconfig({
      cluster: {
        'certificate-authority': 'ca.pem',
        'tls-server-name': 'kubernetes',
        'proxy-url': 'http://proxy:3128',
      },
      user: {
        token: 'abc',
        as: 'jane',
        'client-certificate-data': btoa('CERT'),
        'client-key-data': btoa('KEY'),
      },
      context: { namespace: 'shop' },
    });
    const target = loaded({ kubeconfigPath: path, environment });
    expect(target).to.include({
      server: 'https://api.test:6443',
      namespace: 'shop',
      proxyUrl: 'http://proxy:3128',
    });
    expect(await target.credentials(false)).to.deep.equal({
      headers: { authorization: 'Bearer abc', 'impersonate-user': 'jane' },
      tls: { ca: 'CA-FILE', cert: 'CERT', key: 'KEY', servername: 'kubernetes', rejectUnauthorized: true },
    });
  });

  it('reads a tokenFile anew each time, beside the kubeconfig', async () => {
    write('tok', 'one');
    const target = loaded({ kubeconfigPath: kubeconfig({ user: { tokenFile: 'tok' } }), environment });
    expect((await target.credentials(false)).headers).to.deep.equal({ authorization: 'Bearer one' });
    write('tok', 'two');
    expect((await target.credentials(false)).headers).to.deep.equal({ authorization: 'Bearer two' });
  });

  it('sends a name and password, and nothing at all for nobody', async () => {
    const named = loaded({
      kubeconfigPath: kubeconfig({ user: { username: 'jane', password: 'pw' } }),
      environment,
    });
    expect((await named.credentials(false)).headers).to.deep.equal({
      authorization: `Basic ${btoa('jane:pw')}`,
    });
    const nobody = loaded({
      kubeconfigPath: kubeconfig({
        context: { user: undefined },
        cluster: { 'certificate-authority-data': btoa('CA') },
      }),
      environment,
    });
    expect(await nobody.credentials(false)).to.deep.equal({
      headers: {},
      tls: { ca: 'CA', rejectUnauthorized: true },
    });
  });

  it('asks a plugin once, and again when told so', async () => {
    const script = write(
      'plugin.cjs',
      `const fs = require('node:fs');
       const n = fs.existsSync('${join(folder, 'count')}') ? Number(fs.readFileSync('${join(folder, 'count')}', 'utf8')) + 1 : 1;
       fs.writeFileSync('${join(folder, 'count')}', String(n));
       console.log(JSON.stringify({ status: { token: 'plugin-' + n } }));`,
    );
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: process.execPath, args: [script] };
    const target = loaded({ kubeconfigPath: kubeconfig({ user: { exec } }), environment });
    const token = async (afresh: boolean) => (await target.credentials(afresh)).headers['authorization'];
    expect([await token(false), await token(false), await token(true)]).to.deep.equal([
      'Bearer plugin-1',
      'Bearer plugin-1',
      'Bearer plugin-2',
    ]);
  });

  it('does not repeat what a failing plugin wrote', async () => {
    const exec = { command: process.execPath, args: ['-e', 'console.error("secret-abc"); process.exit(3)'] };
    const target = loaded({ kubeconfigPath: kubeconfig({ user: { exec } }), environment });
    const message = await target.credentials(false).then(
      () => 'none',
      (error: Error) => error.message,
    );
    expect(message).to.equal(`the credential plugin ${process.execPath} failed; run it by hand to see why`);
  });

  it('refuses clear http unless that is meant', async () => {
    const cluster = { server: 'http://127.0.0.1:8001' };
    expect(errorOf({ kubeconfigPath: kubeconfig({ cluster }), environment }))
      .to.contain('is http; expected https')
      .and.contain('insecure-skip-tls-verify');
    const meant = loaded({
      kubeconfigPath: kubeconfig({ cluster: { ...cluster, 'insecure-skip-tls-verify': true } }),
      environment,
    });
    expect(meant.server).to.equal('http://127.0.0.1:8001');
    expect((await meant.credentials(false)).tls.rejectUnauthorized).to.equal(false);
  });

  it('says what is wrong with a kubeconfig, and quotes none of it', () => {
    const bad = (text: string): string => errorOf({ kubeconfigPath: write('bad', text), environment });
    expect(errorOf({ kubeconfigPath: join(folder, 'none'), environment })).to.equal(
      `Cannot read the kubeconfig ${join(folder, 'none')}: ENOENT.`,
    );
    const broken = bad('users:\n - token: "secret-abc\n');
    expect(broken)
      .to.match(/is not YAML: [A-Z_]+ at character \d+\.$/)
      .and.not.contain('secret');
    expect(bad('just a text secret-abc')).to.contain('names no current-context').and.not.contain('secret');
    expect(bad('')).to.contain('cannot be used');
    expect(bad('clusters: [{}]')).to.contain('clusters[0].name is missing');
    const without = {
      clusters: [],
      users: [],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    };
    expect(bad(JSON.stringify(without))).to.contain('holds no cluster "c"');
    const noUser = { ...without, clusters: [{ name: 'c', cluster: { server: 'https://a' } }] };
    expect(bad(JSON.stringify(noUser))).to.contain('holds no user "u"');
    expect(
      errorOf({ kubeconfigPath: kubeconfig({ cluster: { server: 'api.test' } }), environment }),
    ).to.contain('is no URL');
    expect(
      errorOf({ kubeconfigPath: kubeconfig({ cluster: { 'proxy-url': 'ftp://x' } }), environment }),
    ).to.contain('proxy-url');
  });
});
