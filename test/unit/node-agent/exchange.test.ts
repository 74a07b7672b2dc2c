import { getEventListeners, once } from 'node:events';
import { Agent, type AgentOptions } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { FakeClock, settle } from '../../fake-clock.js';
import { exchange, type Limits } from '../../node-agent/exchange.js';
import { newManners, oldManners } from '../../node-agent/manners.js';
import {
  failureOf,
  type Reply,
  startClusterAgent,
  stopClusterAgents,
  until,
} from './canned-cluster-agent.js';

/** One question to `url`; its agent ends with the test. */
function ask(url: string, limits: Limits, options: { readonly agent?: AgentOptions } = {}) {
  const clock = new FakeClock();
  const agent = new Agent({ keepAlive: true, rejectUnauthorized: false, ...options.agent });
  const stop = new AbortController();
  let connects = 0;
  const onConnect = (): void => {
    connects += 1;
  };
  const ports = { agent, clock, onConnect };
  const question = { method: 'GET', url, headers: {} } as const;
  const outcome = exchange(ports, question, { limits, drainsRefusals: true }, stop.signal);
  outcome.catch(() => {}).finally(() => agent.destroy());
  return { clock, outcome, stop, connects: () => connects };
}

/** Passes 1 ms less than the limit, then that one, and tells what became of the question before and after. */
async function passLimit({ clock, outcome }: ReturnType<typeof ask>, ms: number) {
  let isOver = false;
  outcome.catch(() => {
    isOver = true;
  });
  await clock.advance(ms - 1);
  const wasOver = isOver;
  await clock.advance(1);
  return { wasOver, message: (await failureOf(outcome)).message };
}

/** A TCP server that takes connections and says nothing. */
async function silentPort() {
  const server = createServer((socket) => void socket.on('error', () => {}));
  server.listen(0, '127.0.0.1').unref();
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

async function scene(reply: Reply) {
  const server = await startClusterAgent({ 'GET /a': reply });
  return { ...server, url: `${server.endpoint}/a` };
}

describe('an exchange', () => {
  afterEach(stopClusterAgents);

  it('gives the body of a 200', async () => {
    const { url } = await scene({ json: ['x'] });
    const { outcome, clock, stop, connects } = ask(url, newManners.limits);
    expect(await outcome).to.deep.equal({ status: 200, body: '["x"]' });
    expect(connects()).to.equal(1);
    expect(clock.sleeping).to.equal(0);
    expect(getEventListeners(stop.signal, 'abort')).to.deep.equal([]);
  });

  it('unpacks a body that is packed', async () => {
    const { url } = await scene((response) => {
      response.setHeader('Content-Encoding', 'gzip');
      response.end(gzipSync('"packed"'));
    });
    expect(await ask(url, newManners.limits).outcome).to.deep.equal({ status: 200, body: '"packed"' });
  });

  it('gives the status of a refusal and no body, and follows no redirect', async () => {
    const { url, calls } = await scene((response) => {
      response.writeHead(302, { Location: '/b' }).end('elsewhere');
    });
    expect(await ask(url, newManners.limits).outcome).to.deep.equal({ status: 302, body: '' });
    expect(calls()).to.deep.equal(['GET /a']);
  });

  it('waits 1 s for a connection', async () => {
    const asked = ask('https://cluster-agent.test/a', newManners.limits, {
      agent: { lookup: () => {} },
    });
    await settle();
    expect(await passLimit(asked, 1_000)).to.deep.equal({
      wasOver: false,
      message: 'no connection within 1000 ms',
    });
    expect(asked.connects()).to.equal(0);
  });

  it('waits 5 s for the TLS handshake', async () => {
    const { port, close } = await silentPort();
    const asked = ask(`https://127.0.0.1:${port}/a`, newManners.limits);
    await until(() => asked.connects() === 1);
    expect(await passLimit(asked, 5_000)).to.deep.equal({
      wasOver: false,
      message: 'no TLS handshake within 5000 ms',
    });
    close();
  });

  it('waits 3 s for the header of the answer', async () => {
    const { url, seen } = await scene(() => {});
    const asked = ask(url, newManners.limits);
    await until(() => seen.length === 1);
    expect(await passLimit(asked, 3_000)).to.deep.equal({
      wasOver: false,
      message: 'no response header within 3000 ms',
    });
    expect(asked.clock.sleeping).to.equal(0);
  });

  it('waits 10 s for the whole answer', async () => {
    const { url, seen } = await scene((response) => {
      response.write('[');
    });
    const asked = ask(url, newManners.limits);
    await until(() => seen.length === 1 && asked.clock.sleeping === 1);
    expect(await passLimit(asked, 10_000)).to.deep.equal({
      wasOver: false,
      message: 'no answer within 10000 ms',
    });
  });

  it('waits 2 s for all of it as an agent of 2018', async () => {
    const { url, seen } = await scene(() => {});
    const asked = ask(url, oldManners.limits);
    await until(() => seen.length === 1);
    expect(await passLimit(asked, 2_000)).to.deep.equal({
      wasOver: false,
      message: 'no answer within 2000 ms',
    });
  });

  it('ends with the signal, and with its reason', async () => {
    const { url, seen } = await scene(() => {});
    const asked = ask(url, newManners.limits);
    await until(() => seen.length === 1);
    asked.stop.abort(new Error('enough'));
    expect((await failureOf(asked.outcome)).message).to.equal('enough');
    expect(asked.clock.sleeping).to.equal(0);
  });

  it('fails with the reason when nobody listens', async () => {
    const { port, close } = await silentPort();
    await new Promise((resolve) => {
      close().once('close', resolve);
    });
    const { outcome } = ask(`https://127.0.0.1:${port}/a`, newManners.limits);
    expect((await failureOf(outcome)).message).to.equal(`connect ECONNREFUSED 127.0.0.1:${port}`);
  });
});
