import { ServerResponse } from 'node:http';
import { connect as tcpConnect } from 'node:net';
import { expect } from 'chai';
import { type Clock, systemClock } from '../../core/clock.js';
import { silentLog } from '../../core/log.js';
import type { RequestHandler } from '../../http/exchanges.js';
import { PlainListener } from '../../http/plain-listener.js';
import {
  type Answer,
  closed,
  getHttp1,
  getHttp2,
  getHttp2Once,
  keepAliveAgent,
  openHttp2,
  openTls,
  type Target,
} from '../unit/http/https-clients.js';
import { answerOk, endScenes, pause, tlsScene, until } from '../unit/http/tls-scene.js';

/** `/slow` is answered after 300 ms, `/stream` in two halves with 300 ms between, `/hang` never, all else at once. */
const handler: RequestHandler = (request, response) => {
  switch (request.url) {
    case '/slow':
      void pause(300).then(() => response.end('whole'));
      break;
    case '/stream':
      if (response instanceof ServerResponse) response.write('first half, ');
      else response.write('first half, ');
      void pause(300).then(() => response.end('second half'));
      break;
    case '/hang':
      break;
    default:
      response.end('ok');
  }
};

/** How long `work` took, in milliseconds. */
async function took(work: Promise<unknown>): Promise<number> {
  const beganMs = systemClock.monotonicMs();
  await work;
  return systemClock.monotonicMs() - beganMs;
}

async function outcome(work: Promise<Answer>): Promise<string> {
  return work.then(
    ({ status, body }) => `${status} ${body}`,
    (error: unknown) => {
      const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
      const detail = /NGHTTP2_(\w+)/.exec(String(error))?.[1];
      return detail === undefined ? code : `${code} ${detail}`;
    },
  );
}

describe('a listener that stops', () => {
  afterEach(endScenes);

  it('answers requests under way in full over both protocols, then closes', async () => {
    const { port, ca, stop, ended, listener, lines } = await tlsScene({ handler });
    const agent = keepAliveAgent();
    const session = await openHttp2({ port, ca });
    let goaways = 0;
    session.on('goaway', () => {
      goaways += 1;
    });
    const underWay = [
      getHttp1({ port, ca, path: '/slow' }, agent),
      getHttp1({ port, ca, path: '/stream' }, agent),
      getHttp2(session, { path: '/slow' }),
      getHttp2(session, { path: '/stream' }),
    ];
    await pause(100);
    stop.abort();
    expect(listener.health()).to.deep.equal({ state: 'ready' });
    await pause(20);
    expect(listener.health()).to.deep.equal({ state: 'unready', detail: 'stopping' });
    expect(await outcome(getHttp1({ port, ca }))).to.equal('ECONNREFUSED');

    const answers = await Promise.all(underWay);
    expect(answers.map(({ body }) => body)).to.deep.equal([
      'whole',
      'first half, second half',
      'whole',
      'first half, second half',
    ]);
    expect(answers[0]?.headers.connection).to.equal('close');
    expect(goaways).to.be.greaterThan(0);
    expect(await took(ended)).to.be.lessThan(300);
    expect(listener.address()).to.equal(undefined);
    expect(lines.join()).to.include('every request was answered');
    agent.destroy();
  });

  it('answers or hands back at once what crosses the news on the wire', async () => {
    const lingerMs = 123;
    const arrived: string[] = [];
    const late: Promise<string>[] = [];
    let sendNews = (): void => {};
    const news = new Promise<void>((resolve) => {
      sendNews = resolve;
    });
    // At the very moment at which the server begins to linger, it has sent the news and nobody can have read it.
    const clock: Clock = {
      ...systemClock,
      sleep: (ms, signal) => {
        if (ms === lingerMs) {
          late.push(
            outcome(getHttp1({ port, ca, path: '/slow' }, agent)),
            outcome(getHttp2(session, { path: '/late' })),
          );
          sendNews();
        }
        return systemClock.sleep(ms, signal);
      },
    };
    const recording: RequestHandler = (request, response) => {
      arrived.push(request.url ?? '');
      handler(request, response);
    };
    const { port, ca, stop, ended } = await tlsScene({ handler: recording, clock, lingerMs });
    const agent = keepAliveAgent();
    await getHttp1({ port, ca }, agent);
    const session = await openHttp2({ port, ca });
    const underWay = outcome(getHttp2(session, { path: '/slow' }));
    await pause(20);
    stop.abort();
    await news;
    expect(await late[0]).to.equal('200 whole');
    // The client may ask elsewhere without a second thought: the server did not and will not look at it.
    expect(await took(late[1] ?? Promise.resolve())).to.be.lessThan(100);
    expect(await late[1]).to.equal('ERR_HTTP2_STREAM_ERROR REFUSED_STREAM');
    expect(arrived).to.not.include('/late');
    expect(await underWay).to.equal('200 whole');
    await ended;
    agent.destroy();
  });

  it('gives a client time to ask again whose last answer could not tell it to close', async () => {
    const { port, ca, stop, ended } = await tlsScene({ handler, lingerMs: 250, drainMs: 5_000 });
    const agent = keepAliveAgent();
    const streamed = getHttp1({ port, ca, path: '/stream' }, agent);
    await pause(50);
    stop.abort();
    expect((await streamed).headers.connection).to.equal('keep-alive');
    await pause(120);
    const again = await getHttp1({ port, ca }, agent);
    expect(`${again.body} ${again.headers.connection}`).to.equal('ok close');
    expect(await took(ended)).to.be.lessThan(150);
    agent.destroy();
  });

  it('serves kept-alive connections while it lingers, telling each to close', async () => {
    const { port, ca, stop, ended } = await tlsScene({ handler, lingerMs: 300 });
    const agent = keepAliveAgent();
    await Promise.all([1, 2, 3].map(() => getHttp1({ port, ca }, agent)));
    await pause(20);
    stop.abort();
    await pause(100);
    const late = await Promise.all([1, 2, 3].map(() => getHttp1({ port, ca }, agent)));
    expect(late.map(({ body, headers }) => `${body} ${headers.connection}`)).to.deep.equal([
      'ok close',
      'ok close',
      'ok close',
    ]);
    // With its last connection gone nothing is left to linger for.
    expect(await took(ended)).to.be.lessThan(150);
    agent.destroy();
  });

  it('cuts what hangs when the drain time is over, and says how much', async () => {
    const { port, ca, stop, ended, lines } = await tlsScene({ handler, drainMs: 400 });
    const session = await openHttp2({ port, ca });
    const hung = [getHttp1({ port, ca, path: '/hang' }), getHttp2(session, { path: '/hang' })].map(outcome);
    const whole = getHttp2(session, { path: '/slow' });
    await pause(50);
    stop.abort();
    expect(await took(ended)).to.be.within(350, 700);
    expect((await whole).body).to.equal('whole');
    for (const text of await Promise.all(hung)) expect(text).to.not.match(/^200/);
    const last = lines.map((line) => JSON.parse(line)).find(({ cut }) => cut !== undefined);
    expect(last).to.include({ level: 'warn', cut: 2 });
  });

  it('is not held up by idle connections, nor by one in the middle of its handshake', async () => {
    const { port, ca, stop, ended } = await tlsScene({ handler, drainMs: 5_000 });
    const agent = keepAliveAgent();
    await getHttp1({ port, ca }, agent);
    const session = await openHttp2({ port, ca });
    await getHttp2(session);
    const silent = await openTls({ port, ca }, 'http/1.1');
    silent.resume();
    const handshaking = tcpConnect(port, '127.0.0.1');
    await new Promise((resolve) => handshaking.once('connect', resolve));
    handshaking.resume();
    await pause(20);
    stop.abort();
    expect(await took(Promise.all([ended, closed(silent), closed(handshaking)]))).to.be.lessThan(600);
    expect(session.destroyed).to.equal(true);
    agent.destroy();
  });

  it('goes on as ever, though unready, while it gives notice', async () => {
    const { port, ca, stop, ended, listener } = await tlsScene({ handler, noticeMs: 300 });
    stop.abort();
    await pause(50);
    expect(listener.health()).to.have.property('state', 'unready');
    expect(await outcome(getHttp1({ port, ca }))).to.equal('200 ok');
    expect(await outcome(getHttp2Once({ port, ca }))).to.equal('200 ok');
    await ended;
    expect(await outcome(getHttp1({ port, ca }))).to.equal('ECONNREFUSED');
  });

  it('closes at once with nothing to close', async () => {
    const { stop, ended } = await tlsScene({ drainMs: 5_000, lingerMs: 1_000 });
    stop.abort();
    expect(await took(ended)).to.be.lessThan(100);
  });

  for (const protocol of ['HTTP/1.1', 'HTTP/2'] as const) {
    it(`answers every request of busy ${protocol} clients that reaches it, and resets none`, async () => {
      const arrived = new Set<string>();
      const { port, ca, stop, ended } = await tlsScene({
        lingerMs: 200,
        handler: (request, response) => {
          arrived.add(request.url ?? '');
          // Some take longer, so that many are under way at any instant.
          void pause(arrived.size % 7 === 0 ? 60 : 5).then(() => answerOk(request, response));
        },
      });
      const outcomes = await storm(protocol, { port, ca }, stop);
      await ended;
      const failed = [...outcomes].filter(([, text]) => text !== '200 ok');
      expect(outcomes.size).to.be.greaterThan(150);
      // A client may have written a request down when it learned that it can send none: that is its own affair.
      expect(failed.filter(([path]) => arrived.has(path))).to.deep.equal([]);
      expect(failed.map(([, text]) => text).filter((text) => !unsent.has(text))).to.deep.equal([]);
    });
  }
});

/** What Node's HTTP/2 client says of a request that it did not send, or that GOAWAY told it to send elsewhere. */
const unsent = new Set([
  'ERR_HTTP2_STREAM_ERROR REFUSED_STREAM',
  'ERR_HTTP2_GOAWAY_SESSION',
  'ERR_HTTP2_INVALID_SESSION',
]);

/**
 * Twelve clients ask without a pause on connections of their own, each until its server says that it goes away; in the
 * middle of it the server is stopped. The outcome of each request stands under its path.
 */
async function storm(
  protocol: 'HTTP/1.1' | 'HTTP/2',
  target: Target,
  stop: AbortController,
): Promise<ReadonlyMap<string, string>> {
  const outcomes = new Map<string, string>();
  const client = protocol === 'HTTP/1.1' ? askOverHttp1 : askOverHttp2;
  const clients = Array.from({ length: 12 }, (_, name) => client(target, `/${name}`, outcomes));
  await until(() => outcomes.size > 150);
  stop.abort();
  await Promise.all(clients);
  return outcomes;
}

async function askOverHttp1(target: Target, name: string, outcomes: Map<string, string>): Promise<void> {
  const agent = keepAliveAgent();
  let isTold = false;
  for (let turn = 0; !isTold; turn += 1) {
    const path = `${name}/${turn}`;
    const asked = getHttp1({ ...target, path }, agent);
    outcomes.set(path, await outcome(asked));
    isTold = await asked.then(
      ({ headers }) => headers.connection === 'close',
      () => true,
    );
  }
  agent.destroy();
}

async function askOverHttp2(target: Target, name: string, outcomes: Map<string, string>): Promise<void> {
  const session = await openHttp2(target);
  for (let turn = 0; !session.closed && !session.destroyed; turn += 3) {
    const paths = [0, 1, 2].map((more) => `${name}/${turn + more}`);
    await Promise.all(
      paths.map(async (path) => outcomes.set(path, await outcome(getHttp2(session, { path })))),
    );
  }
}

describe('a plain listener that stops', () => {
  it('answers what is under way and cuts what hangs', async () => {
    const listener = new PlainListener(
      { handler, clock: systemClock, log: silentLog },
      { name: 'plain', host: '127.0.0.1', port: 0, drainMs: 600, lingerMs: 50 },
    );
    const stop = new AbortController();
    const ended = listener.run(stop.signal);
    await until(() => listener.address() !== undefined);
    const base = `http://127.0.0.1:${listener.address()?.port}`;
    await (await fetch(base)).text();
    const slow = fetch(`${base}/slow`).then((answer) => answer.text());
    const hung = fetch(`${base}/hang`).then(
      () => 'answered',
      () => 'cut',
    );
    await pause(50);
    stop.abort();
    expect(await took(ended)).to.be.within(500, 900);
    expect(await slow).to.equal('whole');
    expect(await hung).to.equal('cut');
  });
});
