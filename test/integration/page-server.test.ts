import { request } from 'node:https';
import { expect } from 'chai';
import { systemClock } from '../../core/clock.js';
import { Seal } from '../../dashboard/seal.js';
import { pageAddress, StandIns, tokens } from '../../simulator/stand-ins.js';
import { until } from './corridor-scene.js';

interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

describe('the server of the page', () => {
  const standIns = new StandIns();
  let port = 0;
  let code = '';
  let cookie = '';

  const ask = (
    path: string,
    options: { readonly method?: string; readonly headers?: object; readonly body?: string } = {},
  ): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const { method = 'GET', headers = {}, body = '' } = options;
      const asked = request(
        {
          host: '127.0.0.1',
          port,
          path,
          method,
          headers: { ...headers },
          rejectUnauthorized: false,
          agent: false,
        },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.on('end', () =>
            resolve({
              status: answer.statusCode ?? 0,
              headers: answer.headers,
              body: Buffer.concat(chunks).toString(),
            }),
          );
        },
      );
      asked.on('error', reject);
      asked.end(body);
    });
  const enter = (body: string, headers: object = {}) => ask('/session', { method: 'POST', body, headers });

  before(async () => {
    await standIns.start();
    const replica = standIns.startReplica({ name: 'dca-0', settings: { DD_GUI_PORT: '0' } });
    await until('the page', () => replica.app.pagePort() !== undefined);
    port = replica.app.pagePort() ?? 0;
    code = new URL(pageAddress(replica)).hash.replace('#code=', '');
  });

  after(() => standIns.stop());

  it('answers 401 to who has no session, and shows nothing but how to get in', async () => {
    const first = await ask('/');
    expect(first.status).to.equal(401);
    expect(first.body).to.contain('launch-gui');
    const paths = ['/api/state', '/api/stream', '/api/series?metric=x', '/api/explain', '/anything'];
    const answers = await Promise.all(paths.map((path) => ask(path)));
    expect(answers.map(({ status }) => status)).to.deep.equal(paths.map(() => 401));
  });

  it('takes no wrong code, no session for a code, no token, and nothing from another origin', async () => {
    const session = new Seal(tokens.local, systemClock).make('session', 60_000);
    for (const wrong of ['', 'x', tokens.local, tokens.agents, session, 'y'.repeat(5_000)])
      expect((await enter(wrong)).status).to.equal(401);
    expect((await enter(code, { origin: 'https://evil.example' })).status).to.equal(401);
  });

  it('exchanges a code once, for a cookie that scripts and other sites cannot use', async () => {
    const answer = await enter(code, { origin: `https://127.0.0.1:${port}` });
    expect(answer.status).to.equal(200);
    const [set = ''] = answer.headers['set-cookie'] ?? [];
    for (const part of ['Secure', 'HttpOnly', 'SameSite=Strict', 'Path=/', 'Max-Age=43200'])
      expect(set).to.contain(part);
    expect(set).to.not.contain(tokens.local);
    cookie = set.split(';')[0] ?? '';
    expect(cookie).to.match(new RegExp(`^__Host-dca-page-${port}=`));
    expect((await enter(code)).status).to.equal(401);
  });

  it('answers who has a session, with nothing secret', async () => {
    const headers = { cookie: `other=1; ${cookie}` };
    const page = await ask('/', { headers });
    expect(page.status).to.equal(200);
    const state = await ask('/api/state', { headers });
    expect(JSON.parse(state.body)).to.include.keys('metrics', 'autoscalers', 'overview', 'changes');
    const why = await ask('/api/explain?autoscaler=a/b', { headers });
    expect([why.status, /VERDICT +hpa_missing/.test(why.body)]).to.deep.equal([200, true]);
    expect((await ask('/api/explain?autoscaler=b', { headers })).status).to.equal(400);
    expect((await ask('/api/nothing', { headers })).status).to.equal(404);
    const everything = page.body + state.body + (await ask('/page.js')).body;
    for (const secret of [tokens.local, tokens.agents, '0123456789abcdef0123456789abcdef'])
      expect(everything).to.not.contain(secret);
  });

  it('sends strict headers with each answer, and has no script in the page', async () => {
    for (const path of ['/', '/page.js', '/api/state', '/nowhere']) {
      const { headers } = await ask(path);
      const policy = String(headers['content-security-policy']);
      expect(policy).to.contain("default-src 'none'").and.contain("script-src 'self'");
      expect(policy).to.contain("frame-ancestors 'none'").and.not.contain('unsafe');
      expect(headers).to.include({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
    }
    for (const path of ['/', '/icon.svg']) {
      const { body } = await ask(path, { headers: { cookie } });
      expect(body).to.not.match(/<script(?![^>]*\ssrc=)|\son\w+=|\sstyle=/i);
      expect(body.replace('http://www.w3.org/2000/svg', '')).to.not.match(/https?:\/\//);
    }
  });

  it('answers to its own names only, so that no foreign name can lead here', async () => {
    const headers = { cookie, host: `evil.example:${port}` };
    expect((await ask('/api/state', { headers })).status).to.equal(421);
    expect((await ask('/page.js', { headers: { host: '127.0.0.1.evil.example' } })).status).to.equal(421);
    expect((await ask('/page.js', { headers: { host: `localhost:${port}` } })).status).to.equal(200);
  });

  it('compresses where that is taken', async () => {
    const { headers } = await ask('/page.js', { headers: { 'accept-encoding': 'gzip' } });
    expect(headers).to.include({ 'content-encoding': 'gzip', vary: 'Accept-Encoding' });
  });
});
