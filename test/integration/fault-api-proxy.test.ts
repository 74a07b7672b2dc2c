import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { expect } from 'chai';
import { createAuthority } from '../control-plane/certificates.js';
import { ApiProxy } from '../faults/api-proxy.js';
import { type Handler, json, type Loopback, startLoopback, until } from './kube-loopback.js';

const shard = '/api/v1/namespaces/datadog/configmaps/metrics';
const lease = '/apis/coordination.k8s.io/v1/namespaces/datadog/leases/leader';
const watch = '/api/v1/configmaps?watch=true&resourceVersion=7';

/** What a client saw of one request: the answer as it stands, or how it broke. */
interface Call {
  status: number | undefined;
  text: string;
  ending: 'none' | 'ended' | 'broken';
  headers: IncomingMessage['headers'];
  giveUp(): void;
}

describe('ApiProxy', () => {
  const authority = createAuthority('proxy-ca');
  const own = authority.issue({ purpose: 'server', commonName: 'proxy', hosts: ['127.0.0.1'] });
  let upstream: Loopback;
  let proxy: ApiProxy;
  let url: string;
  let agent: Agent;
  let calls: Call[];
  let reached: string[];
  let handler: Handler;

  beforeEach(async () => {
    calls = [];
    reached = [];
    handler = (_request, response) => json(response, { kind: 'Thing' });
    upstream = await startLoopback((incoming, response, where) => {
      reached.push(`${incoming.method} ${where.pathname}`);
      handler(incoming, response, where);
    });
    proxy = new ApiProxy({
      upstreamUrl: `https://127.0.0.1:${upstream.port}`,
      caPem: upstream.authority.certificatePem,
      certificatePem: own.certificatePem,
      keyPem: own.keyPem,
    });
    ({ url } = await proxy.start());
    agent = new Agent({ keepAlive: true, ca: authority.certificatePem });
  });

  afterEach(async () => {
    for (const call of calls) call.giveUp();
    agent.destroy();
    await proxy.stop();
    await upstream.close();
  });

  const call = (path: string, method = 'GET', body = '', headers = {}): Call => {
    const asked = request(`${url}${path}`, { method, agent, headers });
    const seen: Call = {
      status: undefined,
      text: '',
      ending: 'none',
      headers: {},
      giveUp: () => asked.destroy(),
    };
    const broken = (): void => {
      if (seen.ending === 'none') seen.ending = 'broken';
    };
    asked.on('error', broken);
    asked.on('response', (answer) => {
      seen.status = answer.statusCode;
      seen.headers = answer.headers;
      answer.setEncoding('utf8').on('data', (text: string) => {
        seen.text += text;
      });
      answer.on('end', () => {
        seen.ending = 'ended';
      });
      answer.on('error', broken);
    });
    asked.end(body);
    calls.push(seen);
    return seen;
  };
  const done = async (seen: Call): Promise<Call> => {
    await until(() => seen.ending !== 'none');
    return seen;
  };
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

  it('passes method, path, query, headers and body on, and the answer back', async () => {
    handler = (incoming, response, where) => {
      let body = '';
      incoming.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      incoming.on('end', () =>
        json(
          response,
          {
            body,
            search: where.search,
            authorization: incoming.headers.authorization,
            host: incoming.headers.host,
          },
          201,
          { 'x-odd': 'yes' },
        ),
      );
    };
    const headers = { authorization: 'Bearer t', 'content-type': 'application/json' };
    const seen = await done(call('/a/b?c=d&e=f', 'POST', '{"g":1}', headers));
    expect(seen).to.include({ status: 201, ending: 'ended' });
    expect(seen.headers['x-odd']).to.equal('yes');
    expect(JSON.parse(seen.text)).to.deep.equal({
      body: '{"g":1}',
      search: '?c=d&e=f',
      authorization: 'Bearer t',
      host: `127.0.0.1:${upstream.port}`,
    });
  });

  it('records each request, and of accepted writes the revision and the holder', async () => {
    handler = (incoming, response, where) => {
      const isTaken = incoming.method === 'PUT' && where.pathname === shard;
      const spec = where.pathname === lease ? { spec: { holderIdentity: 'dca-1' } } : {};
      json(response, { metadata: { resourceVersion: '41' }, ...spec }, isTaken ? 409 : 200);
    };
    const beforeMs = Date.now();
    await done(call(shard));
    await done(call(shard, 'PUT', '{}'));
    await done(call(lease, 'PUT', '{}'));
    await done(call(shard, 'PATCH', '{}'));
    await until(() => proxy.requests.every(({ endedAtMs }) => endedAtMs !== undefined));
    const told = proxy.requests.map(({ method, path, status, resourceVersion, holder }) => ({
      what: `${method} ${path} ${status}`,
      made: `${resourceVersion} ${holder}`,
    }));
    expect(told).to.deep.equal([
      { what: `GET ${shard} 200`, made: 'undefined undefined' },
      { what: `PUT ${shard} 409`, made: 'undefined undefined' },
      { what: `PUT ${lease} 200`, made: '41 dca-1' },
      { what: `PATCH ${shard} 200`, made: '41 undefined' },
    ]);
    for (const { startedAtMs, endedAtMs } of proxy.requests) {
      expect(startedAtMs).to.be.within(beforeMs, Date.now());
      expect(endedAtMs).to.be.within(startedAtMs, Date.now());
    }
  });

  it('passes the events of a watch one by one as they come, and counts open watches', async () => {
    const send: ((text: string) => void)[] = [];
    handler = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
      send.push((text) => (text === '' ? response.end() : response.write(text)));
    };
    const seen = call(watch);
    await until(() => seen.status === 200);
    expect(proxy.openWatches()).to.equal(1);
    send[0]?.('one\n');
    await until(() => seen.text === 'one\n');
    send[0]?.('two\n');
    await until(() => seen.text === 'one\ntwo\n');
    expect(seen.ending).to.equal('none');
    send[0]?.('');
    await done(seen);
    await until(() => proxy.openWatches() === 0);
  });

  it('breaks the connection when the API server does, in the midst of a watch or unreachable; it makes up nothing', async () => {
    handler = (_request, response) => {
      response.writeHead(200).flushHeaders();
    };
    const seen = call(watch);
    await until(() => seen.status === 200);
    upstream.reset();
    expect(await done(seen)).to.include({ ending: 'broken' });
    await upstream.close();
    const refused = await done(call('/api'));
    expect(refused).to.include({ ending: 'broken', status: undefined });
    expect(proxy.requests.at(-1)?.status).to.equal(undefined);
    upstream = await startLoopback(() => {});
  });

  it('freezeOpen: what is under way stops silently for ever, a new connection works', async () => {
    let tell = (): void => {};
    handler = (_request, response, where) => {
      if (!where.search.includes('watch')) return json(response, {});
      response.writeHead(200).flushHeaders();
      tell = () => response.write('news\n');
    };
    const old = call(watch);
    await until(() => old.status === 200);
    const idle = new Agent({ keepAlive: true, maxSockets: 1, ca: authority.certificatePem });
    agent = idle;
    await done(call('/api'));
    proxy.freezeOpen();
    tell();
    const onOld = call('/api/on-the-frozen-connection');
    agent = new Agent({ ca: authority.certificatePem });
    expect((await done(call('/api/new'))).status).to.equal(200);
    await pause(100);
    expect([old.text, old.ending, onOld.status, onOld.ending]).to.deep.equal(['', 'none', undefined, 'none']);
    expect(reached).to.not.include('GET /api/on-the-frozen-connection');
    proxy.cut();
    expect([(await done(old)).ending, (await done(onOld)).ending]).to.deep.equal(['broken', 'broken']);
    idle.destroy();
  });

  it('freeze: TLS is accepted but nothing passes, also of a watch; thaw lets all go on', async () => {
    let tell = (): void => {};
    handler = (_request, response, where) => {
      if (!where.search.includes('watch')) return json(response, {});
      response.writeHead(200).flushHeaders();
      tell = () => response.write('news\n');
    };
    const old = call(watch);
    await until(() => old.status === 200);
    proxy.freeze();
    tell();
    const fresh = call('/api/held-back');
    await until(() => proxy.requests.length === 2);
    await pause(100);
    expect([old.text, fresh.status, reached]).to.deep.equal(['', undefined, ['GET /api/v1/configmaps']]);
    proxy.thaw();
    expect((await done(fresh)).status).to.equal(200);
    await until(() => old.text === 'news\n');
  });

  it('thaw delivers a write that its client has given up, but no read', async () => {
    handler = (_request, response) => json(response, { metadata: { resourceVersion: '8' } });
    proxy.freeze();
    const [write, read] = [call(shard, 'PUT', '{}'), call('/api/read')];
    await until(() => proxy.requests.length === 2);
    write.giveUp();
    read.giveUp();
    await pause(50);
    proxy.thaw();
    await until(() => proxy.requests[0]?.resourceVersion === '8');
    expect(reached).to.deep.equal([`PUT ${shard}`]);
  });

  it('delay: each request reaches the API server so much later, until 0 ends it', async () => {
    proxy.delay(150);
    const startedAtMs = performance.now();
    const slow = call('/api/slow');
    await pause(50);
    expect(reached).to.deep.equal([]);
    await done(slow);
    expect(performance.now() - startedAtMs).to.be.within(145, 1000);
    proxy.delay(0);
    const againAtMs = performance.now();
    await done(call('/api/quick'));
    expect(performance.now() - againAtMs).to.be.below(140);
  });

  it('delay: what its client gives up meanwhile never reaches the API server', async () => {
    proxy.delay(100);
    const write = call(shard, 'PUT', '{}');
    await until(() => proxy.requests.length === 1);
    write.giveUp();
    await pause(150);
    proxy.delay(0);
    expect((await done(call('/api'))).status).to.equal(200);
    expect(reached).to.deep.equal(['GET /api']);
  });

  it('cut: open connections break, new ones work', async () => {
    handler = (_request, response, where) => {
      if (!where.search.includes('watch')) return json(response, {});
      response.writeHead(200).flushHeaders();
    };
    const seen = call(watch);
    await until(() => seen.status === 200);
    proxy.cut();
    expect((await done(seen)).ending).to.equal('broken');
    expect((await done(call('/api'))).status).to.equal(200);
    await until(() => proxy.openWatches() === 0);
  });

  it('answers in the API server’s place as a counting match says, until taken back', async () => {
    let writes = 0;
    const everySecond = (method: string): boolean => {
      if (method === 'PUT') writes += 1;
      return method === 'PUT' && writes % 2 === 0;
    };
    const takeBack = proxy.answer(everySecond, { status: 409, body: { kind: 'Status', code: 409 } });
    const statuses: (number | undefined)[] = [];
    for (let turn = 0; turn < 4; turn += 1) statuses.push((await done(call(shard, 'PUT', '{}'))).status);
    takeBack();
    for (let turn = 0; turn < 2; turn += 1) statuses.push((await done(call(shard, 'PUT', '{}'))).status);
    expect(statuses).to.deep.equal([200, 409, 200, 409, 200, 200]);
    expect(reached).to.have.length(4);
    expect(JSON.parse(calls[1]?.text ?? '')).to.deep.equal({ kind: 'Status', code: 409 });
    expect(proxy.requests.map(({ isMadeUp = false }) => isMadeUp)).to.deep.equal([
      false,
      true,
      false,
      true,
      false,
      false,
    ]);
  });
});
