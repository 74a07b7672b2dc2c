import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createPlainServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { deadline, systemClock } from '../../core/clock.js';
import type { Fault } from '../../core/fault.js';
import { silentLog } from '../../core/log.js';
import type { Result } from '../../core/result.js';
import { createRegistry } from '../../core/telemetry.js';
import { KubeClient } from '../../kube/client.js';
import { loadKubeTarget } from '../../kube/target.js';
import { createAuthority } from '../control-plane/certificates.js';
import {
  type Handler,
  json,
  type Loopback,
  type Pod,
  type PodOptions,
  refusal,
  startLoopback,
  startPod,
  until,
} from './kube-loopback.js';

const { signal } = new AbortController();

describe('KubeClient', () => {
  let loopback: Loopback;
  let pod: Pod;

  const start = async (handler: Handler, options: PodOptions = {}): Promise<KubeClient> => {
    loopback = await startLoopback(handler);
    pod = startPod(loopback, options);
    return pod.client;
  };
  const get = (path = '/api', differences = {}): Promise<Result<unknown, Fault>> =>
    pod.client.request('GET', path, differences, signal);
  const faultOf = (result: Result<unknown, Fault>): Fault => {
    if (result.ok) throw new Error(`expected a fault, got ${JSON.stringify(result.value)}`);
    return result.error;
  };

  afterEach(async () => {
    await pod.leave();
    await loopback.close();
  });

  it('asks 200 times over at most two kept-alive connections', async () => {
    const client = await start((_request, response) => json(response, { ok: true }));
    for (let asked = 0; asked < 200; asked += 1) {
      expect((await client.request('GET', '/api', {}, signal)).ok).to.equal(true);
    }
    expect(loopback.connections()).to.be.at.most(2);
  });

  it('sends method, query, body, token and agent, and parses the answer', async () => {
    const client = await start((request, response, url) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      request.on('end', () => {
        const { authorization, accept } = request.headers;
        const agent = request.headers['user-agent'];
        const type = request.headers['content-type'];
        json(
          response,
          { method: request.method, url: url.search, body, authorization, accept, agent, type },
          201,
        );
      });
    });
    const call = {
      body: { a: 1 },
      query: { limit: 5, skip: undefined, fieldSelector: 'metadata.name=a b' },
      contentType: 'application/merge-patch+json',
    };
    expect(await client.request('PATCH', '/api/x', call, signal)).to.deep.equal({
      ok: true,
      value: {
        method: 'PATCH',
        url: '?limit=5&fieldSelector=metadata.name%3Da+b',
        body: '{"a":1}',
        authorization: 'Bearer token-1',
        accept: 'application/json',
        agent: 'test/1',
        type: 'application/merge-patch+json',
      },
    });
  });

  it('names a refusal by call and words, and never shows the token', async () => {
    const words =
      'pods is forbidden: User "u" cannot list resource "pods" in API group "" in the namespace "shop"';
    await start((_request, response, url) => refusal(response, Number(url.pathname.slice(1)), words));
    const codes: string[] = [];
    for (const status of [400, 403, 404, 409, 410, 422, 429, 500, 503]) {
      const fault = faultOf(await get(`/${status}`, { query: { secretish: 'x' } }));
      expect(fault.message).to.match(new RegExp(`^GET /${status}: HTTP ${status}: pods is forbidden`));
      expect(fault.message).to.not.match(/token-1|secretish/);
      codes.push(`${status} ${fault.code}`);
    }
    expect(codes).to.deep.equal([
      '400 kube.rejected',
      '403 kube.denied',
      '404 kube.not_found',
      '409 kube.conflict',
      '410 kube.gone',
      '422 kube.rejected',
      '429 kube.unreachable',
      '500 kube.unreachable',
      '503 kube.unreachable',
    ]);
    expect(loopback.connections()).to.be.at.most(2);
  });

  it('keeps Retry-After', async () => {
    await start((_request, response) => json(response, {}, 429, { 'retry-after': '3' }));
    expect(faultOf(await get()).retryAfterSeconds).to.equal(3);
  });

  it('takes an answer that is not JSON for something else than the API server', async () => {
    await start((_request, response) => response.end('<html>login: secret</html>'));
    expect(faultOf(await get()).message).to.equal(
      'GET /api: the answer is not JSON; is this the API server?',
    );
  });

  it('ends a request that gets no answer, or half of one, in time', async () => {
    await start((_request, response, url) => {
      if (url.pathname === '/half') response.writeHead(200).write('{"a":');
    });
    for (const path of ['/none', '/half']) {
      const startedAtMs = performance.now();
      const fault = faultOf(await get(path, { timeoutMs: 150 }));
      expect(fault).to.include({ code: 'kube.unreachable', message: `GET ${path}: no answer within 150 ms` });
      expect(performance.now() - startedAtMs).to.be.within(140, 1000);
    }
  });

  it('ends with its asker', async () => {
    await start(() => {});
    const asker = new AbortController();
    const asked = pod.client.request('GET', '/api', {}, asker.signal);
    await until(() => loopback.connections() === 1);
    asker.abort();
    expect(faultOf(await asked).message).to.equal('GET /api: given up by us');
  });

  describe('when kept-alive connections have died in silence', () => {
    /** Connections that were opened until then take requests and never answer. */
    const scene = async (options: PodOptions = {}): Promise<{ die(): void; readonly onDead: string[] }> => {
      const dead = new WeakSet<object>();
      const alive: object[] = [];
      const onDead: string[] = [];
      const client = await start((request, response, url) => {
        if (dead.has(request.socket)) return void onDead.push(url.pathname);
        if (url.pathname === '/watch') response.writeHead(200).flushHeaders();
        else setTimeout(() => json(response, {}), 20);
      }, options);
      loopback.server.on('secureConnection', (socket) => alive.push(socket));
      // Three at once leave three idle connections.
      await Promise.all([get(), get(), get()]);
      return {
        onDead,
        die: () => {
          for (const socket of alive) dead.add(socket);
          expect(client).to.equal(pod.client);
        },
      };
    };

    it('finds that out with one request that gets no answer in time, and not with each', async () => {
      const { die, onDead } = await scene({ requestTimeoutMs: 500 });
      die();
      expect(faultOf(await get('/first')).message).to.equal('GET /first: no answer within 500 ms');
      for (const path of ['/second', '/third', '/fourth']) expect((await get(path)).ok, path).to.equal(true);
      expect(onDead).to.deep.equal(['/first']);
    });

    it('finds that out with a request that its caller gave up for being late, but not with one of a stop', async () => {
      const { die, onDead } = await scene();
      const stop = new AbortController();
      const stopped = pod.client.request('GET', '/stopped', {}, stop.signal);
      await new Promise((resolve) => setTimeout(resolve, 5));
      stop.abort();
      await stopped;
      const opened = loopback.connections();
      await Promise.all([get(), get(), get()]);
      expect(loopback.connections() - opened, 'not all are new').to.be.below(3);
      die();
      const late = deadline(systemClock, 300, signal);
      await pod.client.request('GET', '/late', {}, late.signal);
      late.release();
      expect((await get('/second')).ok).to.equal(true);
      expect(onDead).to.deep.equal(['/late']);
    });

    it('finds that out with a watch that has fallen silent, and leaves what is under way alone', async () => {
      const { die, onDead } = await scene();
      const slow = pod.client.request('GET', '/slow', {}, signal);
      const faults: string[] = [];
      for await (const lines of pod.client.stream('/watch', { silenceMs: 300 }, signal)) {
        if (!lines.ok) faults.push(lines.error.message);
      }
      die();
      expect(faults).to.deep.equal(['GET /watch: silent for 300 ms']);
      expect((await slow).ok).to.equal(true);
      for (const path of ['/second', '/third']) expect((await get(path)).ok, path).to.equal(true);
      expect(onDead).to.deep.equal([]);
    });
  });

  it('sends a GET again when a kept-alive connection turns out to be dead, but not a PUT', async () => {
    let cuts = 0;
    await start((request, response) => {
      if (cuts === 0) return json(response, {});
      cuts -= 1;
      request.socket.destroy();
    });
    await get();
    cuts = 1;
    expect((await get()).ok).to.equal(true);
    cuts = 1;
    const put = await pod.client.request('PUT', '/api', { body: {} }, signal);
    expect(faultOf(put).code).to.equal('kube.unreachable');
    cuts = 1;
    const review = await pod.client.request('POST', '/api', { body: {}, repeatable: true }, signal);
    expect(review.ok).to.equal(true);
    cuts = 2;
    expect(faultOf(await get()).code).to.equal('kube.unreachable');
  });

  it('tells of a server that is not there', async () => {
    await start(() => {});
    await loopback.close();
    expect(faultOf(await get())).to.include({
      code: 'kube.unreachable',
      message: `GET /api: connect ECONNREFUSED 127.0.0.1:${loopback.port}`,
    });
  });

  it('trusts only the given authority, and says so', async () => {
    await start((_request, response) => json(response, {}));
    pod.write('ca.crt', createAuthority('other').certificatePem);
    expect(faultOf(await get()).message).to.contain(
      'certificate is not trusted: check the certificate authority',
    );
  });

  it('uses a rotated token, and a rotated authority over a new connection', async () => {
    const tokens: (string | undefined)[] = [];
    await start(
      (request, response) => {
        tokens.push(request.headers.authorization);
        json(response, {});
      },
      { credentialsRefreshMs: 50 },
    );
    await get();
    pod.write('token', 'token-2');
    await new Promise((resolve) => setTimeout(resolve, 60));
    await get();
    expect(tokens).to.deep.equal(['Bearer token-1', 'Bearer token-2']);
    expect(loopback.connections()).to.equal(1);
    pod.write('ca.crt', `${loopback.authority.certificatePem}${createAuthority('next').certificatePem}`);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect((await get()).ok).to.equal(true);
    expect(loopback.connections()).to.equal(2);
  });

  it('reads the token anew and asks again when the old one is refused', async () => {
    let valid = 'token-1';
    let asked = 0;
    await start(
      (request, response) => {
        asked += 1;
        if (request.headers.authorization === `Bearer ${valid}`) json(response, {});
        else refusal(response, 401, 'Unauthorized');
      },
      { credentialsRefreshMs: 100 },
    );
    await get();
    valid = 'token-2';
    pod.write('token', 'token-2');
    await new Promise((resolve) => setTimeout(resolve, 110));
    expect((await get()).ok).to.equal(true);
    valid = 'token-3';
    const fault = faultOf(await get());
    expect(fault.code).to.equal('kube.denied');
    expect(fault.message).to.contain('does not know our credentials');
    // Read just now, the token is not read again at once.
    expect(asked).to.equal(3);
  });

  it('goes on with what it has while a file of a rotation is missing', async () => {
    const said: string[] = [];
    const log = { ...silentLog, warn: (_fields: object, message: string) => said.push(message) };
    await start((_request, response) => json(response, {}), { credentialsRefreshMs: 20, log });
    await get();
    pod.write('token', '');
    for (let asked = 0; asked < 3; asked += 1) {
      await new Promise((resolve) => setTimeout(resolve, 30));
      expect((await get()).ok).to.equal(true);
    }
    expect(said).to.deep.equal(['credentials could not be read']);
  });

  it('counts requests by verb and class of answer, and times answers', async () => {
    const registry = createRegistry({ withProcessMetrics: false });
    await start(
      (_request, response, url) =>
        url.pathname === '/cut'
          ? response.destroy()
          : json(response, {}, url.pathname === '/404' ? 404 : 200),
      { registry },
    );
    await get();
    await get('/404');
    await pod.client.request('PUT', '/cut', { body: {} }, signal);
    for await (const _batch of pod.client.stream('/watch', { silenceMs: 1000 }, signal)) break;
    const metric = await registry.getSingleMetric('kube_api_requests_total')?.get();
    expect(
      metric?.values.map(({ labels, value }) => `${labels['verb']} ${labels['status']} ${value}`),
    ).to.have.members(['GET 2xx 1', 'GET 4xx 1', 'PUT none 1', 'WATCH 2xx 1']);
    const timed = [...(await registry.metrics()).matchAll(/^kube_api_answer_seconds_count\{(.*)\} 1$/gm)];
    expect(timed.map(([, labels]) => labels)).to.have.members([
      'verb="GET",status="2xx"',
      'verb="GET",status="4xx"',
      'verb="WATCH",status="2xx"',
    ]);
  });

  it('fails plainly after it was closed', async () => {
    await start(() => {});
    const underWay = get();
    await until(() => loopback.connections() === 1);
    await pod.client.close();
    expect(faultOf(await underWay).code).to.equal('kube.unreachable');
    expect(faultOf(await get()).message).to.equal('the client of the API server is closed');
  });

  describe('stream', () => {
    const collect = async (path: string, silenceMs = 1000): Promise<string[]> => {
      const steps: string[] = [];
      for await (const step of pod.client.stream(path, { silenceMs }, signal)) {
        steps.push(step.ok ? JSON.stringify(step.value) : `${step.error.code} ${step.error.message}`);
      }
      return steps;
    };

    it('yields what came together, first an empty step, and ends in good order', async () => {
      await start(async (_request, response) => {
        response.writeHead(200).flushHeaders();
        for (const chunk of ['{"n":1}\n{"n":2}\n{"t":"gr', 'ün"}\n', '{"n":3}']) {
          response.write(chunk);
          await new Promise((resolve) => setTimeout(resolve, 30));
        }
        response.end();
      });
      expect(await collect('/w')).to.deep.equal(['[]', '[{"n":1},{"n":2}]', '[{"t":"grün"}]', '[{"n":3}]']);
    });

    it('gives up a stream that says nothing, before or after its headers, and not one that is slow', async () => {
      await start(async (_request, response, url) => {
        if (url.pathname === '/mute') return;
        response.writeHead(200).flushHeaders();
        for (let sent = 0; sent < 3; sent += 1) {
          await new Promise((resolve) => setTimeout(resolve, 100));
          response.write(`${sent}\n`);
        }
      });
      expect(await collect('/mute', 200)).to.deep.equal(['kube.unreachable GET /mute: silent for 200 ms']);
      expect(await collect('/slow', 200)).to.deep.equal([
        '[]',
        '[0]',
        '[1]',
        '[2]',
        'kube.unreachable GET /slow: silent for 200 ms',
      ]);
    });

    it('tells of refusals, resets and garbage', async () => {
      await start((request, response, url) => {
        if (url.pathname === '/410') return refusal(response, 410, 'too old');
        response.writeHead(200).write('{"n":1}\n');
        setTimeout(
          () => (url.pathname === '/reset' ? request.socket.destroy() : response.end('{"secret\n')),
          20,
        );
      });
      expect(await collect('/410')).to.deep.equal(['kube.gone GET /410: HTTP 410: too old']);
      const reset = await collect('/reset');
      expect(reset.slice(0, 2)).to.deep.equal(['[]', '[{"n":1}]']);
      expect(reset[2]).to.match(/^kube\.unreachable GET \/reset: /);
      const garbage = await collect('/garbage');
      expect(garbage[2]).to.match(
        /^kube\.unreachable GET \/garbage: the API server sent a line that is not JSON/,
      );
      expect(garbage[2]).to.not.contain('secret');
    });

    it('closes its connection when its reader turns away', async () => {
      let closed = false;
      await start((_request, response) => {
        response.on('close', () => {
          closed = true;
        });
        response.writeHead(200).write('1\n');
      });
      for await (const step of pod.client.stream('/w', { silenceMs: 1000 }, signal)) {
        if (step.ok && step.value.length > 0) break;
      }
      await until(() => closed);
    });

    it('leaves the connections of requests alone', async () => {
      await start((_request, response, url) => {
        if (url.pathname === '/w') response.writeHead(200).flushHeaders();
        else json(response, {});
      });
      const stop = new AbortController();
      const watch = pod.client.stream('/w', { silenceMs: 5000 }, stop.signal);
      await watch.next();
      for (let asked = 0; asked < 20; asked += 1) await get();
      expect(loopback.connections()).to.be.at.most(3);
      stop.abort();
      expect((await watch.next()).value).to.include({ ok: false });
    });
  });
});

describe('KubeClient by kubeconfig', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kube-config-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const clientOf = (server: string, cluster: object, user: object): KubeClient => {
    const path = join(folder, 'config');
    const config = {
      'current-context': 'x',
      clusters: [{ name: 'c', cluster: { server, ...cluster } }],
      users: [{ name: 'u', user }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    };
    writeFileSync(path, JSON.stringify(config));
    const target = loadKubeTarget({ kubeconfigPath: path, environment: {} });
    if (!target.ok) throw new Error(target.error);
    return new KubeClient(
      { target: target.value, clock: systemClock, log: silentLog },
      { requestTimeoutMs: 5000, userAgent: 'test/1', credentialsRefreshMs: 20 },
    );
  };

  it('shows a client certificate, and the new one after it was replaced', async () => {
    const authority = createAuthority('clients');
    const shown: string[] = [];
    const loopback = await startLoopback(
      (request, response) => {
        const certificate = (request.socket as TLSSocket).getPeerCertificate();
        shown.push(String(certificate.subject.CN));
        json(response, {});
      },
      { clientCaPem: authority.certificatePem },
    );
    const write = (commonName: string): void => {
      const leaf = authority.issue({ commonName, purpose: 'client' });
      writeFileSync(join(folder, 'client.crt'), leaf.certificatePem);
      writeFileSync(join(folder, 'client.key'), leaf.keyPem);
    };
    write('jane');
    writeFileSync(join(folder, 'ca.crt'), loopback.authority.certificatePem);
    const client = clientOf(
      `https://127.0.0.1:${loopback.port}`,
      { 'certificate-authority': 'ca.crt' },
      { 'client-certificate': 'client.crt', 'client-key': 'client.key' },
    );
    expect(await client.request('GET', '/api', {}, signal)).to.deep.equal({ ok: true, value: {} });
    write('john');
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(await client.request('GET', '/api', {}, signal)).to.deep.equal({ ok: true, value: {} });
    expect(shown).to.deep.equal(['jane', 'john']);
    await client.close();
    await loopback.close();
  });

  it('goes through proxy-url when the kubeconfig has one, and through no other proxy', async () => {
    const tunnels: (string | undefined)[] = [];
    const proxy = createPlainServer();
    proxy.on('connect', (request, socket) => {
      tunnels.push(request.url);
      const [host = '', port = ''] = (request.url ?? '').split(':');
      const upstream = connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        upstream.pipe(socket).pipe(upstream);
      });
      upstream.on('error', () => socket.destroy());
      socket.on('error', () => upstream.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const loopback = await startLoopback((_request, response) => json(response, {}));
    const server = `https://127.0.0.1:${loopback.port}`;
    const authority = {
      'certificate-authority-data': Buffer.from(loopback.authority.certificatePem).toString('base64'),
    };
    const proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const before = process.env['HTTPS_PROXY'];
    process.env['HTTPS_PROXY'] = 'http://127.0.0.1:9';
    try {
      const direct = clientOf(server, authority, { token: 't' });
      expect((await direct.request('GET', '/api', {}, signal)).ok).to.equal(true);
      await direct.close();
      expect(tunnels).to.deep.equal([]);
      const proxied = clientOf(server, { ...authority, 'proxy-url': proxyUrl }, { token: 't' });
      expect((await proxied.request('GET', '/api', {}, signal)).ok).to.equal(true);
      await proxied.request('GET', '/api', {}, signal);
      await proxied.close();
      expect(new Set(tunnels)).to.deep.equal(new Set([`127.0.0.1:${loopback.port}`]));
    } finally {
      if (before === undefined) delete process.env['HTTPS_PROXY'];
      else process.env['HTTPS_PROXY'] = before;
      await loopback.close();
      proxy.closeAllConnections();
      proxy.close();
    }
  });
});
