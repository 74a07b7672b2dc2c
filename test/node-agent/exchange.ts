import type { ClientRequest, IncomingMessage } from 'node:http';
import { type Agent, request } from 'node:https';
import type { Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';
import type { Clock } from '../../core/clock.js';
import { createPatience, type Patience } from './patience.js';

/** How long a client waits; a limit that is left out is none of its own. */
export interface Limits {
  readonly dialMs?: number;
  readonly tlsMs?: number;
  /** From when the request is written. */
  readonly headerMs?: number;
  /** From the call to the end of the body. */
  readonly totalMs: number;
}

export interface Question {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** The body is empty unless the status is 200. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

export interface ExchangePorts {
  readonly agent: Agent;
  readonly clock: Clock;
  /** A TCP connection came about. */
  onConnect(): void;
}

export interface ExchangeOptions {
  readonly limits: Limits;
  /** Whether the body of a refusal is read away, so that the connection can be used again. */
  readonly drainsRefusals: boolean;
}

/**
 * One question and its answer, whatever its status. A GET that finds its kept connection closed by the server is asked
 * again on a new one, as Go does. Rejects when there is no answer within the limits.
 */
export async function exchange(
  ports: ExchangePorts,
  question: Question,
  options: ExchangeOptions,
  signal: AbortSignal,
): Promise<Answer> {
  const patience = createPatience(ports.clock, signal);
  const answered = patience.allow(options.limits.totalMs, 'answer');
  try {
    while (true) {
      const outcome = await attempt(ports, question, options, patience);
      if (outcome !== 'stale') return outcome;
    }
  } catch (error: unknown) {
    // What an abort destroys fails in several ways; the limit that was passed is the reason.
    throw patience.signal.aborted ? patience.signal.reason : error;
  } finally {
    answered();
    patience.release();
  }
}

function attempt(
  ports: ExchangePorts,
  { method, url, headers, body }: Question,
  { limits, drainsRefusals }: ExchangeOptions,
  patience: Patience,
): Promise<Answer | 'stale'> {
  return new Promise((resolve, reject) => {
    const call = request(url, { agent: ports.agent, method, headers, signal: patience.signal });
    call.once('socket', (socket) => watchConnecting(socket, limits, patience, ports));
    const headerCame = watchHeader(call, limits, patience);
    call.once('response', (response) => {
      headerCame();
      readAnswer(response, drainsRefusals).then(resolve, reject);
    });
    call.on('error', (error: NodeJS.ErrnoException) => {
      headerCame();
      const isCut = error.code === 'ECONNRESET' || error.code === 'EPIPE';
      const isStale = isCut && call.reusedSocket && method === 'GET';
      if (isStale && !patience.signal.aborted) resolve('stale');
      else reject(error);
    });
    call.end(body);
  });
}

function watchConnecting(socket: Socket, limits: Limits, patience: Patience, ports: ExchangePorts): void {
  if (!socket.connecting) return;
  const dialled = patience.allow(limits.dialMs, 'connection');
  socket.once('close', dialled);
  socket.once('connect', () => {
    dialled();
    ports.onConnect();
    const shaken = patience.allow(limits.tlsMs, 'TLS handshake');
    socket.once('secureConnect', shaken);
    socket.once('close', shaken);
  });
}

/** The limit of the response header begins when the request is written, which may be after the answer has come. */
function watchHeader(call: ClientRequest, limits: Limits, patience: Patience): () => void {
  let end = (): void => {};
  let hasCome = false;
  call.once('finish', () => {
    if (!hasCome) end = patience.allow(limits.headerMs, 'response header');
  });
  return () => {
    hasCome = true;
    end();
  };
}

async function readAnswer(response: IncomingMessage, drainsRefusals: boolean): Promise<Answer> {
  const status = response.statusCode ?? 0;
  if (status !== 200) {
    if (drainsRefusals) await collect(response);
    else response.destroy();
    return { status, body: '' };
  }
  const bytes = await collect(response);
  const isPacked = response.headers['content-encoding'] === 'gzip';
  return { status, body: (isPacked ? gunzipSync(bytes) : bytes).toString() };
}

async function collect(response: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece);
  return Buffer.concat(pieces);
}
