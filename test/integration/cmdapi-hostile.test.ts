import { once } from 'node:events';
import { type Socket, connect as tcpConnect } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { tokens } from '../../simulator/stand-ins.js';
import { closed, openTls } from '../unit/http/https-clients.js';
import { endScenes, pause, until } from '../unit/http/tls-scene.js';
import { converse, hostileScene, longPieces, requestHead, whileServing } from './cmdapi-hostile-scene.js';
import { idleSockets, type Stage } from './cmdapi-idle-sockets.js';

const badRequest = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n';
const tooLate = 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n';
const close = ['Connection: close'];
const kilobytes = (count: number): string => 'x'.repeat(count * 1_024);

/** The first line of each answer in what was heard, and the last body. */
function answersIn(heard: string): readonly string[] {
  return [...heard.matchAll(/HTTP\/1\.1 (\d{3})[^\r]*\r\n/g)].map(([, status]) => status ?? '');
}

/** Writes a byte now and again until the connection is gone. */
function drip(socket: TLSSocket): void {
  if (socket.destroyed) return;
  socket.write('x');
  setTimeout(drip, 50, socket);
}

describe('a bad client', () => {
  afterEach(endScenes);

  for (const [what, target, status, body] of [
    ['a slash in a name', '/api/v1/tags/node/a%2Fb', 404, 'Could not find labels on the node: a/b\n'],
    ['ways up in names', '/api/v1/tags/pod/../../..', 200, 'null'],
    ['encoded ways up in names', '/api/v1/tags/pod/%2e%2e/%2E%2E/..', 200, 'null'],
    ['a way up to a file', '/../../../../etc/passwd', 404, '404 page not found\n'],
    ['nothing in a name', '/api/v1/tags/node/', 404, '404 page not found\n'],
    ['nothing but slashes', '////////', 404, '404 page not found\n'],
    ['an encoded nothing in a name', '/api/v1/tags/pod/n/%00/p', 200, 'null'],
    ['no encoding at all', '/api/v1/tags/node/%%%', 404, 'Could not find labels on the node: %%%\n'],
    [
      'bytes that are no letters',
      '/api/v1/tags/node/%ff%fe',
      404,
      'Could not find labels on the node: %ff%fe\n',
    ],
    ['a question about everything', '/api/v1/tags/node/*', 404, 'Could not find labels on the node: *\n'],
    [
      'the name of a method of all objects',
      '/api/v1/tags/node/constructor',
      404,
      'Could not find labels on the node: constructor\n',
    ],
    ['no path', '*', 404, '404 page not found\n'],
  ] as const)
    it(`with ${what} gets ${status}`, async () => {
      const scene = await hostileScene();
      const { heard } = await converse(scene, (socket) =>
        socket.write(requestHead(`GET ${target} HTTP/1.1`, close)),
      );
      expect(answersIn(heard)).to.deep.equal([String(status)]);
      expect(heard.slice(heard.indexOf('\r\n\r\n') + 4)).to.equal(body);
    });

  for (const target of [
    'https://[::1/version',
    'http://[/',
    'https://xn--/version',
    'http://[::1]:x/version',
  ])
    it(`with the target ${target} needs its token as everybody does, and makes nobody look for a bug`, async () => {
      const scene = await hostileScene();
      const ask = async (head: string): Promise<string | undefined> => {
        const { heard } = await converse(scene, (socket) => socket.write(head));
        return answersIn(heard)[0];
      };
      expect(await ask(`GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)).to.be.oneOf([
        '400',
        '401',
      ]);
      expect(await ask(requestHead(`GET ${target} HTTP/1.1`, close))).to.be.oneOf(['200', '400', '404']);
      expect(scene.apiLines.filter((line) => line.includes('"level":"error"'))).to.deep.equal([]);
    });

  for (const [what, path, status, longest] of [
    ['of a node', '/api/v1/tags/node/', '404', 400],
    ['of a pod', '/api/v1/tags/pod/n/ns/', '200', 4],
    ['of a node for its pods', '/api/v1/tags/pod/', '200', 21_000],
    ['of an annotation', '/api/v1/annotations/node/n?filter=', '404', 400],
    ['of nothing', '/', '404', 400],
  ] as const)
    it(`with a name ${what} of 10 KB gets ${status} and at most ${longest} bytes`, async () => {
      const scene = await hostileScene();
      const { heard } = await converse(scene, (socket) =>
        socket.write(requestHead(`GET ${path}${kilobytes(10)} HTTP/1.1`, close)),
      );
      expect(answersIn(heard)).to.deep.equal([status]);
      expect(heard.length - heard.indexOf('\r\n\r\n') - 4).to.be.at.most(longest);
    });

  for (const [what, head] of [
    ['a URL of 100 KB', requestHead(`GET /api/v1/tags/pod/${kilobytes(100)} HTTP/1.1`)],
    ['a header of 70 KB', requestHead('GET /version HTTP/1.1', [`X-Big: ${kilobytes(70)}`])],
    [
      '8,000 headers',
      requestHead(
        'GET /version HTTP/1.1',
        Array.from({ length: 8_000 }, (_, at) => `X-${at}: 12345`),
      ),
    ],
  ] as const)
    it(`with ${what} gets 431 or is cut, and no answer`, async () => {
      const scene = await hostileScene();
      await whileServing(scene, async () => {
        const { heard, wasClosed } = await converse(scene, (socket) => socket.write(head));
        expect(wasClosed).to.equal(true);
        // Node says 431 and closes at once; what the client has not sent yet may cost it the answer.
        expect(answersIn(heard).filter((status) => status !== '431')).to.deep.equal([]);
      });
    });

  for (const method of ['FOO', 'get', 'G ET', '', 'GET\0', '\x01', 'x'.repeat(1_000)])
    it(`with the method ${JSON.stringify(method.slice(0, 20))} gets 400`, async () => {
      const { heard, wasClosed } = await converse(await hostileScene(), (socket) =>
        socket.write(requestHead(`${method} /version HTTP/1.1`)),
      );
      expect([heard, wasClosed]).to.deep.equal([badRequest, true]);
    });

  for (const [what, head] of [
    ['another version of HTTP', requestHead('GET /version HTTP/9.9')],
    ['two lengths', requestHead('POST /x HTTP/1.1', ['Content-Length: 1', 'Content-Length: 2'])],
    [
      'a length and chunks',
      `${requestHead('POST /x HTTP/1.1', ['Content-Length: 3', 'Transfer-Encoding: chunked'])}0\r\n\r\n`,
    ],
    ['a blank before the colon of a header', requestHead('GET /version HTTP/1.1', ['X-A : b'])],
    ['a header that breaks its line', requestHead('GET /version HTTP/1.1', ['X-A: b\rc'])],
    ['garbage in TLS', '\x00\x01\x02\x03 garbage\r\n\r\n'],
  ] as const)
    it(`with ${what} gets 400`, async () => {
      const { heard, wasClosed } = await converse(await hostileScene(), (socket) => socket.write(head));
      expect([heard, wasClosed]).to.deep.equal([badRequest, true]);
    });

  it('that wants a tunnel is closed without an answer', async () => {
    const { heard, wasClosed } = await converse(await hostileScene(), (socket) =>
      socket.write(requestHead('CONNECT elsewhere.example:443 HTTP/1.1')),
    );
    expect([heard, wasClosed]).to.deep.equal(['', true]);
  });

  it('that wants another protocol gets its answer in this one', async () => {
    const { heard } = await converse(await hostileScene(), (socket) =>
      socket.write(
        requestHead('GET /version HTTP/1.1', ['Connection: Upgrade, close', 'Upgrade: websocket']),
      ),
    );
    expect(answersIn(heard)).to.deep.equal(['200']);
  });

  it('that sends garbage in place of TLS is told by TLS and closed', async () => {
    const scene = await hostileScene();
    await whileServing(scene, async () => {
      const texts = await Promise.all(
        ['GET / HTTP/1.1\r\n\r\n', '\x16\x03\x01\xff\xff', '\0'.repeat(600), kilobytes(64)].map((text) =>
          hearOnTcp(scene.port, text),
        ),
      );
      for (const text of texts) expect(text.length).to.be.at.most(7);
    });
    expect(await scene.registry.metrics()).to.include(
      'listener_tls_handshake_errors_total{listener="test"} 4',
    );
    const levels = scene.listenerLines.map((line) => JSON.parse(line).level);
    expect(levels.filter((level) => level !== 'debug' && level !== 'info')).to.deep.equal([]);
  });
});

describe('a slow client', () => {
  afterEach(endScenes);

  it('whose header never ends gets 408, however steadily it comes', async () => {
    const scene = await hostileScene();
    await whileServing(scene, async () => {
      const all = await Promise.all(
        Array.from({ length: 20 }, () =>
          converse(scene, (socket) => {
            socket.write('GET /version HTTP/1.1\r\nHost: a\r\nX-Slow: ');
            drip(socket);
          }),
        ),
      );
      for (const { heard, wasClosed, afterMs } of all) {
        expect([heard, wasClosed]).to.deep.equal([tooLate, true]);
        expect(afterMs).to.be.within(350, 2_000);
      }
    });
  });

  it('whose body never ends has its answer at once, and is cut', async () => {
    const scene = await hostileScene();
    await whileServing(scene, async () => {
      const { heard, wasClosed, afterMs } = await converse(scene, (socket) => {
        socket.write(requestHead('POST /api/v1/languagedetection HTTP/1.1', ['Content-Length: 1000']));
        drip(socket);
      });
      expect(answersIn(heard)).to.deep.equal(['404', '408']);
      expect(wasClosed).to.equal(true);
      expect(afterMs).to.be.within(700, 3_000);
    });
  });

  it('that takes a byte of a long answer a second is cut, and no more is written than it may yet take', async () => {
    const scene = await hostileScene();
    const { port, ca, taken } = scene;
    await whileServing(scene, async () => {
      const socket = await openTls({ port, ca }, 'http/1.1');
      socket.pause();
      socket.on('error', () => {
        // A reset is one of the ways in which a server closes.
      });
      socket.write(
        `GET /api/v1/tags/pod HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${tokens.local}\r\n\r\n`,
      );
      for (let second = 0; second < 3; second += 1) {
        await pause(1_000);
        socket.read(1);
      }
      // What the buffers of the two kernels hold for it, and hardly more.
      expect(taken.pieces).to.be.within(64, longPieces / 4);
      socket.resume();
      await closed(socket);
      // Had it not been cut, all would have come now.
      expect(socket.bytesRead).to.be.lessThan((longPieces / 4) * 1_024);
    });
  });

  const stages: Readonly<Record<Stage, readonly string[]>> = {
    connected: [],
    greeting: [],
    secured: [tooLate],
    asking: [tooLate],
  };
  for (const [stage, said] of Object.entries(stages))
    it(`that is silent once it is ${stage} is closed, with 500 of its kind`, async () => {
      // The handshakes of all 500 may come before the well-behaved agent's.
      const scene = await hostileScene({ handshakeMs: 1_500 });
      await whileServing(scene, async () => {
        const idle = await idleSockets(500, { port: scene.port, stage: stage as Stage });
        expect(idle.opened).to.equal(500);
        await until(() => idle.open() === 0);
        expect(idle.said()).to.deep.equal(said);
      });
    });
});

/** What a server says to a text that is no TLS, until it closes. */
async function hearOnTcp(port: number, text: string): Promise<string> {
  const socket: Socket = tcpConnect(port, '127.0.0.1');
  let heard = '';
  socket.on('data', (piece: Buffer) => {
    heard += piece.toString('latin1');
  });
  socket.on('error', () => {
    // A reset is one of the ways in which a server closes.
  });
  await once(socket, 'connect');
  socket.write(text, 'latin1');
  await closed(socket);
  return heard;
}
