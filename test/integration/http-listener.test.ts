import { once } from 'node:events';
import { createServer, type Socket, connect as tcpConnect } from 'node:net';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import { expect } from 'chai';
import { systemClock } from '../../core/clock.js';
import { silentLog } from '../../core/log.js';
import { createRegistry } from '../../core/telemetry.js';
import { createHealthApp } from '../../http/health-app.js';
import { defaultLimits } from '../../http/limits.js';
import { TlsListener } from '../../http/listener.js';
import { createListenerMetrics } from '../../http/listener-metrics.js';
import { PlainListener } from '../../http/plain-listener.js';
import { FakeClock } from '../fake-clock.js';
import {
  closed,
  getHttp1,
  getHttp2,
  getHttp2Once,
  openHttp2,
  openTls,
  servername,
} from '../unit/http/https-clients.js';
import { answerOk, endScenes, HandFeed, pause, tlsScene, until } from '../unit/http/tls-scene.js';
import { recordingLog } from '../unit/kube/fake-api.js';

describe('TlsListener', () => {
  afterEach(endScenes);

  it('answers HTTP/2 and HTTP/1.1 on one port, with a certificate that verifies', async () => {
    const { port, ca, stop, ended, listener } = await tlsScene({
      handler: (request, response) => response.end(`HTTP/${request.httpVersion}`),
    });
    expect(listener.health()).to.deep.equal({ state: 'ready' });
    expect(await getHttp1({ port, ca })).to.include({ status: 200, body: 'HTTP/1.1' });
    expect(await getHttp2Once({ port, ca })).to.include({ status: 200, body: 'HTTP/2.0' });
    stop.abort();
    await ended;
    expect(listener.address()).to.equal(undefined);
  });

  it('lets the handler see the client’s certificate over both protocols, and asks for none', async () => {
    const client = new HandFeed();
    const { port, ca } = await tlsScene({
      handler: (request, response) => {
        const socket = request.socket as TLSSocket;
        response.end(String(socket.getPeerCertificate().subject?.CN));
      },
    });
    const { certPem = '', keyPem = '' } = client.current() ?? {};
    const shown = { cert: certPem, key: keyPem };
    expect(await getHttp1({ port, ca })).to.include({ body: 'undefined' });
    expect(await getHttp1({ port, ca }, undefined, shown)).to.include({ body: 'datadog-cluster-agent' });
    const session = await openHttp2({ port, ca }, shown);
    expect(await getHttp2(session)).to.include({ body: 'datadog-cluster-agent' });
    session.close();
  });

  it('speaks TLS 1.2 and 1.3, nothing older, and resumes no session', async () => {
    const { port, ca } = await tlsScene();
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      expect(
        await getHttp1({ port, ca }, undefined, { minVersion: version, maxVersion: version }),
      ).to.include({ status: 200 });
    }
    const old = getHttp1({ port, ca }, undefined, {
      minVersion: 'TLSv1.1',
      maxVersion: 'TLSv1.1',
      ciphers: 'ALL@SECLEVEL=0',
    });
    expect(
      await old.then(
        () => 'answered',
        () => 'refused',
      ),
    ).to.equal('refused');

    const sessions: Buffer[] = [];
    const first = await openTls({ port, ca }, 'http/1.1');
    first.on('session', (session) => sessions.push(session));
    first.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    first.resume();
    await closed(first);
    const second = tlsConnect({
      host: '127.0.0.1',
      port,
      ca,
      servername,
      ...(sessions[0] === undefined ? {} : { session: sessions[0] }),
    });
    await new Promise((resolve) => second.once('secureConnect', resolve));
    expect(second.isSessionReused()).to.equal(false);
    second.destroy();
  });

  it('waits for a certificate before it listens', async () => {
    const feed = new HandFeed({ isEmpty: true });
    const { listener, stop, ended } = await tlsScene({ feed });
    await pause(30);
    expect(listener.address()).to.equal(undefined);
    expect(listener.health()).to.deep.equal({ state: 'starting', detail: 'waits for a serving certificate' });
    feed.renew();
    await until(() => listener.address() !== undefined);
    expect(listener.health()).to.deep.equal({ state: 'ready' });
    stop.abort();
    await ended;

    const never = await tlsScene({ feed: new HandFeed({ isEmpty: true }) });
    never.stop.abort();
    await never.ended;
  });

  it('is unready with a certificate that has expired', async () => {
    const { listener } = await tlsScene({
      feed: new HandFeed({ madeAtMs: systemClock.nowMs() - 2 * 86_400_000 }),
    });
    expect(listener.health()).to.have.property('state', 'unready');
    expect(listener.health())
      .to.have.property('detail')
      .that.matches(/expired at/);
  });

  it('takes a new certificate at the next handshake and leaves open connections alone', async () => {
    const { port, ca, feed, registry } = await tlsScene();
    const session = await openHttp2({ port, ca });
    const before = await getHttp2(session);
    feed.renew();
    expect(await getHttp2(session)).to.include({ status: 200, serial: before.serial });
    const after = await getHttp2Once({ port, ca });
    expect(after.serial).to.not.equal(before.serial);
    expect((await getHttp1({ port, ca })).serial).to.equal(after.serial);
    expect(await registry.metrics()).to.include('listener_certificate_swaps_total{listener="test"} 2');
    session.close();
  });

  it('keeps the certificate before when the new one cannot be used', async () => {
    const good = new HandFeed();
    const other = new HandFeed();
    let current = good.current();
    const listeners: (() => void)[] = [];
    const feed = {
      current: () => current,
      onChange: (listener: () => void) => {
        listeners.push(listener);
        return () => {};
      },
    };
    const listener = new TlsListener(
      { certificate: feed, handler: answerOk, clock: systemClock, log: silentLog },
      { name: 'test', host: '127.0.0.1', port: 0, drainMs: 1_000, lingerMs: 0 },
    );
    const stop = new AbortController();
    const ended = listener.run(stop.signal);
    await until(() => listener.address() !== undefined);
    const port = listener.address()?.port ?? 0;
    const before = await getHttp1({ port, ca: good.caPem });

    current = { certPem: other.current()?.certPem ?? '', keyPem: good.current()?.keyPem ?? '' };
    for (const tell of listeners) tell();
    expect((await getHttp1({ port, ca: good.caPem })).serial).to.equal(before.serial);
    expect(listener.health()).to.have.property('state', 'degraded');
    expect(listener.health())
      .to.have.property('detail')
      .that.matches(/cannot be used: .*key values mismatch/);

    current = good.current();
    for (const tell of listeners) tell();
    expect(listener.health()).to.deep.equal({ state: 'ready' });
    stop.abort();
    await ended;
  });

  it('says what to do when the port is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const bound = taken.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
    const failed = await tlsScene({ port, portSetting: 'DD_PORT' }).then(
      () => 'listening',
      (error: unknown) => String(error),
    );
    expect(failed).to.include(`127.0.0.1:${port}`).and.include('set DD_PORT to a free port');
    await new Promise((resolve) => taken.close(resolve));
  });

  it('counts failed handshakes and logs them at debug only', async () => {
    const { port, ca, lines, registry } = await tlsScene();
    const garbage = tcpConnect(port, '127.0.0.1');
    garbage.write('GET / HTTP/1.1\r\n\r\n');
    const leaver = tcpConnect(port, '127.0.0.1');
    leaver.once('connect', () => leaver.resetAndDestroy());
    await Promise.all([closed(garbage), closed(leaver)]);
    await until(() => lines.filter((line) => line.includes('TLS handshake failed')).length === 2);
    expect(await registry.metrics()).to.include('listener_tls_handshake_errors_total{listener="test"} 2');

    // What kube-apiserver does at each registration: six connections, one of them used.
    const burst = await Promise.all(Array.from({ length: 6 }, () => openTls({ port, ca }, 'h2')));
    for (const socket of burst) socket.destroy();
    await Promise.all(burst.map(closed));
    expect(await getHttp2Once({ port, ca })).to.include({ status: 200 });
    expect(
      lines.map((line) => JSON.parse(line).level).filter((level) => level !== 'debug' && level !== 'info'),
    ).to.deep.equal([]);
  });

  it('answers 500 for a handler that throws, and logs it with its stack', async () => {
    const { port, ca, lines } = await tlsScene({
      handler: () => {
        throw new Error('a bug');
      },
    });
    expect(await getHttp1({ port, ca })).to.include({ status: 500, body: '' });
    expect(await getHttp2Once({ port, ca })).to.include({ status: 500, body: '' });
    const logged = lines.filter((line) => line.includes('"level":"error"'));
    expect(logged).to.have.length(2);
    expect(logged[0]).to.include('a bug').and.include('http-listener.test');
  });
});

describe('the limits of a listener', () => {
  afterEach(endScenes);

  it('let header sections of almost 64 KiB through, and no greater ones, over both protocols', async () => {
    const { port, ca } = await tlsScene({
      handler: (request, response) => response.end(String(String(request.headers['x-big']).length)),
    });
    const fits = { 'x-big': 'x'.repeat(63_000) };
    expect(await getHttp1({ port, ca, headers: fits })).to.include({ status: 200, body: '63000' });
    expect(await getHttp2Once({ port, ca, headers: fits })).to.include({ status: 200, body: '63000' });

    const big = { 'x-big': 'x'.repeat(40_000), 'x-other': 'x'.repeat(40_000) };
    // Node answers 431 and destroys the connection at once, so the answer may be lost on the way.
    const http1 = getHttp1({ port, ca, headers: big });
    expect(
      await http1.then(
        ({ status }) => status,
        () => 431,
      ),
    ).to.equal(431);
    const session = await openHttp2({ port, ca });
    expect(
      await getHttp2(session, { headers: big }).then(
        () => 'answered',
        () => 'refused',
      ),
    ).to.equal('refused');
    session.destroy();
    expect(await getHttp2Once({ port, ca })).to.include({ status: 200 });
  });

  it('lose no header of a user in 1,200 groups', async () => {
    const { port, ca } = await tlsScene({
      handler: (request, response) => {
        const names = request.rawHeaders.filter((_, index) => index % 2 === 0);
        response.end(String(names.filter((name) => name.toLowerCase() === 'x-remote-group').length));
      },
    });
    const headers = { 'x-remote-group': Array.from({ length: 1_200 }, (_, index) => `group-${index}`) };
    expect(await getHttp1({ port, ca, headers })).to.include({ body: '1200' });
    expect(await getHttp2Once({ port, ca, headers })).to.include({ body: '1200' });
  });

  it('are announced to HTTP/2 clients', async () => {
    const { port, ca } = await tlsScene({ limits: { maxStreamsPerSession: 7 } });
    const session = await openHttp2({ port, ca });
    await until(() => session.remoteSettings.maxHeaderListSize === 65_536);
    expect(session.remoteSettings.maxConcurrentStreams).to.equal(7);
    expect(defaultLimits.maxStreamsPerSession).to.equal(100);
    session.close();
  });

  it('end a connection whose HTTP/1.1 request does not come to an end', async () => {
    const { port, ca } = await tlsScene({ limits: { headerReadMs: 200, requestReadMs: 300 } });
    const silent = await openTls({ port, ca }, 'http/1.1');
    const slow = await openTls({ port, ca }, 'http/1.1');
    slow.write('GET / HTTP/1.1\r\nHost: a\r\nX-Slow');
    let said = '';
    slow.on('data', (piece) => {
      said += String(piece);
    });
    silent.resume();
    await Promise.all([closed(silent), closed(slow)]);
    expect(said).to.match(/^HTTP\/1\.1 408 /);
  });

  it('end an idle kept-alive HTTP/1.1 connection', async () => {
    const { port, ca } = await tlsScene({ limits: { idleMs: 200 } });
    const socket = await openTls({ port, ca }, 'http/1.1');
    let said = '';
    socket.on('data', (piece) => {
      said += String(piece);
    });
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await until(() => said.endsWith('0\r\n\r\n') || said.endsWith('ok'));
    expect(said).to.match(/connection: keep-alive/i);
    await closed(socket);
  });

  it('cut an exchange whose client never reads, over both protocols', async () => {
    const chunk = Buffer.alloc(32 << 20);
    const cut: string[] = [];
    const { port, ca } = await tlsScene({
      limits: { stallMs: 300 },
      handler: (request, response) => {
        response.once('close', () => cut.push(request.httpVersion));
        response.end(chunk);
      },
    });
    const http1 = await openTls({ port, ca }, 'http/1.1');
    http1.pause();
    http1.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const session = await openHttp2({ port, ca });
    const stream = session.request({ ':path': '/' });
    stream.on('error', () => {
      // Cut, as it should be.
    });
    await until(() => cut.length === 2);
    expect(cut).to.have.members(['1.1', '2.0']);
    http1.destroy();
    session.destroy();
  });
});

describe('the care for HTTP/2 peers', () => {
  afterEach(endScenes);

  it('drops a peer that answers no ping', async () => {
    const clock = new FakeClock(systemClock.nowMs());
    const { port, ca, stop, ended, listener } = await tlsScene({ clock, lingerMs: 0, drainMs: 0 });
    const dead = await openTls({ port, ca }, 'h2');
    dead.pause();
    // The connection preface and empty SETTINGS; then it is never heard of again.
    dead.write(
      Buffer.concat([
        Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
        Buffer.from('000000040000000000', 'hex'),
      ]),
    );
    await pause(50);
    await clock.advance(40_000);
    await pause(50);
    expect(dead.destroyed).to.equal(false);
    await clock.advance(10_000);
    dead.resume();
    await closed(dead);
    expect(listener.health()).to.deep.equal({ state: 'ready' });
    stop.abort();
    await clock.advance(1);
    await ended;
  });

  it('keeps a peer that answers pings for 90 idle seconds, then closes it', async () => {
    const clock = new FakeClock(systemClock.nowMs());
    const { port, ca, stop, ended } = await tlsScene({ clock, lingerMs: 0, drainMs: 0 });
    const session = await openHttp2({ port, ca });
    let goaways = 0;
    session.on('goaway', () => {
      goaways += 1;
    });
    await getHttp2(session);
    for (let seconds = 0; seconds < 85; seconds += 5) {
      await clock.advance(5_000);
      await pause(10);
    }
    expect(goaways).to.equal(0);
    await clock.advance(5_000);
    await until(() => goaways === 1 && session.destroyed);
    expect(await getHttp2Once({ port, ca })).to.include({ status: 200 });
    stop.abort();
    await clock.advance(1);
    await ended;
  });

  it('sends HTTP/2 peers elsewhere while it is not wanted, and answers whoever comes all the same', async () => {
    const clock = new FakeClock(systemClock.nowMs());
    let isWanted = true;
    const { port, ca, stop, ended } = await tlsScene({
      clock,
      lingerMs: 0,
      drainMs: 0,
      isWanted: () => isWanted,
    });
    const session = await openHttp2({ port, ca });
    let goaways = 0;
    session.on('goaway', () => {
      goaways += 1;
    });
    await clock.advance(1_000);
    expect((await getHttp2(session)).status).to.equal(200);
    expect(goaways).to.equal(0);
    isWanted = false;
    await clock.advance(1_000);
    await until(() => goaways === 1 && session.destroyed);
    expect(await getHttp2Once({ port, ca })).to.include({ status: 200 });
    stop.abort();
    await clock.advance(1);
    await ended;
  });
});

describe('PlainListener', () => {
  it('serves health over HTTP', async () => {
    let isStuck = false;
    const part = {
      name: 'refresher',
      health: () =>
        isStuck ? ({ state: 'stuck', detail: 'no tick for 90 s' } as const) : ({ state: 'ready' } as const),
    };
    const listener = new PlainListener(
      { handler: createHealthApp([part]), clock: systemClock, log: silentLog },
      { name: 'health', host: '127.0.0.1', port: 0, drainMs: 1_000, lingerMs: 50 },
    );
    expect(listener.health()).to.have.property('state', 'starting');
    const stop = new AbortController();
    const ended = listener.run(stop.signal);
    await until(() => listener.address() !== undefined);
    expect(listener.health()).to.deep.equal({ state: 'ready' });
    const base = `http://127.0.0.1:${listener.address()?.port}`;

    const well = await fetch(`${base}/ready?verbose`);
    expect(well.status).to.equal(200);
    expect(well.headers.get('content-type')).to.equal('application/json');
    expect(await well.json()).to.deep.equal({ Healthy: ['refresher'], Unhealthy: [], Details: {} });

    isStuck = true;
    const ill = await fetch(`${base}/livez`);
    expect(ill.status).to.equal(500);
    expect(await ill.json()).to.deep.equal({
      Healthy: [],
      Unhealthy: ['refresher'],
      Details: { refresher: 'stuck: no tick for 90 s' },
    });

    const head = await fetch(`${base}/live`, { method: 'HEAD' });
    expect([head.status, await head.text()]).to.deep.equal([500, '']);
    expect((await fetch(`${base}/live`, { method: 'POST' })).status).to.equal(405);
    stop.abort();
    await ended;
    expect(listener.address()).to.equal(undefined);
  });

  it('refuses connections beyond its bound, says so once, and keeps those that it has', async () => {
    const registry = createRegistry({ withProcessMetrics: false });
    const log = recordingLog();
    const listener = new PlainListener(
      { handler: createHealthApp([]), clock: systemClock, log, metrics: createListenerMetrics(registry) },
      {
        name: 'small',
        host: '127.0.0.1',
        port: 0,
        drainMs: 100,
        lingerMs: 10,
        limits: { maxConnections: 2 },
      },
    );
    const stop = new AbortController();
    const ended = listener.run(stop.signal);
    await until(() => listener.address() !== undefined);
    const sockets = Array.from({ length: 4 }, () => tcpConnect(listener.address()?.port ?? 0, '127.0.0.1'));
    const gone = new Set<number>();
    for (const [index, socket] of sockets.entries())
      socket.on('error', () => {}).on('close', () => gone.add(index));
    await until(() => gone.size === 2);
    const kept = sockets.filter((_, index) => !gone.has(index));
    expect(kept).to.have.length(2);
    kept[0]?.write('GET /live HTTP/1.1\r\nHost: x\r\n\r\n');
    const [answer] = (await once(kept[0] as Socket, 'data')) as [Buffer];
    expect(answer.toString()).to.match(/^HTTP\/1\.1 200 /);
    expect(await registry.getSingleMetricAsString('listener_refused_connections_total')).to.contain(
      'listener_refused_connections_total{listener="small"} 2',
    );
    expect(log.lines.filter((line) => line.includes('connections are refused'))).to.deep.equal([
      'warn connections are refused: too many are open; add replicas',
    ]);
    for (const socket of sockets) socket.destroy();
    stop.abort();
    await ended;
  });
});
