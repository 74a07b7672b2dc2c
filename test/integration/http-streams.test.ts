import { constants } from 'node:http2';
import { expect } from 'chai';
import { systemClock } from '../../core/clock.js';
import type { StreamHandler } from '../../http/stream-exchange.js';
import { FakeClock } from '../fake-clock.js';
import { getHttp1, getHttp2, openHttp2 } from '../unit/http/https-clients.js';
import { endScenes, pause, tlsScene, until } from '../unit/http/tls-scene.js';

/** `/taken` is answered at once, `/late` after 300 ms, `/hang` never, `/bug` by a throw; the rest is left alone. */
const streamHandler: StreamHandler = ({ url }, { stream }) => {
  const answer = (): void => {
    stream.respond({ ':status': 200 });
    stream.end('past the objects');
  };
  switch (url) {
    case '/taken':
      answer();
      return true;
    case '/late':
      void pause(300).then(answer);
      return true;
    case '/hang':
      return true;
    case '/bug':
      throw new Error('a bug');
    default:
      return false;
  }
};

describe('a stream handler', () => {
  afterEach(endScenes);

  it('is asked first over HTTP/2, and not at all over HTTP/1.1', async () => {
    const { port, ca } = await tlsScene({ streamHandler });
    const session = await openHttp2({ port, ca });
    expect((await getHttp2(session, { path: '/taken' })).body).to.equal('past the objects');
    expect((await getHttp2(session, { path: '/other' })).body).to.equal('ok');
    expect((await getHttp1({ port, ca, path: '/taken' })).body).to.equal('ok');
    session.destroy();
  });

  it('has its streams counted until they end', async () => {
    const { port, ca, registry } = await tlsScene({ streamHandler });
    const inFlight = async (): Promise<string | undefined> =>
      /^listener_requests_in_flight\{listener="test"\} (\d+)$/m.exec(await registry.metrics())?.[1];
    const session = await openHttp2({ port, ca });
    const late = getHttp2(session, { path: '/late' });
    await pause(100);
    expect(await inFlight()).to.equal('1');
    await late;
    expect(await inFlight()).to.equal('0');
    session.destroy();
  });

  it('costs only the stream when it throws', async () => {
    const { port, ca, lines } = await tlsScene({ streamHandler });
    const session = await openHttp2({ port, ca });
    const failure = await getHttp2(session, { path: '/bug' }).catch((error: unknown) => String(error));
    expect(failure).to.match(/NGHTTP2_INTERNAL_ERROR/);
    expect((await getHttp2(session, { path: '/taken' })).status).to.equal(200);
    expect(lines.join('')).to.contain('a bug');
    session.destroy();
  });

  it('is waited for by a stop, and what hangs is cut', async () => {
    const { port, ca, stop, ended, lines } = await tlsScene({ streamHandler, drainMs: 600 });
    const session = await openHttp2({ port, ca });
    const late = getHttp2(session, { path: '/late' });
    const hung = getHttp2(session, { path: '/hang' }).catch(() => 'cut');
    await pause(50);
    stop.abort();
    expect((await late).body).to.equal('past the objects');
    await ended;
    expect(await hung).to.equal('cut');
    expect(lines.map((line) => JSON.parse(line)).find(({ cut }) => cut !== undefined)).to.include({ cut: 1 });
  });

  it('has its streams cut when they last too long', async () => {
    const clock = new FakeClock(systemClock.nowMs());
    const { port, ca, stop, ended } = await tlsScene({
      streamHandler,
      clock,
      limits: { stallMs: 5_000 },
      lingerMs: 0,
      drainMs: 0,
    });
    const session = await openHttp2({ port, ca });
    const stream = session.request({ ':path': '/hang' });
    stream.on('error', () => {
      // Cut, as it should be.
    });
    await pause(50);
    await clock.advance(4_000);
    expect(stream.closed).to.equal(false);
    await clock.advance(2_000);
    await until(() => stream.closed, 'the end of the stream');
    expect(stream.rstCode).to.equal(constants.NGHTTP2_CANCEL);
    session.destroy();
    stop.abort();
    await clock.advance(1);
    await ended;
  });

  it('survives clients that reset their streams', async () => {
    const { port, ca, registry } = await tlsScene({ streamHandler });
    const session = await openHttp2({ port, ca });
    for (let count = 0; count < 50; count += 1) {
      const stream = session.request({ ':path': count % 2 === 0 ? '/taken' : '/hang' });
      stream.on('error', () => {});
      stream.close(constants.NGHTTP2_CANCEL);
    }
    await pause(50);
    expect((await getHttp2(session, { path: '/taken' })).status).to.equal(200);
    expect(await registry.metrics()).to.contain('listener_requests_in_flight{listener="test"} 0');
    session.destroy();
  });
});
