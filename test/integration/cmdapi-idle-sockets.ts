import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type Socket, connect as tcpConnect } from 'node:net';
import { connect as tlsConnect } from 'node:tls';

/**
 * How far a connection goes before it falls silent: `connected`, TCP and not a byte; `greeting`, half of the first message
 * of TLS; `secured`, TLS and not a request; `asking`, the beginning of a request.
 */
export type Stage = 'connected' | 'greeting' | 'secured' | 'asking';

export interface IdleTarget {
  readonly port: number;
  /** Default loopback. */
  readonly host?: string;
  readonly stage: Stage;
}

/** Connections that are held and on which nothing is said any more. */
export interface IdleSockets {
  /** How many came about; the others were refused. */
  readonly opened: number;
  /** How many of them the server has not closed. */
  open(): number;
  /** What the server said before it closed them, each text once. */
  said(): readonly string[];
  close(): void;
}

/** Handshakes under way at once: more would only wait for each other. */
const atOnce = 100;

/** Opens `count` connections, a hundred at a time, and holds them until `close`. A server that says no makes no error. */
export async function idleSockets(count: number, target: IdleTarget): Promise<IdleSockets> {
  const held = new Set<Socket>();
  const said = new Set<string>();
  let opened = 0;
  const openOne = async (): Promise<void> => {
    const socket = await open(target);
    if (socket === undefined) return;
    opened += 1;
    held.add(socket);
    socket.on('data', (piece: Buffer) => said.add(piece.toString('latin1')));
    socket.once('close', () => held.delete(socket));
    if (socket.destroyed) held.delete(socket);
  };
  for (let left = count; left > 0; left -= atOnce)
    await Promise.all(Array.from({ length: Math.min(left, atOnce) }, openOne));
  return {
    get opened() {
      return opened;
    },
    open: () => held.size,
    said: () => [...said],
    close: () => {
      for (const socket of held) socket.destroy();
    },
  };
}

async function open({ port, host = '127.0.0.1', stage }: IdleTarget): Promise<Socket | undefined> {
  const isSecured = stage === 'secured' || stage === 'asking';
  const socket = isSecured
    ? tlsConnect({ host, port, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] })
    : tcpConnect(port, host);
  socket.on('error', () => {
    // A reset is one of the ways in which a server closes; 'close' follows.
  });
  const outcome = await Promise.race([
    once(socket, isSecured ? 'secureConnect' : 'connect').then(() => socket),
    once(socket, 'close').then(() => undefined),
  ]).catch(() => undefined);
  if (outcome === undefined) return undefined;
  if (stage === 'greeting') socket.write(halfGreeting());
  if (stage === 'asking') socket.write('GET /version HTTP/1.1\r\nHost: a\r\nX-Slow: ');
  return socket;
}

/** A record of 512 bytes with a ClientHello is announced, and a hundred of them come. */
function halfGreeting(): Buffer {
  return Buffer.concat([Buffer.from('1603010200010001fc0303', 'hex'), randomBytes(94)]);
}
