import { connect, type OutgoingHttpHeaders } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { systemClock } from '../../core/clock.js';
import type { HttpLimits } from '../../http/limits.js';
import { tokens } from '../../simulator/stand-ins.js';
import { FakeClock } from '../fake-clock.js';
import { closed, openTls } from '../unit/http/https-clients.js';
import { endScenes, pause, tlsScene } from '../unit/http/tls-scene.js';
import { converse, hostileScene, whileServing } from './cmdapi-hostile-scene.js';
import {
  acknowledged,
  cancel,
  endHeaders,
  endStream,
  type FrameKind,
  frame,
  framesIn,
  headerBlock,
  preface,
  strayHeader,
} from './cmdapi-http2-frames.js';

const hello = Buffer.concat([preface, frame('settings', 0, 0)]);
const wholeRequest = endStream | endHeaders;
const version = headerBlock({ path: '/version', token: tokens.agents });
const everything = headerBlock({ path: '/api/v1/tags/pod', token: tokens.local });

/** The numbers that clients give their streams. */
function streams(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => 2 * index + 1);
}

/** What one client over HTTP/2 gets until it is closed or has waited long enough, while a well-behaved one is served. */
async function attack(
  talk: (socket: TLSSocket) => void,
  { patienceMs = 5_000, ...limits }: Partial<HttpLimits> & { readonly patienceMs?: number } = {},
) {
  const scene = await hostileScene(limits);
  const { heard, wasClosed, afterMs } = await whileServing(scene, () =>
    converse(scene, talk, { protocol: 'h2', patienceMs }),
  );
  const frames = framesIn(heard);
  const count = (kind: FrameKind): number => frames.filter((one) => one.kind === kind).length;
  /** The error codes of frames of a kind, each once. */
  const codes = (kind: 'reset' | 'goaway'): readonly number[] => [
    ...new Set(
      frames
        .filter((one) => one.kind === kind)
        .map(({ payload }) => payload.readUInt32BE(kind === 'reset' ? 0 : 4)),
    ),
  ];
  return { ...scene, count, codes, wasClosed, afterMs };
}

describe('a bad client over HTTP/2', () => {
  afterEach(endScenes);

  it('that resets a thousand requests as it sends them gets little, and the server does little', async () => {
    const requests = streams(1_000).flatMap((stream) => [
      frame('headers', wholeRequest, stream, everything),
      cancel(stream),
    ]);
    const { taken, count } = await attack(saying(hello, ...requests), { patienceMs: 600 });
    expect(count('headers')).to.be.lessThan(100);
    // Of an answer of 65,536 pieces, what fits into the buffer of a stream: 32 to 65, by the version of Node.
    expect(taken.pieces).to.be.at.most(1_000 * 80);
  });

  it('that goes on with it is shown the door', async () => {
    const requests = streams(5_000).flatMap((stream) => [
      frame('headers', wholeRequest, stream, version),
      cancel(stream),
    ]);
    const { codes, apiLines } = await attack(saying(hello, ...requests), { patienceMs: 600 });
    expect(codes('goaway')).to.include(2);
    expect(apiLines.length).to.be.lessThan(2 * 2_500);
  });

  it('that asks a thousand things at once is answered a hundred or so, and may ask the rest again', async () => {
    const requests = streams(1_000).map((stream) => frame('headers', wholeRequest, stream, version));
    const { count, codes } = await attack(saying(hello, ...requests), { patienceMs: 600 });
    expect(count('headers')).to.be.within(100, 400);
    expect(count('headers') + count('reset')).to.equal(1_000);
    expect(codes('reset')).to.deep.equal([7]);
  });

  it('that takes no byte of its answers is cut, and costs no more than their first pieces', async () => {
    const noWindow = frame('settings', 0, 0, Buffer.from([0, 4, 0, 0, 0, 0]));
    const requests = streams(20).map((stream) => frame('headers', wholeRequest, stream, everything));
    const { count, codes, taken, wasClosed } = await attack(saying(preface, noWindow, ...requests), {
      stallMs: 200,
      idleMs: 500,
    });
    expect([count('headers'), count('data'), count('reset')]).to.deep.equal([20, 0, 20]);
    expect(codes('reset')).to.deep.equal([8]);
    expect(taken.pieces).to.be.at.most(20 * 80);
    expect(wasClosed).to.equal(true);
  });

  it('whose body never ends has its answer at once, and no more is read', async () => {
    const block = headerBlock({ method: 'POST', path: '/api/v1/languagedetection', token: tokens.agents });
    const drip = (socket: TLSSocket): void => {
      if (socket.destroyed) return;
      socket.write(frame('data', 0, 1, Buffer.from('x')));
      setTimeout(drip, 100, socket);
    };
    const { count, codes } = await attack(
      (socket) => {
        socket.write(Buffer.concat([hello, frame('headers', endHeaders, 1, block)]));
        drip(socket);
      },
      { patienceMs: 600 },
    );
    expect([count('headers'), codes('reset')]).to.deep.equal([1, [0]]);
  });

  for (const [what, bytes] of [
    [
      'header fields without end',
      Array.from({ length: 200 }, (_, at) =>
        frame('continuation', 0, 1, strayHeader(`x-${at}`, 'x'.repeat(100))),
      ),
    ],
    ['continuations of nothing', Array.from({ length: 2_000 }, () => frame('continuation', 0, 1))],
  ] as const)
    it(`that sends ${what} is cut at once`, async () => {
      const opening = frame('headers', endStream, 1, version);
      const { codes, wasClosed, afterMs } = await attack(saying(hello, opening, ...bytes));
      expect([codes('goaway'), wasClosed]).to.deep.equal([[2], true]);
      expect(afterMs).to.be.lessThan(1_000);
    });

  for (const [what, one] of [
    ['pings', frame('ping', 0, 0, Buffer.alloc(8))],
    ['settings', frame('settings', 0, 0)],
  ] as const)
    it(`that sends 5,000 ${what} is cut at once`, async () => {
      const { wasClosed, afterMs, count } = await attack(saying(hello, ...Array<Buffer>(5_000).fill(one)));
      expect(wasClosed).to.equal(true);
      expect(afterMs).to.be.lessThan(1_000);
      expect(count('ping')).to.be.lessThan(5_000);
    });

  it('that sends no request is closed, whatever it sends', async () => {
    const scene = await hostileScene({ idleMs: 500 });
    const texts = {
      nothing: Buffer.alloc(0),
      'a beginning': hello,
      garbage: Buffer.concat([hello, Buffer.alloc(1_000, 255)]),
      'half a frame': Buffer.concat([hello, Buffer.from([0, 0, 50, 1])]),
      'HTTP/1.1': Buffer.from('GET /version HTTP/1.1\r\nHost: a\r\n\r\n'),
    };
    await whileServing(scene, () =>
      Promise.all(
        Object.entries(texts).map(async ([what, bytes]) => {
          const { heard, wasClosed } = await converse(scene, saying(bytes), { protocol: 'h2' });
          const answers = framesIn(heard).filter(({ kind }) => kind === 'headers');
          expect([what, wasClosed, answers.length]).to.deep.equal([what, true, 0]);
        }),
      ),
    );
  });

  for (const [what, headers, outcome] of [
    ['a method that nobody knows', { ':method': 'FOO' }, /^405$/],
    ['a tunnel in mind', { ':method': 'CONNECT', ':authority': 'elsewhere.example:443' }, /^405$/],
    ['a path of 10 KB', { ':path': `/${'x'.repeat(10_240)}` }, /^404$/],
    ['a path of 100 KB', { ':path': `/${'x'.repeat(102_400)}` }, /REFUSED_STREAM$/],
    ['a header of 70 KB', { 'x-big': 'x'.repeat(71_680) }, /REFUSED_STREAM$/],
    ['no token', { authorization: '' }, /^401$/],
  ] as const)
    it(`with ${what} is answered ${outcome.source}`, async () => {
      const scene = await hostileScene();
      await whileServing(scene, async () => {
        expect(await askOverHttp2(scene, headers)).to.match(outcome);
      });
    });
});

/** Says all of it at once. */
function saying(...bytes: readonly Buffer[]): (socket: TLSSocket) => void {
  return (socket) => void socket.write(Buffer.concat(bytes));
}

/** The status of an answer, or why there is none. */
async function askOverHttp2(
  { port, ca }: { readonly port: number; readonly ca: string },
  headers: OutgoingHttpHeaders,
): Promise<string> {
  const session = connect(`https://127.0.0.1:${port}`, { ca, checkServerIdentity: () => undefined });
  session.on('error', () => {
    // The request is told, too.
  });
  const path = headers[':method'] === 'CONNECT' ? {} : { ':path': '/version' };
  const outcome = await new Promise<string>((resolve) => {
    const stream = session.request({ ...path, authorization: `Bearer ${tokens.agents}`, ...headers });
    stream.on('response', (answer) => resolve(String(answer[':status'])));
    stream.on('error', (error) => resolve(error.message));
  });
  session.destroy();
  return outcome;
}

describe('a header section over HTTP/2 that never ends', () => {
  afterEach(endScenes);

  /** A client that answers pings until it has sent half a header section, on a clock moved by hand. */
  async function scene() {
    const clock = new FakeClock(systemClock.nowMs());
    const { port, ca, stop, ended } = await tlsScene({ clock, lingerMs: 0, drainMs: 0 });
    const socket = await openTls({ port, ca }, 'h2');
    socket.on('error', () => {
      // A reset is one of the ways in which a server closes.
    });
    let isClosed = false;
    void closed(socket).then(() => {
      isClosed = true;
    });
    socket.on('data', (piece: Buffer) => {
      for (const { kind, flags, payload } of framesIn(piece.toString('latin1')))
        if (kind === 'ping' && flags === 0) socket.write(frame('ping', acknowledged, 0, payload));
    });
    socket.write(hello);
    return {
      socket,
      isClosed: () => isClosed,
      sendHalf: () => void socket.write(frame('headers', endStream, 1, version)),
      pass: async (seconds: number): Promise<void> => {
        for (let passed = 0; passed < seconds; passed += 1) {
          await clock.advance(1_000);
          await pause(1);
        }
        await pause(20);
      },
      end: async (): Promise<void> => {
        stop.abort();
        await clock.advance(1);
        await ended;
        socket.destroy();
      },
    };
  }

  it('is cut with its connection, when it is the first that comes', async () => {
    const { sendHalf, pass, isClosed, end } = await scene();
    sendHalf();
    await pass(50);
    expect(isClosed()).to.equal(true);
    await end();
  });

  it('is cut with its connection, also after the client has answered two pings', async () => {
    const { sendHalf, pass, isClosed, end } = await scene();
    await pass(65);
    expect(isClosed()).to.equal(false);
    sendHalf();
    await pass(200);
    const wasClosed = isClosed();
    await end();
    expect(wasClosed).to.equal(true);
  });
});
