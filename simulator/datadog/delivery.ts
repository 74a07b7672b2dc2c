import type { ServerResponse } from 'node:http';
import { TLSSocket } from 'node:tls';
import { gzipSync } from 'node:zlib';
import type { Delivery } from './fault-plan.js';
import type { Reply } from './reply.js';

/** Sends an answer, or as much of it as the fault lets through; true when a status has gone out. */
export function deliver(response: ServerResponse, reply: Reply, delivery: Delivery | undefined): boolean {
  switch (delivery?.kind) {
    case undefined:
      response.writeHead(reply.status, reply.headers).end(reply.body);
      return true;
    case 'truncated':
      response.writeHead(reply.status, reply.headers).end(firstHalf(reply));
      return true;
    case 'hang':
      if (delivery.at === 'body') writeHalf(response, reply, () => undefined);
      return delivery.at === 'body';
    case 'reset':
      // After half a body a mere close is enough, and unlike a reset it cannot overtake what was written.
      if (delivery.at === 'body') writeHalf(response, reply, () => response.socket?.destroy());
      else breakConnection(response);
      return delivery.at === 'body';
  }
}

/** The answer gzipped, where the client takes that. */
export function compress(reply: Reply, acceptEncoding: string | undefined): Reply {
  if (!/\bgzip\b/.test(acceptEncoding ?? '')) return reply;
  return { ...reply, headers: { ...reply.headers, 'content-encoding': 'gzip' }, body: gzipSync(reply.body) };
}

function firstHalf(reply: Reply): Buffer {
  const body = Buffer.from(reply.body);
  return body.subarray(0, Math.floor(body.length / 2));
}

function writeHalf(response: ServerResponse, reply: Reply, onWritten: () => void): void {
  const length = Buffer.byteLength(reply.body);
  response.writeHead(reply.status, { ...reply.headers, 'content-length': String(length) });
  response.write(firstHalf(reply), onWritten);
}

function breakConnection(response: ServerResponse): void {
  const { socket } = response;
  // Only a bare TCP socket can send a reset; TLS closes without its farewell, which is as abrupt.
  if (socket instanceof TLSSocket) socket.destroy();
  else socket?.resetAndDestroy();
}
